package timer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Known is what systemd knows of a timer that it loads.
type Known struct {
	Last   time.Time // when it was last triggered; zero: never
	Active time.Time // since when it has been active; zero: it is started now
}

// Running is the systemd that runs.
type Running interface {
	LastTrigger(ctx context.Context, timer string) (time.Time, error) // zero: never
	ActiveSince(ctx context.Context, unit string) (time.Time, error)
}

// StampDir is where systemd keeps when it last triggered a persistent timer, as
// the modification time of a file (systemd.timer(5)).
const StampDir = "/var/lib/systemd/timers"

// Memory is what systemd remembers of timers while it runs, and has written down
// of persistent ones.
type Memory struct {
	Running Running
	Stamps  string // as StampDir
}

// Known returns what systemd will know of a timer when it loads it: of an active
// one what it remembers, of one that it starts the stamp.
func (m Memory) Known(ctx context.Context, unit string, t Timer, active bool) (k Known, err error) {
	switch {
	case active:
		if k.Last, err = m.Running.LastTrigger(ctx, unit); err == nil {
			k.Active, err = m.Running.ActiveSince(ctx, unit)
		}
	case t.Persistent:
		k.Last, err = ReadStamp(m.Stamps, unit)
	}
	return k, err
}

// ReadStamp returns the time of a timer's stamp; zero if there is none, it cannot be
// read, or it is of the future, which systemd ignores, too.
func ReadStamp(dir, unit string) (time.Time, error) {
	info, err := os.Stat(StampFile(dir, unit))
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("read the stamp of a timer: %w", err)
	case info.ModTime().After(time.Now()):
		return time.Time{}, nil
	}
	return info.ModTime(), nil
}

// StampFile returns the path of a timer's stamp in a directory.
func StampFile(dir, unit string) string { return filepath.Join(dir, "stamp-"+unit) }
