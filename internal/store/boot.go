package store

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// BootTime is a time that is independent of changes of the clock: a boot, and
// how long after it. The zero BootTime is not known.
type BootTime struct {
	Boot  string        // /proc/sys/kernel/random/boot_id
	Since time.Duration // CLOCK_BOOTTIME, which counts suspended time as well
}

// Now returns the present time, or the zero BootTime if the kernel does not
// give it.
func Now() BootTime {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return BootTime{}
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return BootTime{}
	}
	return BootTime{strings.TrimSpace(string(id)), time.Duration(ts.Nano())}
}
