package compiler

import (
	"cmp"
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

// WhyStarted says why systemd starts a service at once when its timer is
// loaded anew; "" if it does not. old is the timer that is active so far, nil
// for none; stamp is when its stamp file was last touched, zero for none.
//
// It follows systemd 252 (timer_enter_waiting of its timer.c). A calendar
// event is due from the last trigger on. An active timer remembers that one,
// or when it was activated; one that starts takes it from the stamp, if it is
// persistent. What only systemd's memory holds is guessed, and then in favour
// of a start: better one announced too many than one too few.
func (m Moment) WhyStarted(old *Timer, new Timer, stamp time.Time) string {
	if old != nil && old.equal(new) {
		return ""
	}
	why := cmp.Or(m.calendarDue(old, new, stamp), m.bootDue(old, new, stamp), m.intervalDue(old, new))
	if why != "" && new.Jitter > 0 {
		why += ", within the jitter of " + calendar.FormatSpan(new.Jitter)
	}
	return why
}

func (m Moment) calendarDue(old *Timer, new Timer, stamp time.Time) string {
	var last time.Time
	switch {
	case old == nil && (!new.Persistent || stamp.IsZero()):
		return "" // counts from now on
	case old == nil || old.Persistent && !stamp.IsZero():
		last = stamp
	default:
		last = m.Boot
		if tick, ok := calendar.Prev(old.Schedule.Events, m.Now, m.Local); ok && tick.After(last) {
			last = tick
		}
	}
	due, ok := new.Schedule.Next(last, m.Local)
	if !ok || due.After(m.Now) {
		return ""
	}
	if old == nil {
		return fmt.Sprintf("it is back: %s has passed since it was last triggered, %s", m.show(due), m.show(last))
	}
	return fmt.Sprintf("its new time %s has passed since it was last triggered, %s", m.show(due), m.show(last))
}

// bootDue: systemd skips OnBootSec= in the past for a timer that has been
// triggered, which a stamp from before the boot proves.
func (m Moment) bootDue(old *Timer, new Timer, stamp time.Time) string {
	switch {
	case !new.Schedule.Boot || old != nil && old.Schedule.Boot:
		return ""
	case old != nil && old.Persistent && !stamp.IsZero() && stamp.Before(m.Boot):
		return ""
	}
	return fmt.Sprintf("it runs once after each boot, and the last one was %s", m.show(m.Boot))
}

func (m Moment) intervalDue(old *Timer, new Timer) string {
	last := m.Boot
	if old != nil && len(old.Schedule.Every) > 0 {
		// Its last run was not longer ago than this.
		if run := m.Now.Add(-slices.Min(old.Schedule.Every)); run.After(last) {
			last = run
		}
	}
	for _, span := range new.Schedule.Every {
		if (old == nil || !slices.Contains(old.Schedule.Every, span)) && !last.Add(span).After(m.Now) {
			return fmt.Sprintf("it runs every %s, and that may have passed since its last run or the boot", calendar.FormatSpan(span))
		}
	}
	return ""
}

func (m Moment) show(t time.Time) string {
	return t.In(m.Local).Format("Mon 2006-01-02 15:04:05 MST")
}
