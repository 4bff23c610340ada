package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/montimer/montimer/internal/journal"
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
	env    env
	conn   *systemd.Conn // nil while systemd cannot be reached
	reader journal.Reader
	shown  bool            // an entry was shown
	held   [][]byte        // what systemd logged about the run
	said   map[string]bool // errors of the journal
}

// follow shows the log of a run until it has ended, and returns how it ended.
// Only the end of the run, of ctx or of the reader of the output stops it: it
// survives a re-execution of systemd and a restart of the journal.
func follow(ctx context.Context, e env, run journal.Run) error {
	f := follower{env: e, reader: journal.Reader{Run: run}, said: map[string]bool{}}
	defer f.disconnect()
	var ended time.Time
	for {
		over, ending := f.state(ctx)
		if err := f.show(ctx); err != nil {
			return err
		}
		if over && ended.IsZero() {
			ended = time.Now()
		}
		if over && (f.reader.Ending.Result != "" || time.Since(ended) > journalTimeout) {
			return f.end(cmp.Or(ending, f.reader.Ending))
		}
		select {
		case <-ctx.Done():
			return goesOn(e, run)
		case <-time.After(pollInterval):
		}
	}
}

// goesOn says that the run goes on after the end of following.
func goesOn(e env, run journal.Run) error {
	fmt.Fprintf(e.stderr, "stopped following; the run goes on. To see it: %s\nTo end it: systemctl stop %s\n", run.Command(), run.Unit)
	return exitError{code: exitInterrupted}
}

// state reports whether the run is over, and how it ended if systemd still
// knows. If systemd cannot be asked, the journal says whether it is over.
func (f *follower) state(ctx context.Context) (over bool, ending journal.Ending) {
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
		return f.reader.Ending.Result != "", journal.Ending{}
	case s.Invocation != f.reader.Run.Invocation: // unloaded, or started again
		return true, journal.Ending{}
	case s.Running():
		return false, journal.Ending{}
	}
	return true, journal.Ending{Result: s.Result, ExitCode: s.ExitCode, Signaled: s.Signaled}
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
	err := f.reader.Read(ctx, func(entry journal.Entry) error {
		f.shown = true
		if entry.Manager {
			const notice = 5 // syslog(3)
			if entry.Priority <= notice && len(f.held) < maxHeld {
				f.held = append(f.held, entry.Message)
			}
			return nil
		}
		_, broken = displayed{f.env.stdout}.Write(append(entry.Message, '\n'))
		return broken
	})
	if broken != nil {
		return broken
	}
	if err != nil && ctx.Err() == nil && !f.said[err.Error()] {
		f.said[err.Error()] = true
		fmt.Fprintln(displayed{f.env.stderr}, err)
	}
	return nil
}

func (f *follower) end(ending journal.Ending) error {
	if !f.shown && len(f.said) == 0 {
		fmt.Fprintln(f.env.stderr, "note: no entry of the run is readable by this user; as root, or in the group systemd-journal:", f.reader.Run.Command())
	}
	code, reason := ending.Code(), ending.Reason()
	if reason == "" {
		if code == exitDone {
			return nil
		}
		return exitError{code: code}
	}
	for _, message := range f.held {
		fmt.Fprintf(displayed{f.env.stdout}, "systemd: %s\n", message)
	}
	return exitError{code, errors.New(reason)}
}

// displayed makes the output of another user's processes safe for a terminal.
type displayed struct{ w io.Writer }

func (d displayed) Write(p []byte) (int, error) {
	var text []byte
	for line := range bytes.Lines(p) {
		body, newline := bytes.CutSuffix(line, []byte("\n"))
		if text = safetext.Append(text, body); newline {
			text = append(text, '\n')
		}
	}
	_, err := d.w.Write(text)
	return len(p), err
}
