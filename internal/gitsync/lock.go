package gitsync

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/montimer/montimer/internal/flock"
)

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
