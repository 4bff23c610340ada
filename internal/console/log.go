package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"

	sdjournal "github.com/coreos/go-systemd/v22/journal"

	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/taskexec"
)

// Outlets returns the log and the sink of a run: the journal, if stderr leads
// there, else stderr.
func Outlets(stderr io.Writer, runID string) (taskexec.Sink, slog.Handler, error) {
	inJournal, err := sdjournal.StderrIsJournalStream()
	if err != nil {
		return nil, nil, fmt.Errorf("find out where standard error leads: %w", err)
	}
	var sink taskexec.Sink = taskexec.NewTextSink(stderr, inJournal)
	log := NewLog(stderr, inJournal)
	if inJournal {
		sink, log = journal.NewSink(runID, sink), journal.NewHandler(log)
	}
	return sink, log, nil
}

// ServiceLog logs to stderr, in the journal's format if that leads there.
func ServiceLog(stderr io.Writer) *slog.Logger {
	inJournal, err := sdjournal.StderrIsJournalStream()
	return slog.New(NewLog(stderr, err == nil && inJournal))
}

// RequestLog is ServiceLog with what is of use for debugging alone: the journal has
// that with its priority, so a service can leave it out.
func RequestLog(stderr io.Writer) *slog.Logger {
	inJournal, err := sdjournal.StderrIsJournalStream()
	log := NewLog(stderr, err == nil && inJournal).(lines)
	log.least = slog.LevelDebug
	return slog.New(log)
}

// lines is a slog.Handler that writes the message alone: it repeats the
// attributes already, and the journal adds time and unit.
type lines struct {
	mu     *sync.Mutex
	w      io.Writer
	levels bool // begin with the priority as <N>, which the journal reads (sd-daemon(3))
	least  slog.Level
}

// NewLog returns a handler that writes the message alone to w, with levels each
// line with its priority as <N>, which the journal reads (sd-daemon(3)).
func NewLog(w io.Writer, levels bool) slog.Handler {
	return lines{new(sync.Mutex), w, levels, slog.LevelInfo}
}

func (l lines) Enabled(_ context.Context, level slog.Level) bool { return level >= l.least }

func (l lines) Handle(_ context.Context, r slog.Record) error {
	line := r.Message + "\n"
	if l.levels {
		line = priority(r.Level) + line
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := io.WriteString(l.w, line)
	return err
}

// priority is the prefix for a level (syslog(3): err, warning, info, debug).
func priority(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	case level >= slog.LevelInfo:
		return "<6>"
	}
	return "<7>"
}

func (l lines) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l lines) WithGroup(string) slog.Handler      { return l }
