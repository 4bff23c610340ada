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

// signEvery is how often a sync shows that it is alive. A process that holds
// sync.lock and shows nothing is stopped, or is no sync.
const signEvery = time.Second

// alive shows that a sync is at work, by the modification time of sync.lock,
// until it is stopped.
func (s Syncer) alive() (stop func()) {
	path := syncLock(s.StateDir)
	now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
	ticker, done := time.NewTicker(signEvery), make(chan struct{})
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

// sign returns the last sign of life of a sync; zero: there is none.
func sign(stateDir string) time.Time {
	info, err := os.Lstat(syncLock(stateDir))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// The lock of the checkout has a byte in it from when a run has waited in vain
// until somebody gets the lock: other runs do not wait as long again.

func noteInVain(path string) { writeLock(path, "\n") }
func forgetInVain(path string) {
	if inVain(path) {
		writeLock(path, "")
	}
}

func inVain(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() > 0
}

// writeLock replaces what is in a lock. What fails makes others wait, no more.
func writeLock(path, text string) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err == nil {
		f.WriteString(text)
		f.Close()
	}
}

func checkoutLock(stateDir string) string { return filepath.Join(stateDir, "checkout.lock") }
func syncLock(stateDir string) string     { return filepath.Join(stateDir, "sync.lock") }

// lock takes a lock file, waiting at most as long as wait, and says in the log
// why it waits, unless why is "".
func (s Syncer) lock(ctx context.Context, path string, how int, wait time.Duration, why string) (release func(), err error) {
	return flock.Wait(ctx, path, how, wait, func() {
		if why != "" {
			s.Log.Info(fmt.Sprintf("git sync: %s: waiting, at most %v", why, wait))
		}
	})
}
