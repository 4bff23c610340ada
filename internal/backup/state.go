package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safefile"
)

// State is what is known of the backups that a host makes by itself. It is in the state
// directory: looking at it never waits for another machine.
type State struct {
	Tried    time.Time `json:"tried,omitzero"` // the last one began
	OK       time.Time `json:"ok,omitzero"`    // the last good one was made
	Path     string    `json:"path,omitempty"` // of the last good one
	Error    string    `json:"error,omitempty"`
	Failures int       `json:"failures"` // in a row
	Running  bool      `json:"running"`  // one has begun, and has not ended
	Reported bool      `json:"reported"` // the failures have been
}

const (
	stateFile = "backup-state.json"
	maxState  = 1 << 16 // bytes
)

// ReadState reads the state from the state directory. It is empty if there is none, or
// none that can be used: all of it is about the past.
func ReadState(stateDir string) (s State, err error) {
	data, err := safefile.Read(filepath.Join(stateDir, stateFile), maxState)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("read the state of the backups: %w", err)
	}
	if json.Unmarshal(data, &s) != nil {
		return State{}, nil
	}
	return s, nil
}

// None reports whether no backup has been tried yet.
func (s State) None() bool { return s == State{} }

// Write keeps the state.
func (s State) Write(stateDir string) error {
	data, err := json.Marshal(s)
	if err == nil {
		err = safefile.Replace(filepath.Join(stateDir, stateFile), append(data, '\n'), 0o640)
	}
	if err != nil {
		return fmt.Errorf("keep the state of the backups: %w", err)
	}
	return nil
}

// Began returns the state while a backup is made. One that never ended has failed.
func (s State) Began(at time.Time) State {
	if s.Running {
		s.Failures++
		s.Error = "it was killed, or the host went down"
	}
	s.Tried, s.Running = at.UTC(), true
	return s
}

// Ended returns the state after that.
func (s State) Ended(path string, err error, at time.Time) State {
	if err != nil {
		s.Running, s.Error = false, err.Error()
		s.Failures++
		return s
	}
	return State{Tried: s.Tried, OK: at.UTC(), Path: path}
}

// grace is how much later than it was due a backup may be: the time that one takes.
const grace = 15 * time.Minute

// Trouble says what is wrong with the backups of a host; "": nothing is.
func (s State) Trouble(b montimer.Backup, now time.Time) string {
	last := "there has never been one"
	if !s.OK.IsZero() {
		last = "the last good one is from " + s.OK.Format("2006-01-02 15:04 UTC")
	}
	switch {
	case b.Dir == "":
		return ""
	case s.Failures > 0:
		return fmt.Sprintf("backups fail: %s; %s", s.Error, last)
	case s.None():
		return "no backup has been made yet"
	case !s.OK.IsZero() && now.Sub(s.OK) > 2*b.Every+grace:
		return "no backup is made: " + last
	}
	return ""
}
