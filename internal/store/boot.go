package store

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Moment is a time that no change of the clock touches: of one boot, and how
// long after it. The zero Moment is not known.
type Moment struct {
	Boot  string        // /proc/sys/kernel/random/boot_id
	Since time.Duration // CLOCK_BOOTTIME, which counts suspended time as well
}

// Now returns the present moment, or the zero Moment where the kernel does not
// say.
func Now() Moment {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Moment{}
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return Moment{}
	}
	return Moment{strings.TrimSpace(string(id)), time.Duration(ts.Nano())}
}
