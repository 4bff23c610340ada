// Package timer knows timer units: timer.go when one elapses and how to read that
// from its file, atonce.go what systemd starts as soon as it loads one.
package timer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/unitfile"
)

// AtBoot is the OnBootSec= of what runs once after each boot. Zero would turn
// the line off.
const AtBoot = "1us"

// LastSecond is the last time that systemd knows. A timer with nothing to wait
// for has elapsed for good, and a reload that brings it another schedule does
// not restart it (tried with systemd 252): so there is always one more time.
const LastSecond = "2199-12-31 23:59:59 UTC"

// Timer is when a timer unit elapses.
type Timer struct {
	Schedule   montimer.Schedule // Events, Boot and Every alone
	Persistent bool
	Jitter     time.Duration
}

// Read reads a timer unit that Render made. Directives that are not about
// time are skipped.
func Read(content string) (Timer, error) {
	var t Timer
	for line := range strings.Lines(content) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok || unitfile.Insignificant(line) {
			continue
		}
		if err := t.read(key, value); err != nil {
			return Timer{}, fmt.Errorf("%s=%s: %w", key, value, err)
		}
	}
	return t, nil
}

func (t *Timer) read(key, value string) error {
	switch key {
	case "OnCalendar":
		if value == LastSecond {
			return nil
		}
		event, err := calendar.Parse(value)
		t.Schedule.Events = append(t.Schedule.Events, event)
		return err
	case "OnBootSec":
		t.Schedule.Boot = t.Schedule.Boot || value == AtBoot
	case "OnUnitActiveSec":
		span, err := calendar.ParseSpan(value)
		t.Schedule.Every = append(t.Schedule.Every, span)
		return err
	case "RandomizedDelaySec":
		span, err := calendar.ParseSpan(value)
		t.Jitter = span
		return err
	case "Persistent":
		t.Persistent = value == "yes"
	}
	return nil
}

// Equal reports whether two timers elapse at the same times.
func (t Timer) Equal(u Timer) bool {
	return t.Persistent == u.Persistent && t.Jitter == u.Jitter && t.Schedule.Boot == u.Schedule.Boot &&
		slices.Equal(t.Schedule.Every, u.Schedule.Every) &&
		slices.EqualFunc(t.Schedule.Events, u.Schedule.Events, calendar.Event.Equal)
}

// Clock is a time on a host, with its boot and zone.
type Clock struct {
	Now, Boot time.Time
	Local     *time.Location
}

// WhyStarted says why systemd starts a service at once when it reloads its
// timer; "" if it does not. old is the active timer, nil for none; stamp is the
// time of its stamp file, zero for none.
//
// What only systemd remembers is guessed in favour of a start: better to
// announce one too many than one too few.
func (c Clock) WhyStarted(old *Timer, new Timer, stamp time.Time) string {
	if old == nil {
		if !new.Persistent {
			stamp = time.Time{}
		}
		start, _ := c.StartsAtOnce(new, Known{Last: stamp})
		return start.Why
	}
	if old.Equal(new) {
		return ""
	}
	known := Known{Last: c.lastTrigger(*old, stamp), Active: c.Boot}
	// A stamp since the boot may be that of a first start.
	triggered := old.Schedule.Boot || old.Persistent && !stamp.IsZero() && stamp.Before(c.Boot)
	start, ok := c.StartsAtOnce(new, known)
	if !ok && !triggered && new.Schedule.Boot {
		known.Active = time.Time{}
		start, _ = c.StartsAtOnce(new, known)
	}
	return start.Why
}

// lastTrigger returns when an active timer was last triggered, as far as known;
// zero if not since the boot.
func (c Clock) lastTrigger(t Timer, stamp time.Time) (last time.Time) {
	if t.Persistent && !stamp.IsZero() {
		return stamp
	}
	if t.Schedule.Boot {
		last = c.Boot
	}
	if tick, ok := calendar.Prev(t.Schedule.Events, c.Now, c.Local); ok && tick.After(c.Boot) {
		last = tick
	}
	if len(t.Schedule.Every) > 0 {
		// At least as recent as this.
		if run := c.Now.Add(-slices.Min(t.Schedule.Every)); run.After(c.Boot) && run.After(last) {
			last = run
		}
	}
	return last
}

// Show returns a time for people.
func (c Clock) Show(t time.Time) string {
	return t.In(c.Local).Format("Mon 2006-01-02 15:04:05 MST")
}
