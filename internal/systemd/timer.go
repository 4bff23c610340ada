package systemd

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
)

// Timer is a timer as systemd has it loaded, drop-ins included.
type Timer struct {
	Calendar        []string       // OnCalendar=, in normal form
	Local           *time.Location // that events without a zone of their own are read in
	Monotonic       bool           // it has OnBootSec=, OnUnitActiveSec= or the like as well
	RandomizedDelay time.Duration
	Deferred        bool // DeferReactivation=; systemd before 257 does not have it
}

// LoadedTimer returns a timer that is loaded. It needs no rights, and a single
// connection: it is asked at every tick.
func LoadedTimer(ctx context.Context, unit string) (Timer, error) {
	bus, err := godbus.ConnectSystemBus(godbus.WithContext(ctx))
	if err != nil {
		return Timer{}, fmt.Errorf("connect to systemd: %w", err)
	}
	defer bus.Close()
	path := godbus.ObjectPath("/org/freedesktop/systemd1/unit/" + dbus.PathBusEscape(unit))
	var p map[string]godbus.Variant
	err = bus.Object("org.freedesktop.systemd1", path).
		CallWithContext(ctx, "org.freedesktop.DBus.Properties.GetAll", 0, "org.freedesktop.systemd1.Timer").Store(&p)
	if err != nil {
		return Timer{}, fmt.Errorf("ask systemd for %s: %w", unit, err)
	}
	timer := Timer{}
	if timer.Local, err = localZone(); err != nil {
		return Timer{}, err
	}
	lines, _ := p["TimersCalendar"].Value().([][]any) // base, event, next elapse
	for _, l := range lines {
		if text, ok := l[1].(string); ok {
			timer.Calendar = append(timer.Calendar, text)
		}
	}
	monotonic, known := p["TimersMonotonic"].Value().([][]any)
	timer.Monotonic = !known || len(monotonic) > 0
	delay, _ := p["RandomizedDelayUSec"].Value().(uint64)
	timer.RandomizedDelay = time.Duration(delay) * time.Microsecond
	timer.Deferred, _ = p["DeferReactivation"].Value().(bool)
	return timer, nil
}

// localZone is the zone of the machine, whatever TZ says: systemd has no TZ.
func localZone() (*time.Location, error) {
	data, err := os.ReadFile("/etc/localtime")
	if os.IsNotExist(err) {
		return time.UTC, nil // localtime(5)
	}
	if err != nil {
		return nil, fmt.Errorf("read the local time zone: %w", err)
	}
	zone, err := time.LoadLocationFromTZData("Local", data)
	if err != nil {
		return nil, fmt.Errorf("read /etc/localtime: %w", err)
	}
	return zone, nil
}
