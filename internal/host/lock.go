package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// runDir is montimer's own place below /run.
const runDir = "/run/montimer"

// ErrCompiling says that another compile or apply has not ended in time.
var ErrCompiling = errors.New("another compile or apply is under way")

// compileWait is how long another compile or apply may take. An apply of a
// thousand timers takes some seconds.
const compileWait = 2 * time.Minute

// LockCompile keeps other compiles out until unlock is called. Only root can.
// It calls waiting once if it has to wait for another, and returns ErrCompiling
// if that does not end, the error of ctx if that ends first.
func LockCompile(ctx context.Context, waiting func()) (unlock func(), err error) {
	if err := os.Mkdir(runDir, 0o700); err != nil && !os.IsExist(err) {
		return nil, fmt.Errorf("lock out other compiles: %w", err)
	}
	return lock(ctx, filepath.Join(runDir, "compile.lock"), compileWait, waiting)
}

func lock(ctx context.Context, path string, wait time.Duration, waiting func()) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock out other compiles: %w", err)
	}
	err = take(ctx, f, wait, waiting)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock out other compiles: %w", err)
	}
	return func() { f.Close() }, nil
}

// take asks for the lock again and again: a call that waits would not see ctx.
func take(ctx context.Context, f *os.File, wait time.Duration, waiting func()) error {
	for deadline, told := time.Now().Add(wait), false; ; {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case !errors.Is(err, unix.EWOULDBLOCK):
			return err
		case !time.Now().Before(deadline):
			return fmt.Errorf("%w after %v; who holds the lock: fuser -v %s", ErrCompiling, wait, f.Name())
		case !told:
			told = true
			waiting()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(100*time.Millisecond, time.Until(deadline))):
		}
	}
}
