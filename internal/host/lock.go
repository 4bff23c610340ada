package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/montimer/montimer"

	"github.com/montimer/montimer/internal/flock"
)

// ErrCompiling says that another compile or apply has not ended in time.
var ErrCompiling = errors.New("another compile or apply is under way")

// compileWait is how long another compile or apply may take. An apply of a
// thousand timers takes some seconds.
const compileWait = 2 * time.Minute

// LockCompile locks out other compiles of the instance until unlock is called.
// It needs root. It calls waiting once if it has to wait for another, and
// returns ErrCompiling at the time-out, or the error of ctx.
func LockCompile(ctx context.Context, of montimer.Instance, waiting func()) (unlock func(), err error) {
	runDir := of.RunDir()
	if err := os.Mkdir(runDir, 0o700); err != nil && !os.IsExist(err) {
		return nil, fmt.Errorf("lock out other compiles: %w", err)
	}
	return lock(ctx, filepath.Join(runDir, "compile.lock"), compileWait, waiting)
}

func lock(ctx context.Context, path string, timeout time.Duration, waiting func()) (unlock func(), err error) {
	unlock, err = flock.Wait(ctx, path, flock.Exclusive, timeout, waiting)
	switch {
	case errors.Is(err, flock.ErrHeld):
		return nil, fmt.Errorf("lock out other compiles: %w after %v; fuser -v %s names its holder", ErrCompiling, timeout, path)
	case err != nil:
		return nil, fmt.Errorf("lock out other compiles: %w", err)
	}
	return unlock, nil
}
