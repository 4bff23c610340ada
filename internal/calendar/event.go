// Package calendar implements the calendar events and time spans of
// systemd.time(7): parsing, the normal form, and the instants at which a
// calendar event elapses. It follows systemd 252, including its limits and
// oddities: a timer elapses when systemd says, not when it ought to.
//
// The package never uses time.Local; the caller gives the local zone. Read
// event.go, parse.go and list.go (the text), format.go and portable.go (the
// normal form), next.go and prev.go (elapses), then gaps.go, walk.go and
// kind.go (distances), live.go (faults at clock changes) and span.go (time
// spans).
package calendar

import (
	"slices"
	"time"
)

// Years that a calendar event can name.
const (
	minYear = 1970
	maxYear = 2199
)

// Second is one second in the unit of Event.Second.
const Second = 1_000_000

// Event is one calendar event: what one OnCalendar= line says. Everything in
// it must hold at once. The zero value elapses at every second.
//
// Parse returns events in normal form: two of them elapse by the same rule if
// their fields are equal.
type Event struct {
	Weekdays Weekdays
	Year     []Range // 1970–2199; nil: any. So for the next five.
	Month    []Range // 1–12
	Day      []Range // 1–31; counted from the end of the month with FromEnd, 1 being its last day
	FromEnd  bool    // the "~" form
	Hour     []Range // 0–23
	Minute   []Range // 0–59
	Second   []Range // microseconds, see Second; nil: every whole second
	Zone     string  // "UTC", an IANA name, or "" for the local zone
}

// Range is one component of a list: Start alone (Stop and Step 0), Start..Stop
// in steps of Step, or with Stop 0 every Step from Start on ("Start/Step").
type Range struct{ Start, Stop, Step int }

// Seconds converts ranges of whole seconds to the unit of Event.Second.
func Seconds(ranges []Range) []Range {
	micros := slices.Clone(ranges)
	for i := range micros {
		micros[i].Start *= Second
		micros[i].Stop *= Second
		micros[i].Step *= Second
	}
	return micros
}

// Weekdays is a set of weekdays: bit 0 Monday to bit 6 Sunday. The empty set
// stands for every day.
type Weekdays uint8

const allWeekdays Weekdays = 1<<7 - 1

// Has reports whether d is in the set, or the set is empty.
func (w Weekdays) Has(d time.Weekday) bool {
	return w == 0 || w&(1<<((d+6)%7)) != 0
}

// Equal reports whether two events are the same, field by field.
func (e Event) Equal(o Event) bool {
	return e.Weekdays == o.Weekdays && e.FromEnd == o.FromEnd && e.Zone == o.Zone &&
		slices.Equal(e.Year, o.Year) && slices.Equal(e.Month, o.Month) && slices.Equal(e.Day, o.Day) &&
		slices.Equal(e.Hour, o.Hour) && slices.Equal(e.Minute, o.Minute) && slices.Equal(e.Second, o.Second)
}
