package gitsync

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer/internal/flock"
)

// lifeSignInterval is how often a sync shows that it is alive. A process that
// holds sync.lock and gives no sign is stopped, or is no sync.
const lifeSignInterval = time.Second

// alive updates the modification time of sync.lock, as a life sign, until it is
// stopped.
func (s Syncer) alive() (stop func()) {
	path := syncLock(s.StateDir)
	now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
	ticker, done := time.NewTicker(lifeSignInterval), make(chan struct{})
	go func() {
		for {
			unix.UtimesNanoAt(unix.AT_FDCWD, path, now, unix.AT_SYMLINK_NOFOLLOW)
			select {
			case <-done:
				return
			case <-ticker.C:
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
	}
}

// lastLifeSign returns the time of the last life sign of a sync; zero: none.
func lastLifeSign(stateDir string) time.Time {
	info, err := os.Lstat(syncLock(stateDir))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// After a run did not get the lock of the checkout in time, its file holds a
// byte until the lock is taken: other runs wait less.

func markContended(path string) { writeLock(path, "\n") }
func clearContended(path string) {
	if isContended(path) {
		writeLock(path, "")
	}
}

func isContended(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() > 0
}

// writeLock replaces the content of a lock file. An error only makes others wait.
func writeLock(path, text string) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err == nil {
		f.WriteString(text)
		f.Close()
	}
}

func checkoutLock(stateDir string) string { return filepath.Join(stateDir, "checkout.lock") }
func syncLock(stateDir string) string     { return filepath.Join(stateDir, "sync.lock") }

// lock takes a lock file, waiting at most wait, and logs why it waits, unless
// why is "".
func (s Syncer) lock(ctx context.Context, path string, how int, wait time.Duration, why string) (release func(), err error) {
	return flock.Wait(ctx, path, how, wait, func() {
		if why != "" {
			s.Log.Info(fmt.Sprintf("git sync: %s: waiting, at most %v", why, wait))
		}
	})
}
