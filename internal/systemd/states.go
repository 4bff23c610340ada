package systemd

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
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

// Seen is what systemd says of timers and of other units, by their names.
type Seen struct {
	Timers map[string]TimerState
	Others map[string]Unit // without Reason and DropIns
	Booted time.Time       // as of [BootedAt]
}

// Look returns the states of timers and of other units. systemd tries to load those
// that are not loaded. It needs no rights, and a single connection.
func Look(ctx context.Context, timers, others []string) (s Seen, err error) {
	if len(timers)+len(others) == 0 {
		return s, nil
	}
	ctx, cancel := answering(ctx)
	defer cancel()
	bus, err := dialBus(ctx)
	if err != nil {
		return s, err
	}
	defer bus.Close()
	list := callManager(ctx, bus, "org.freedesktop.systemd1.Manager.ListUnitsByNames", slices.Concat(timers, others))
	booted := callManager(ctx, bus, "org.freedesktop.DBus.Properties.Get", "org.freedesktop.systemd1.Manager", "UserspaceTimestamp")
	units, err := listed(list)
	var at godbus.Variant
	if err == nil {
		err = (<-booted.Done).Store(&at)
	}
	if err != nil {
		return s, fmt.Errorf("ask systemd for the state of units: %w", cmp.Or(context.Cause(ctx), err))
	}
	s = Seen{Timers: make(map[string]TimerState, len(timers)), Others: make(map[string]Unit, len(others)), Booted: instant(at)}
	for _, name := range others {
		s.Others[name] = units[name]
	}
	local, err := localZone()
	if err != nil {
		return s, err
	}
	return s, inTurn(timers, func(name string) askedTimer { return askTimer(ctx, bus, name) }, func(name string, asked askedTimer) error {
		t, err := asked.state()
		if err != nil {
			return fmt.Errorf("ask systemd for %s: %w", name, cmp.Or(context.Cause(ctx), err))
		}
		t.Load, t.Active, t.Sub = units[name].Load, units[name].Active, units[name].Sub
		t.Local = local
		s.Timers[name] = t
		return nil
	})
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

// state waits for the answers.
func (a askedTimer) state() (t TimerState, err error) {
	var p map[string]godbus.Variant
	if err := (<-a.timer.Done).Store(&p); err != nil {
		return t, err
	}
	if t.Timer, err = readTimer(p); err != nil {
		return t, fmt.Errorf("its calendar: %w", err)
	}
	t.Since = reply(a.since)
	t.DropIns, _ = value(a.dropIns).([]string)
	t.Next, err = nextElapse(p)
	return t, err
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

// listed waits for such a list.
func listed(call *godbus.Call) (map[string]Unit, error) {
	var all []listedUnit
	if err := (<-call.Done).Store(&all); err != nil {
		return nil, err
	}
	units := make(map[string]Unit, len(all))
	for _, u := range all {
		units[u.Name] = Unit{Load: u.Load, Active: u.Active, Sub: u.Sub}
	}
	return units, nil
}

// callManager calls a method of the object that stands for systemd itself.
func callManager(ctx context.Context, bus *godbus.Conn, method string, args ...any) *godbus.Call {
	return bus.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1").
		GoWithContext(ctx, method, 0, make(chan *godbus.Call, 1), args...)
}

// nextElapse returns the earlier of a timer's next calendar and monotonic
// elapses.
func nextElapse(p map[string]godbus.Variant) (time.Time, error) {
	next := instant(p["NextElapseUSecRealtime"])
	micros, ok := p["NextElapseUSecMonotonic"].Value().(uint64)
	if !ok || micros == 0 || micros > math.MaxInt64/1000 {
		return next, nil
	}
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &up); err != nil {
		return next, fmt.Errorf("read the monotonic clock: %w", err)
	}
	at := time.Now().Add(time.Duration(micros)*time.Microsecond - time.Duration(up.Nano()))
	if next.IsZero() || at.Before(next) {
		return at, nil
	}
	return next, nil
}

// value waits for a property; nil where systemd does not say.
func value(call *godbus.Call) any {
	var v godbus.Variant
	if err := (<-call.Done).Store(&v); err != nil {
		return nil
	}
	return v.Value()
}
