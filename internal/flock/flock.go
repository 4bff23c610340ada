// Package flock takes locks that end with their process: the kernel frees a
// flock(2) when its holder ends, so no lock is ever stale.
package flock

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// The two ways to hold a lock (flock(2)).
const (
	Shared    = unix.LOCK_SH
	Exclusive = unix.LOCK_EX
)

// ErrHeld says that another process holds the lock.
var ErrHeld = errors.New("the lock is held")

// retry is the time between two attempts of [Wait]: a blocking call would
// ignore the context.
const retry = 100 * time.Millisecond

// Take takes a lock file, which it creates if it is missing, and returns
// [ErrHeld] when another process has it. Children do not inherit it. It never
// blocks, also not on a FIFO in the file's place, and follows no link.
func Take(path string, how int) (release func(), err error) {
	return TakeAt(unix.AT_FDCWD, path, how)
}

// open opens the file of a lock. On a read-only file system, an existing one is
// enough.
func open(dir int, path string) (fd int, err error) {
	const flags = unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK
	fd, err = unix.Openat(dir, path, unix.O_RDWR|unix.O_CREAT|flags, 0o600)
	if err != nil {
		if readOnly, other := unix.Openat(dir, path, unix.O_RDONLY|flags, 0); other == nil {
			return readOnly, nil
		}
	}
	return fd, err
}

// TakeAt is Take for a path below a directory that is open as dir.
func TakeAt(dir int, path string, how int) (release func(), err error) {
	fd, err := open(dir, path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	file := os.NewFile(uintptr(fd), path)
	for {
		err = unix.Flock(fd, how|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		file.Close()
		return nil, ErrHeld
	case err != nil:
		file.Close()
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return sync.OnceFunc(func() { // a second time the descriptor may be that of another lock
		unix.Flock(fd, unix.LOCK_UN) // closing is not enough while a forked child has a copy
		file.Close()
	}), nil
}

// Wait is Take that tries again until timeout is over: then it returns ErrHeld,
// or the error of ctx if that ends first. It calls waiting once if it has to
// wait.
func Wait(ctx context.Context, path string, how int, timeout time.Duration, waiting func()) (release func(), err error) {
	for deadline, waits := time.Now().Add(timeout), false; ; {
		release, err := Take(path, how)
		if !errors.Is(err, ErrHeld) {
			return release, err
		}
		left := time.Until(deadline)
		if left <= 0 {
			return nil, ErrHeld
		}
		if !waits {
			waits = true
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(min(retry, left)):
		}
	}
}
