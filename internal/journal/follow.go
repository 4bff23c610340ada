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

// Follow writes the log of a run to stdout until it has ended, and returns how
// it ended. Entries of systemd are kept for the end, and omitted when the run itself
// has logged how it ended. stderr gets what keeps it from reading.
func Follow(ctx context.Context, run Run, stdout, stderr io.Writer) (Ending, error) {
	stdout, stderr = safetext.NewWriter(stdout), safetext.NewWriter(stderr)
	var held [][]byte
	shown := false
	show := func(entry Entry) error {
		shown = true
		if entry.Manager {
			const notice = 5 // syslog(3)
			if entry.Priority <= notice && len(held) < maxHeld {
				held = append(held, entry.Message)
			}
			return nil
		}
		_, err := stdout.Write(append(entry.Message, '\n'))
		return err
	}
	complain := func(err error) {
		shown = true
		fmt.Fprintln(stderr, err)
	}
	ending, err := Watch(ctx, &Reader{Run: run}, show, complain)
	if err != nil {
		return Ending{}, err
	}
	if !shown {
		fmt.Fprintln(stderr, "note: no entry of the run is readable by this user; as root, or in the group systemd-journal:", run.Command())
	}
	if ending.Reason() != "" {
		for _, message := range held {
			fmt.Fprintf(stdout, "systemd: %s\n", message)
		}
	}
	return ending, nil
}

// Watch calls show for each entry of a run until it has ended, and returns how it
// ended. Only the end of the run, of ctx or an error of show stops it earlier, with
// that error: it survives a re-execution of systemd and a restart of the journal,
// and calls complain once for each way in which the journal cannot be read.
func Watch(ctx context.Context, r *Reader, show func(Entry) error, complain func(error)) (Ending, error) {
	f := follower{reader: r, show: show, complain: complain, said: map[string]bool{}}
	defer f.disconnect()
	var ended time.Time
	for {
		over, ending := f.state(ctx)
		if err := f.read(ctx); err != nil {
			return Ending{}, err
		}
		if over && ended.IsZero() {
			ended = time.Now()
		}
		if over && (r.Ending.Result != "" || time.Since(ended) > journalTimeout) {
			return cmp.Or(ending, r.Ending), nil
		}
		select {
		case <-ctx.Done():
			return Ending{}, ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// follower shows what a run logs.
type follower struct {
	conn     *systemd.Conn // nil while systemd cannot be reached
	reader   *Reader
	show     func(Entry) error
	complain func(error)
	said     map[string]bool // errors of the journal
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

// read shows the entries that are new. Its error is that of show.
func (f *follower) read(ctx context.Context) error {
	var broken error
	err := f.reader.Read(ctx, func(entry Entry) error {
		broken = f.show(entry)
		return broken
	})
	if broken != nil {
		return broken
	}
	if err != nil && ctx.Err() == nil && !f.said[err.Error()] {
		f.said[err.Error()] = true
		f.complain(err)
	}
	return nil
}
