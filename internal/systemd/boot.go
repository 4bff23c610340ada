package systemd

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// BootedAt asks systemd when it has started, which in a container is not with the
// kernel. If it cannot be asked, the kernel's time is used.
func BootedAt(ctx context.Context) (time.Time, error) {
	if conn, err := Connect(ctx); err == nil {
		defer conn.Close()
		return conn.BootedAt()
	}
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return time.Time{}, fmt.Errorf("read the time since boot: %w", err)
	}
	return time.Now().Add(-time.Duration(up.Nano())), nil
}
