package taskexec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/flock"
)

// ErrLocked says that another run of the same profile is under way.
var ErrLocked = errors.New("another run of this profile is under way")

// The locks of a profile: one run at a time holds the first; the second is for
// a run of the timer that did not get the first in time.
const (
	runLock    = ".lock"
	secondLock = ".beside"
)

// lock takes a lock of the profile below stateDir. Tasks do not inherit it.
func lock(stateDir, profile, which string) (release func(), err error) {
	if !montimer.ValidProfileName(profile) {
		return nil, &UsageError{fmt.Errorf("%q cannot be the name of a profile", profile)}
	}
	path := filepath.Join(stateDir, "lock")
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("lock folder: %w", err)
	}
	dir, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, fmt.Errorf("lock folder: %w", err)
	}
	defer dir.Close()

	name := profile + which
	release, err = flock.TakeAt(int(dir.Fd()), name, flock.Exclusive)
	switch {
	case errors.Is(err, flock.ErrHeld):
		return nil, ErrLocked
	case err != nil:
		return nil, fmt.Errorf("lock in %s: %w", path, err)
	}
	return release, nil
}

// HoldAll keeps all profiles from running until release is called: those named, and those
// that have run before. A tick that comes meanwhile waits for it as for another run. The
// error is a [*RunningError] if one runs.
func HoldAll(stateDir string, profiles []string) (release func(), err error) {
	var held []func()
	release = func() {
		for _, free := range held {
			free()
		}
	}
	entries, err := os.ReadDir(filepath.Join(stateDir, "lock"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("lock folder: %w", err)
	}
	names := slices.Clone(profiles)
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), runLock); ok && montimer.ValidProfileName(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		for _, which := range []string{runLock, secondLock} {
			free, err := lock(stateDir, name, which)
			if err != nil {
				release()
				if errors.Is(err, ErrLocked) {
					err = &RunningError{name}
				}
				return nil, err
			}
			held = append(held, free)
		}
	}
	return release, nil
}

// RunningError says that a profile is running.
type RunningError struct{ Profile string }

func (e *RunningError) Error() string { return e.Profile + " is running" }

// Idle reports whether no run of the profile is under way.
func Idle(stateDir, profile string) bool { return idle(stateDir, profile, "") }

// idle reports whether no lock of the profile is held, except mine. An error
// counts as held; an invalid profile name has no run, even if the database has
// one.
func idle(stateDir, profile, mine string) bool {
	for _, which := range []string{runLock, secondLock} {
		if which == mine {
			continue
		}
		release, err := lock(stateDir, profile, which)
		var usage *UsageError
		switch {
		case errors.As(err, &usage), errors.Is(err, syscall.ENAMETOOLONG):
			return true
		case err != nil:
			return false
		}
		release()
	}
	return true
}
