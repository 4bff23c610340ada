package systemd

import (
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
	Unread            bool      // a file of it has changed since systemd read it
}

// Timers returns the states of timers by name. systemd tries to load those that are
// not loaded. It needs no rights; all questions are under way at once.
func Timers(ctx context.Context, names []string) (map[string]TimerState, error) {
	states := make(map[string]TimerState, len(names))
	if len(names) == 0 {
		return states, nil
	}
	bus, err := godbus.ConnectSystemBus(godbus.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("connect to systemd: %w", err)
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
	type asked struct{ timer, load, active, sub, since, dropIns, unread *godbus.Call }
	calls := make([]asked, len(names))
	for i, name := range names {
		unit := func(property string) *godbus.Call {
			return ask(ctx, bus, name, "Get", "org.freedesktop.systemd1.Unit", property)
		}
		calls[i] = asked{
			ask(ctx, bus, name, "GetAll", "org.freedesktop.systemd1.Timer"),
			unit("LoadState"), unit("ActiveState"), unit("SubState"), unit("InactiveExitTimestamp"), unit("DropInPaths"), unit("NeedDaemonReload"),
		}
	}
	for i, name := range names {
		var p map[string]godbus.Variant
		if err := (<-calls[i].timer.Done).Store(&p); err != nil {
			return nil, fmt.Errorf("ask systemd for %s: %w", name, err)
		}
		timer, err := readTimer(p)
		if err != nil {
			return nil, fmt.Errorf("the calendar of %s: %w", name, err)
		}
		t := TimerState{Timer: timer}
		t.Local, t.Since = local, reply(calls[i].since)
		t.Load, _ = value(calls[i].load).(string)
		t.Active, _ = value(calls[i].active).(string)
		t.Sub, _ = value(calls[i].sub).(string)
		t.DropIns, _ = value(calls[i].dropIns).([]string)
		t.Unread, _ = value(calls[i].unread).(bool)
		t.Next = nextElapse(p, boot)
		states[name] = t
	}
	return states, nil
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
