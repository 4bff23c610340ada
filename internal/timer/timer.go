// Package timer knows timer units: timer.go when one elapses and how to read that
// from its file, memory.go what systemd remembers of one, atonce.go what it starts
// as soon as it loads one.
package timer

import (
	"fmt"
	"slices"
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
	Schedule   montimer.Schedule // Words, with the zone; Events, Boot and Every
	Persistent bool
	Jitter     time.Duration
}

// Read reads a timer unit. Directives that are not about time are skipped. It has
// no words if it was made by a version that wrote none, or changed by hand since.
func Read(unit string) (Timer, error) {
	var t Timer
	for d := range unitfile.Directives(unit) {
		if d.Section != "Timer" {
			continue
		}
		if err := t.read(d.Key, d.Value); err != nil {
			return Timer{}, fmt.Errorf("%s=%s: %w", d.Key, d.Value, err)
		}
	}
	if n := len(t.Schedule.Events) - 1; n >= 0 && t.Schedule.Events[n].String() == LastSecond {
		t.Schedule.Events = t.Schedule.Events[:n:n]
	}
	if !unitfile.ByHand(unit) {
		t.Schedule.Words = unitfile.Comment(unit, "Schedule: ")
	}
	return t, nil
}

func (t *Timer) read(key, value string) error {
	switch key {
	case "OnCalendar":
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
