package gitsync

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// errBusy says that others have kept a lock for as long as we would wait.
var errBusy = errors.New("it is in use")

// The two ways to take a lock (flock(2)).
const (
	shared    = syscall.LOCK_SH
	exclusive = syscall.LOCK_EX
)

func checkoutLock(stateDir string) string { return filepath.Join(stateDir, "checkout.lock") }

// Hold keeps syncs from changing the checkout until release is called. It waits
// for a sync that is just doing that, and for the commands that follow it, at
// most as long as wait.
func Hold(ctx context.Context, stateDir string, wait time.Duration) (release func(), err error) {
	release, err = lock(ctx, checkoutLock(stateDir), shared, wait)
	if err != nil {
		return nil, fmt.Errorf("wait for the checkout: %w", err)
	}
	return release, nil
}

// lock takes a lock file, waiting at most as long as wait. However its holder
// ends, the kernel frees the lock.
func lock(ctx context.Context, path string, how int, wait time.Duration) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	fd := int(f.Fd())
	for deadline := time.Now().Add(wait); ; {
		err := syscall.Flock(fd, how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return func() {
				syscall.Flock(fd, syscall.LOCK_UN) // closing is not enough while a fork has a copy
				f.Close()
			}, nil
		case errors.Is(err, syscall.EINTR):
			continue
		case !errors.Is(err, syscall.EWOULDBLOCK):
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		case !time.Now().Before(deadline):
			f.Close()
			return nil, errBusy
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(min(100*time.Millisecond, time.Until(deadline))):
		}
	}
}
