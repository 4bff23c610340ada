package journal

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/systemd"
)

const (
	// pollInterval is the time between two queries of systemd and the journal.
	pollInterval = 300 * time.Millisecond
	// journalTimeout is how long the journal may take to have the last entry of
	// a run that has ended.
	journalTimeout = 10 * time.Second
	// maxHeld bounds the entries of systemd that are kept for the end of a run.
	maxHeld = 20
)

// follower shows what a run logs.
type follower struct {
	stdout, stderr io.Writer
	conn           *systemd.Conn // nil while systemd cannot be reached
	reader         Reader
	shown          bool            // an entry was shown
	held           [][]byte        // what systemd logged about the run
	said           map[string]bool // errors of the journal
}

// Follow writes the log of a run to stdout until it has ended, and returns how
// it ended. Only the end of the run, of ctx or of the reader of stdout stops it
// earlier, with that error: it survives a re-execution of systemd and a restart
// of the journal. stderr gets what keeps it from reading.
func Follow(ctx context.Context, run Run, stdout, stderr io.Writer) (Ending, error) {
	f := follower{stdout: safetext.NewWriter(stdout), stderr: safetext.NewWriter(stderr), reader: Reader{Run: run}, said: map[string]bool{}}
	defer f.disconnect()
	var ended time.Time
	for {
		over, ending := f.state(ctx)
		if err := f.show(ctx); err != nil {
			return Ending{}, err
		}
		if over && ended.IsZero() {
			ended = time.Now()
		}
		if over && (f.reader.Ending.Result != "" || time.Since(ended) > journalTimeout) {
			ending = cmp.Or(ending, f.reader.Ending)
			f.end(ending)
			return ending, nil
		}
		select {
		case <-ctx.Done():
			return Ending{}, ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// state reports whether the run is over, and how it ended if systemd still
// knows. If systemd cannot be asked, the journal says whether it is over.
func (f *follower) state(ctx context.Context) (over bool, ending Ending) {
	var err error
	if f.conn == nil {
		f.conn, err = systemd.Connect(ctx)
	}
	var s systemd.Service
	if err == nil {
		s, err = f.conn.Service(ctx, f.reader.Run.Unit)
	}
	switch {
	case err != nil:
		f.disconnect()
		return f.reader.Ending.Result != "", Ending{}
	case s.Invocation != f.reader.Run.Invocation: // unloaded, or started again
		return true, Ending{}
	case s.Running():
		return false, Ending{}
	}
	return true, Ending{Result: s.Result, ExitCode: s.ExitCode, Signaled: s.Signaled}
}

func (f *follower) disconnect() {
	if f.conn != nil {
		f.conn.Close()
		f.conn = nil
	}
}

// show prints the entries that are new. Its error is that of standard output.
// Entries of systemd are kept for the end, and omitted when the run itself has
// logged how it ended.
func (f *follower) show(ctx context.Context) error {
	var broken error
	err := f.reader.Read(ctx, func(entry Entry) error {
		f.shown = true
		if entry.Manager {
			const notice = 5 // syslog(3)
			if entry.Priority <= notice && len(f.held) < maxHeld {
				f.held = append(f.held, entry.Message)
			}
			return nil
		}
		_, broken = f.stdout.Write(append(entry.Message, '\n'))
		return broken
	})
	if broken != nil {
		return broken
	}
	if err != nil && ctx.Err() == nil && !f.said[err.Error()] {
		f.said[err.Error()] = true
		fmt.Fprintln(f.stderr, err)
	}
	return nil
}

// end writes what systemd logged about the run, unless its exit code says all.
func (f *follower) end(ending Ending) {
	if !f.shown && len(f.said) == 0 {
		fmt.Fprintln(f.stderr, "note: no entry of the run is readable by this user; as root, or in the group systemd-journal:", f.reader.Run.Command())
	}
	if ending.Reason() == "" {
		return
	}
	for _, message := range f.held {
		fmt.Fprintf(f.stdout, "systemd: %s\n", message)
	}
}
