package cron

import (
	"fmt"
	"slices"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// Warnings returns what a person should know before trusting the expression:
// what its dialect makes of doubtful parts, what other dialects mean by the
// same text, whether it has no run left after from, and which runs the next
// changes of the zone's clock skip or repeat. zone nil is an unknown zone: no
// such warnings. with are the other expressions of the same timer.
func (x *Expression) Warnings(zone *time.Location, from time.Time, with ...*Expression) []string {
	warnings := slices.Clone(x.notes)
	if !x.isEvent() {
		warnings = append(warnings, x.otherReadings()...)
	}
	if x.boot || x.every > 0 {
		return warnings
	}
	if x.zone != "" {
		zone, _ = time.LoadLocation(x.zone) // Parse has tried
	}
	if !x.isEvent() && x.years != allYears && !x.runsAfter(from, zone) {
		warnings = append(warnings, fmt.Sprintf("it has no run after %s any more", from.Format(time.DateOnly)))
	}
	if zone != nil {
		warnings = append(warnings, x.clockChanges(zone, from, with)...)
	}
	return warnings
}

// runsAfter reports whether there is a run after t; zone may be nil.
func (m *meaning) runsAfter(t time.Time, zone *time.Location) bool {
	if zone == nil {
		zone = time.UTC
	}
	_, found := calendar.Next(m.events(), t, zone)
	return found
}

// otherReadings tells which dialects mean something else by the same text.
func (x *Expression) otherReadings() []string {
	var others []*Expression
	readers := map[meaning][]string{}
	for _, d := range Dialects() {
		other, err := Parse(d, x.text)
		if err != nil || other.meaning == x.meaning {
			continue
		}
		if readers[other.meaning] == nil {
			others = append(others, other)
		}
		readers[other.meaning] = append(readers[other.meaning], string(d))
	}
	var warnings []string
	for _, other := range others {
		warnings = append(warnings, fmt.Sprintf("dialects disagree: %s: %s; %s: %s",
			x.dialect, x.Words(), and(readers[other.meaning]), other.Words()))
	}
	return warnings
}

// clockChanges warns of the first time that the clock goes forward over a run,
// and the first that it goes back over one, within the next year.
func (x *Expression) clockChanges(zone *time.Location, from time.Time, with []*Expression) []string {
	name := zone.String()
	if zone == time.Local {
		name = "" // as for Translate
	}
	if !x.isEvent() && inUTC(name, append([]*Expression{x}, with...)) {
		return nil
	}
	var warnings []string
	told := map[string]bool{}
	for _, c := range changes(zone, from, from.AddDate(1, 0, 0)) {
		direction, fate := x.fate(c, zone)
		if fate != "" && !told[direction] {
			told[direction] = true
			warnings = append(warnings, fmt.Sprintf("%s: the clock (%s) goes %s from %s to %s: %s", c.was.Format(time.DateOnly),
				zone, direction, c.was.Format("15:04"), c.is.Format("15:04"), fate))
		}
	}
	return warnings
}

// change is what a clock shows at the instant that its zone's offset changes,
// by the old offset and by the new one, both as times in UTC.
type change struct{ at, was, is time.Time }

// changes returns the changes of a zone's clock between two instants.
func changes(zone *time.Location, from, to time.Time) []change {
	var list []change
	t := from.In(zone)
	for {
		_, before := t.Zone()
		if _, t = t.ZoneBounds(); t.IsZero() || t.After(to) {
			return list
		}
		_, after := t.Zone()
		list = append(list, change{t, wallClock(t, before), wallClock(t, after)})
	}
}

func wallClock(t time.Time, offset int) time.Time {
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// fate says what happens to the runs at a change, "" if there are none.
func (x *Expression) fate(c change, zone *time.Location) (direction, fate string) {
	if c.was.Before(c.is) {
		runs, many, found := x.runsWithin(c.was, c.is)
		switch {
		case !found, x.hour == allHours && c.is.Sub(c.was)%time.Hour == 0: // no hour of time is without its runs
			return "forward", ""
		case many:
			return "forward", "the runs " + runs + " are skipped"
		}
		return "forward", "the run at " + runs + " is skipped"
	}
	runs, many, found := x.runsWithin(c.is, c.was)
	switch {
	case !found:
		return "back", ""
	case x.hour == allHours:
		return "back", fmt.Sprintf("%s-%s comes twice, the second time nothing runs (%d minutes without a run)%s",
			c.is.Format("15:04"), c.was.Format("15:04"), c.was.Sub(c.is)/time.Minute, x.hint(zone))
	case many:
		return "back", fmt.Sprintf("the times %s come twice; they run the %s time only", runs, x.pass(c, zone))
	}
	return "back", fmt.Sprintf("%s comes twice; it runs the %s time only", runs, x.pass(c, zone))
}

// hint says how to write x so that it also runs in a repeated hour.
func (x *Expression) hint(zone *time.Location) string {
	switch {
	case !x.sameInUTC(zone):
		return ""
	case x.isEvent():
		return "; with the zone UTC it does"
	case zone == time.Local:
		return "; with the zone of the host as timezone: it does"
	}
	return "; with timezone: " + zone.String() + " it does"
}

// pass says in which pass of a repeated hour systemd takes a time: for days
// that are counted from the end of the month the second, else the first.
func (x *Expression) pass(c change, zone *time.Location) string {
	events := x.lines()
	first := c.at.Add(c.is.Sub(c.was))
	last, ok := calendar.Prev(events, first, zone)
	if !ok {
		last = first.Add(-time.Second)
	}
	if next, ok := calendar.Next(events, last, zone); ok && !next.Before(c.at) {
		return "second"
	}
	return "first"
}

// lines returns the events of x, in no zone of their own.
func (x *Expression) lines() []calendar.Event {
	if x.isEvent() {
		e := x.event
		e.Zone = ""
		return []calendar.Event{e}
	}
	return x.events()
}

func (x *Expression) isEvent() bool { return x.dialect == "" }

// Impossible says why a calendar event never elapses, "" if it can.
func (x *Expression) Impossible() string {
	if x.occurs() {
		return ""
	}
	if day := x.days.dom & -x.days.dom; day>>29 != 0 && x.days.dom != 1<<32-2 {
		return fmt.Sprintf("it never elapses: no %s has a %s", or(names(set{x.month}, monthName)), ordinal(members(day)[0]))
	}
	return "it never elapses: there is no such day"
}

// runsWithin names the runs that fall between two readings of the clock.
func (m *meaning) runsWithin(start, end time.Time) (runs string, many, found bool) {
	var first, last time.Time
	for t := start.Truncate(time.Minute); t.Before(end); t = t.Add(time.Minute) {
		if m.runsIn(t) {
			if last = t; first.IsZero() {
				first = t
			}
		}
	}
	if first.Equal(last) {
		return first.Format("15:04"), false, !first.IsZero()
	}
	return "from " + first.Format("15:04") + " to " + last.Format("15:04"), true, true
}

// runsIn reports whether there is a run in a minute of the calendar.
func (m *meaning) runsIn(t time.Time) bool {
	y := t.Year() - firstYear
	return y >= 0 && y <= lastYear-firstYear && m.years.has(y) && m.month>>t.Month()&1 != 0 &&
		m.hour>>t.Hour()&1 != 0 && m.minute>>t.Minute()&1 != 0 &&
		m.on(t.Day(), t.Weekday(), monthLength(t.Year(), t.Month()))
}
