package taskexec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/flock"
)

// ErrLocked says that another run of the same profile is under way.
var ErrLocked = errors.New("another run of this profile is under way")

// The locks of a profile: one run at a time holds the first; the second is for
// a run of the timer that has waited for the first in vain.
const (
	runLock    = ".lock"
	besideLock = ".beside"
)

// lock takes a lock of the profile below stateDir and returns what lets go of
// it. Tasks do not inherit it.
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

// Idle reports whether no run of the profile is under way.
func Idle(stateDir, profile string) bool { return idle(stateDir, profile, "") }

// idle reports whether nobody holds a lock of the profile, but for the one
// that the caller holds itself. What cannot be found out counts as held; what
// cannot be the name of a profile has no run, whatever the database says.
func idle(stateDir, profile, mine string) bool {
	for _, which := range []string{runLock, besideLock} {
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
