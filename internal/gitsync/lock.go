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
func syncLock(stateDir string) string     { return filepath.Join(stateDir, "sync.lock") }

// lock takes a lock file, waiting at most as long as wait, and says in the log
// why it waits, unless why is "". However its holder ends, the kernel frees the lock.
func (s Syncer) lock(ctx context.Context, path string, how int, wait time.Duration, why string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	fd, waits := int(f.Fd()), false
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
		if !waits && why != "" {
			waits = true
			s.Log.Info(fmt.Sprintf("git sync: %s: waiting, at most %v", why, wait))
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(min(100*time.Millisecond, time.Until(deadline))):
		}
	}
}
