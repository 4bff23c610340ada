package systemd

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"

	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/taskexec"
)

// LoadedTimer returns a timer that is loaded. It needs no rights, and a single
// connection: it is asked at every tick.
func LoadedTimer(ctx context.Context, unit string) (taskexec.Timer, error) {
	ctx, cancel := answering(ctx)
	defer cancel()
	bus, err := dialBus(ctx)
	if err != nil {
		return taskexec.Timer{}, err
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
		return taskexec.Timer{}, fmt.Errorf("ask systemd for %s: %w", unit, cmp.Or(context.Cause(ctx), err))
	}
	timer, err := readTimer(p)
	if err != nil {
		return taskexec.Timer{}, fmt.Errorf("the calendar of %s: %w", unit, err)
	}
	timer.Since, timer.Freed, timer.Began = reply(since), reply(freed), sinceBoot(reply(began))
	timer.Changed = func(ctx context.Context) time.Time { return Changed(ctx, unit) }
	timer.Local, err = localZone()
	return timer, err
}

// readTimer reads the properties of a timer.
func readTimer(p map[string]godbus.Variant) (taskexec.Timer, error) {
	timer := taskexec.Timer{Triggered: instant(p["LastTriggerUSec"]), Trigger: sinceBoot(instant(p["LastTriggerUSecMonotonic"]))}
	lines, _ := p["TimersCalendar"].Value().([][]any) // base, event, next elapse
	for _, l := range lines {
		text, ok := l[1].(string)
		if !ok {
			continue
		}
		event, err := calendar.Parse(text)
		if err != nil {
			return taskexec.Timer{}, err
		}
		timer.Events = append(timer.Events, event)
	}
	monotonic, known := p["TimersMonotonic"].Value().([][]any) // base, span, next elapse
	timer.Interval = !known
	for _, m := range monotonic {
		boot := m[0] == "OnBootUSec"
		timer.Boot, timer.Interval = timer.Boot || boot, timer.Interval || !boot
		if span, ok := m[1].(uint64); ok && m[0] == "OnUnitActiveUSec" {
			timer.Every = time.Duration(span) * time.Microsecond
		}
	}
	delay, _ := p["RandomizedDelayUSec"].Value().(uint64)
	timer.Jitter = time.Duration(delay) * time.Microsecond
	timer.Persistent, _ = p["Persistent"].Value().(bool)
	return timer, nil
}

// Changed returns when the file of a loaded unit and its drop-ins last changed;
// zero: not known.
func Changed(ctx context.Context, unit string) (last time.Time) {
	ctx, cancel := answering(ctx)
	defer cancel()
	bus, err := dialBus(ctx)
	if err != nil {
		return last
	}
	defer bus.Close()
	fragment := ask(ctx, bus, unit, "Get", "org.freedesktop.systemd1.Unit", "FragmentPath")
	dropIns := ask(ctx, bus, unit, "Get", "org.freedesktop.systemd1.Unit", "DropInPaths")
	paths, _ := value(dropIns).([]string)
	if file, ok := value(fragment).(string); ok {
		paths = append(paths, file)
	}
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
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
