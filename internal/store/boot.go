package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// BootTime is a time that is independent of changes of the clock: a boot, and
// how long after it. The zero BootTime is not known.
type BootTime struct {
	Boot  string        // /proc/sys/kernel/random/boot_id
	Since time.Duration // CLOCK_BOOTTIME, which counts suspended time as well
}

// bootID is the variable that has the boot id in services (the specifier %b in
// systemd.unit(5)): those with ProcSubset=pid have no /proc/sys, and in a container
// with a boot id of its own a confined service may see that of the host there.
const bootID = "MONTIMER_BOOT_ID"

// Now returns the present time, or the zero BootTime if the kernel does not
// give it.
func Now() BootTime {
	boot := thisBoot()
	if boot == "" {
		return BootTime{}
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return BootTime{}
	}
	return BootTime{boot, time.Duration(ts.Nano())}
}

var thisBoot = sync.OnceValue(func() string {
	return readBoot("/proc/sys/kernel/random/boot_id", os.Getenv(bootID))
})

// readBoot returns the boot id of the variable or, where that has none, of the
// file, as the kernel writes it: with hyphens.
func readBoot(path, variable string) string {
	if id, err := hex.DecodeString(variable); err == nil && len(id) == 16 {
		return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	}
	id, _ := os.ReadFile(path)
	return strings.TrimSpace(string(id))
}

// BootRuns is the time of a boot for which runs prove that the host was up.
type BootRuns struct {
	Boot     string
	From, To time.Time
}

// BootRuns returns the boots in which runs ended that began since a time and before
// another (zero: now). From is the start of the boot, by the clock at the end of its
// first run.
func (s *Store) BootRuns(ctx context.Context, since, until time.Time) ([]BootRuns, error) {
	where, args := Filter{Since: since, Until: until}.where()
	rows, err := s.db.QueryContext(ctx, `
		WITH ended AS (SELECT * FROM montimer_runs `+where+` AND ended_boot <> '' AND ended_at IS NOT NULL),
			first AS (SELECT ended_boot, min(ended_at) AS at, ended_boottime FROM ended GROUP BY 1),
			last AS (SELECT ended_boot, max(ended_at) AS at FROM ended GROUP BY 1)
		SELECT ended_boot, first.at, ended_boottime, last.at FROM first JOIN last USING (ended_boot)`, args...)
	if err != nil {
		return nil, s.explain("read the boots", err)
	}
	boots, err := collect(rows, func(row scanner) (b BootRuns, err error) {
		var first time.Time
		var up int64
		err = row.Scan(&b.Boot, timeColumn{&first}, &up, timeColumn{&b.To})
		b.From = first.Add(-time.Duration(up))
		return b, err
	})
	return boots, s.explain("read the boots", err)
}
