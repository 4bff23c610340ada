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
	calls := make([]askedTimer, len(names))
	for i, name := range names {
		calls[i] = askTimer(ctx, bus, name)
	}
	for i, name := range names {
		t, err := calls[i].state(boot)
		if err != nil {
			return nil, fmt.Errorf("ask systemd for %s: %w", name, err)
		}
		t.Local = local
		states[name] = t
	}
	return states, nil
}

// askedTimer is the questions about a timer that are under way.
type askedTimer struct{ timer, load, active, sub, since, dropIns, unread *godbus.Call }

func askTimer(ctx context.Context, bus *godbus.Conn, name string) askedTimer {
	unit := func(property string) *godbus.Call {
		return ask(ctx, bus, name, "Get", "org.freedesktop.systemd1.Unit", property)
	}
	return askedTimer{
		ask(ctx, bus, name, "GetAll", "org.freedesktop.systemd1.Timer"),
		unit("LoadState"), unit("ActiveState"), unit("SubState"), unit("InactiveExitTimestamp"), unit("DropInPaths"), unit("NeedDaemonReload"),
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
	t.Load, _ = value(a.load).(string)
	t.Active, _ = value(a.active).(string)
	t.Sub, _ = value(a.sub).(string)
	t.DropIns, _ = value(a.dropIns).([]string)
	t.Unread, _ = value(a.unread).(bool)
	t.Next = nextElapse(p, boot)
	return t, nil
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
