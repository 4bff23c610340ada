package systemd

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"

	godbus "github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"github.com/montimer/montimer/taskexec"
)

// TimerState is a timer as systemd has it loaded, and its state.
type TimerState struct {
	taskexec.Timer
	Load, Active, Sub string    // as in [Unit]
	Next              time.Time // when it elapses next; zero: never, or not known
	DropIns           []string  // paths
}

// Timers returns the states of timers by name. systemd tries to load those that are
// not loaded. It needs no rights; all questions are under way at once.
func Timers(ctx context.Context, names []string) (map[string]TimerState, error) {
	states := make(map[string]TimerState, len(names))
	if len(names) == 0 {
		return states, nil
	}
	ctx, cancel := answering(ctx)
	defer cancel()
	bus, err := dialBus(ctx)
	if err != nil {
		return nil, err
	}
	defer bus.Close()
	local, err := localZone()
	if err != nil {
		return nil, err
	}
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &up); err != nil {
		return nil, fmt.Errorf("read the monotonic clock: %w", err)
	}
	boot := time.Now().Add(-time.Duration(up.Nano()))
	units, err := listed(ctx, bus, names)
	if err != nil {
		return nil, err
	}
	calls := make([]askedTimer, len(names))
	for i, name := range names {
		calls[i] = askTimer(ctx, bus, name)
	}
	for i, name := range names {
		t, err := calls[i].state(boot)
		if err != nil {
			return nil, fmt.Errorf("ask systemd for %s: %w", name, cmp.Or(context.Cause(ctx), err))
		}
		t.Load, t.Active, t.Sub = units[name].Load, units[name].Active, units[name].Sub
		t.Local = local
		states[name] = t
	}
	return states, nil
}

// askedTimer is the questions about a timer that are under way: what is not listed,
// since each call costs as much as the list.
type askedTimer struct{ timer, since, dropIns *godbus.Call }

func askTimer(ctx context.Context, bus *godbus.Conn, name string) askedTimer {
	return askedTimer{
		ask(ctx, bus, name, "GetAll", "org.freedesktop.systemd1.Timer"),
		ask(ctx, bus, name, "Get", "org.freedesktop.systemd1.Unit", "InactiveExitTimestamp"),
		ask(ctx, bus, name, "Get", "org.freedesktop.systemd1.Unit", "DropInPaths"),
	}
}

// state waits for the answers. boot is when the monotonic clock was zero.
func (a askedTimer) state(boot time.Time) (t TimerState, err error) {
	var p map[string]godbus.Variant
	if err := (<-a.timer.Done).Store(&p); err != nil {
		return t, err
	}
	if t.Timer, err = readTimer(p); err != nil {
		return t, fmt.Errorf("its calendar: %w", err)
	}
	t.Since = reply(a.since)
	t.DropIns, _ = value(a.dropIns).([]string)
	t.Next = nextElapse(p, boot)
	return t, nil
}

// listedUnit is a unit in the list of systemd (org.freedesktop.systemd1(5),
// ListUnitsByNames).
type listedUnit struct {
	Name, Description, Load, Active, Sub, Following string
	Path                                            godbus.ObjectPath
	Job                                             uint32
	JobType                                         string
	JobPath                                         godbus.ObjectPath
}

func listed(ctx context.Context, bus *godbus.Conn, names []string) (map[string]listedUnit, error) {
	var all []listedUnit
	err := bus.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1").
		CallWithContext(ctx, "org.freedesktop.systemd1.Manager.ListUnitsByNames", 0, names).Store(&all)
	if err != nil {
		return nil, fmt.Errorf("ask systemd for the timers: %w", err)
	}
	units := make(map[string]listedUnit, len(all))
	for _, u := range all {
		units[u.Name] = u
	}
	return units, nil
}

// nextElapse returns the earlier of a timer's next calendar and monotonic
// elapses.
func nextElapse(p map[string]godbus.Variant, boot time.Time) time.Time {
	next := instant(p["NextElapseUSecRealtime"])
	micros, ok := p["NextElapseUSecMonotonic"].Value().(uint64)
	if !ok || micros == 0 || micros > math.MaxInt64/1000 {
		return next
	}
	if at := boot.Add(time.Duration(micros) * time.Microsecond); next.IsZero() || at.Before(next) {
		return at
	}
	return next
}

// value waits for a property; nil where systemd does not say.
func value(call *godbus.Call) any {
	var v godbus.Variant
	if err := (<-call.Done).Store(&v); err != nil {
		return nil
	}
	return v.Value()
}
