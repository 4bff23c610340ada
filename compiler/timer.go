package compiler

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// Timer is what a timer unit says of when it elapses.
type Timer struct {
	Schedule   montimer.Schedule // Events, Boot and Every alone
	Persistent bool
	Jitter     time.Duration
}

// ReadTimer reads back a timer unit that Render made. The directives that say
// nothing about time are skipped.
func ReadTimer(content string) (Timer, error) {
	var t Timer
	for line := range strings.Lines(content) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok || insignificant(line) {
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
		if value == lastSecond {
			return nil
		}
		event, err := calendar.Parse(value)
		t.Schedule.Events = append(t.Schedule.Events, event)
		return err
	case "OnBootSec":
		t.Schedule.Boot = t.Schedule.Boot || value == atBoot
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

// equal reports whether two timers elapse alike.
func (t Timer) equal(u Timer) bool {
	return t.Persistent == u.Persistent && t.Jitter == u.Jitter && t.Schedule.Boot == u.Schedule.Boot &&
		slices.Equal(t.Schedule.Every, u.Schedule.Every) &&
		slices.EqualFunc(t.Schedule.Events, u.Schedule.Events, calendar.Event.Equal)
}

// Moment is a time on the clock of a host.
type Moment struct {
	Now, Boot time.Time
	Local     *time.Location
}

// WhyStarted says why systemd starts a service at once when it reads its timer
// anew; "" if it does not. old is the timer that is active so far, nil for none;
// stamp is when its stamp file was last touched, zero for none.
//
// What systemd alone remembers is guessed, and in favour of a start: better one
// announced too many than one too few.
func (m Moment) WhyStarted(old *Timer, new Timer, stamp time.Time) string {
	if old == nil {
		if !new.Persistent {
			stamp = time.Time{}
		}
		start, _ := m.startsAtOnce(new, past{last: stamp})
		return start.why
	}
	if old.equal(new) {
		return ""
	}
	known := past{last: m.lastTrigger(*old, stamp), active: m.Boot}
	// A stamp that is younger than the boot may be that of a first start.
	triggered := old.Schedule.Boot || old.Persistent && !stamp.IsZero() && stamp.Before(m.Boot)
	start, ok := m.startsAtOnce(new, known)
	if !ok && !triggered && new.Schedule.Boot {
		known.active = time.Time{}
		start, _ = m.startsAtOnce(new, known)
	}
	return start.why
}

// lastTrigger returns when an active timer was last triggered, as far as that
// can be told; zero if it was not since the boot.
func (m Moment) lastTrigger(t Timer, stamp time.Time) (last time.Time) {
	if t.Persistent && !stamp.IsZero() {
		return stamp
	}
	if t.Schedule.Boot {
		last = m.Boot
	}
	if tick, ok := calendar.Prev(t.Schedule.Events, m.Now, m.Local); ok && tick.After(m.Boot) {
		last = tick
	}
	if len(t.Schedule.Every) > 0 {
		// Not longer ago than this.
		if run := m.Now.Add(-slices.Min(t.Schedule.Every)); run.After(m.Boot) && run.After(last) {
			last = run
		}
	}
	return last
}

func (m Moment) show(t time.Time) string {
	return t.In(m.Local).Format("Mon 2006-01-02 15:04:05 MST")
}
