package host

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// runDir is montimer's own place below /run.
const runDir = "/run/montimer"

// LockCompile keeps other compiles out until unlock is called. Only root can.
func LockCompile() (unlock func(), err error) {
	if err := os.Mkdir(runDir, 0o700); err != nil && !os.IsExist(err) {
		return nil, fmt.Errorf("lock out other compiles: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(runDir, "compile.lock"), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock out other compiles: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock out other compiles: %w", err)
	}
	return func() { f.Close() }, nil
}
