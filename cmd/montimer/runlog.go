package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
)

// runLog is a slog.Handler that writes the message alone: what its attributes
// say stands in the message already, and the journal adds time and unit.
type runLog struct {
	mu     *sync.Mutex
	w      io.Writer
	levels bool // begin with the priority as <N>, which the journal reads (sd-daemon(3))
}

func newRunLog(w io.Writer, levels bool) slog.Handler { return runLog{new(sync.Mutex), w, levels} }

func (runLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (l runLog) Handle(_ context.Context, r slog.Record) error {
	line := r.Message + "\n"
	if l.levels {
		line = priority(r.Level) + line
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := io.WriteString(l.w, line)
	return err
}

// priority is the prefix for a level (syslog(3): err, warning, info).
func priority(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	}
	return "<6>"
}

func (l runLog) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l runLog) WithGroup(string) slog.Handler      { return l }
