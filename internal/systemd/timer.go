package systemd

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
)

// Timer is a timer as systemd has it loaded, drop-ins included.
type Timer struct {
	Calendar        []string       // OnCalendar=, in normal form
	Local           *time.Location // that events without a zone of their own are read in
	Boot            bool           // it has OnBootSec=
	Interval        bool           // it has OnUnitActiveSec= or the like
	RandomizedDelay time.Duration
	Persistent      bool

	// Zero: never in this boot, or not known.
	LastTrigger time.Time
	ActiveSince time.Time
	Freed       time.Time // when its service last became inactive

	// On the monotonic clock. 0: never since the unit was loaded, or not known.
	Trigger time.Duration // when it last elapsed
	Began   time.Duration // when its service was last started
}

// LoadedTimer returns a timer that is loaded. It needs no rights, and a single
// connection: it is asked at every tick.
func LoadedTimer(ctx context.Context, unit string) (Timer, error) {
	bus, err := godbus.ConnectSystemBus(godbus.WithContext(ctx))
	if err != nil {
		return Timer{}, fmt.Errorf("connect to systemd: %w", err)
	}
	defer bus.Close()
	service := strings.TrimSuffix(unit, ".timer") + ".service"
	// All are under way at once.
	properties := ask(ctx, bus, unit, "GetAll", "org.freedesktop.systemd1.Timer")
	since := ask(ctx, bus, unit, "Get", "org.freedesktop.systemd1.Unit", "InactiveExitTimestamp")
	freed := ask(ctx, bus, service, "Get", "org.freedesktop.systemd1.Unit", "InactiveEnterTimestamp")
	began := ask(ctx, bus, service, "Get", "org.freedesktop.systemd1.Unit", "InactiveExitTimestampMonotonic")
	var p map[string]godbus.Variant
	if err := (<-properties.Done).Store(&p); err != nil {
		return Timer{}, fmt.Errorf("ask systemd for %s: %w", unit, err)
	}
	timer := Timer{
		LastTrigger: instant(p["LastTriggerUSec"]), ActiveSince: reply(since), Freed: reply(freed),
		Trigger: sinceBoot(instant(p["LastTriggerUSecMonotonic"])), Began: sinceBoot(reply(began)),
	}
	if timer.Local, err = localZone(); err != nil {
		return Timer{}, err
	}
	lines, _ := p["TimersCalendar"].Value().([][]any) // base, event, next elapse
	for _, l := range lines {
		if text, ok := l[1].(string); ok {
			timer.Calendar = append(timer.Calendar, text)
		}
	}
	monotonic, known := p["TimersMonotonic"].Value().([][]any) // base, span, next elapse
	timer.Interval = !known
	for _, m := range monotonic {
		boot := m[0] == "OnBootUSec"
		timer.Boot, timer.Interval = timer.Boot || boot, timer.Interval || !boot
	}
	delay, _ := p["RandomizedDelayUSec"].Value().(uint64)
	timer.RandomizedDelay = time.Duration(delay) * time.Microsecond
	timer.Persistent, _ = p["Persistent"].Value().(bool)
	return timer, nil
}

// ask calls a method of a unit's properties.
func ask(ctx context.Context, bus *godbus.Conn, unit, method string, args ...any) *godbus.Call {
	path := godbus.ObjectPath("/org/freedesktop/systemd1/unit/" + dbus.PathBusEscape(unit))
	return bus.Object("org.freedesktop.systemd1", path).
		GoWithContext(ctx, "org.freedesktop.DBus.Properties."+method, 0, make(chan *godbus.Call, 1), args...)
}

// reply waits for a property that is a time; zero where systemd does not say.
func reply(call *godbus.Call) time.Time {
	var v godbus.Variant
	if err := (<-call.Done).Store(&v); err != nil {
		return time.Time{}
	}
	return instant(v)
}

// instant reads a time in microseconds; 0 is never.
func instant(v godbus.Variant) time.Time {
	micros, ok := v.Value().(uint64)
	if !ok || micros == 0 || micros > math.MaxInt64 {
		return time.Time{}
	}
	return time.UnixMicro(int64(micros))
}

// sinceBoot is a time of CLOCK_MONOTONIC.
func sinceBoot(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return time.Duration(t.UnixMicro()) * time.Microsecond
}

// localZone is the zone of the machine, independent of TZ: systemd has no TZ.
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
