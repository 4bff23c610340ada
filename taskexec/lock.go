package taskexec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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
// it. It is a flock(2): however its holder ends, the kernel frees it, so there
// are no stale locks. Tasks do not inherit it.
func lock(stateDir, profile, which string) (release func(), err error) {
	if profile == "" || profile[0] == '.' || strings.ContainsAny(profile, "/\x00") {
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
	const flags = syscall.O_NOFOLLOW | syscall.O_CLOEXEC | syscall.O_NONBLOCK
	fd, err := syscall.Openat(int(dir.Fd()), name, syscall.O_RDWR|syscall.O_CREAT|flags, 0o600)
	if err != nil { // on a file system that is read-only now, a lock of before will do (flock(2))
		if readOnly, other := syscall.Openat(int(dir.Fd()), name, syscall.O_RDONLY|flags, 0); other == nil {
			fd, err = readOnly, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open lock %s: %w", filepath.Join(path, name), err)
	}
	file := os.NewFile(uintptr(fd), filepath.Join(path, name))
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	return func() {
		syscall.Flock(fd, syscall.LOCK_UN) // closing is not enough while a fork has a copy
		file.Close()
	}, nil
}

// Idle reports whether no run of the profile is under way.
func Idle(stateDir, profile string) bool { return idle(stateDir, profile, "") }

// idle reports whether nobody holds a lock of the profile, but for the one
// that the caller holds itself. What cannot be found out counts as held.
func idle(stateDir, profile, mine string) bool {
	for _, which := range []string{runLock, besideLock} {
		if which == mine {
			continue
		}
		release, err := lock(stateDir, profile, which)
		if err != nil {
			return false
		}
		release()
	}
	return true
}
