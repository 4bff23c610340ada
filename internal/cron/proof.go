package cron

import (
	"errors"
	"fmt"

	"github.com/montimer/montimer/internal/calendar"
)

// prove reads events back from their text and returns an error unless they
// mean m, neither more nor less.
func (m *meaning) prove(events []calendar.Event) error {
	var got dayTables
	for _, event := range events {
		read, err := calendar.Parse(event.String())
		if err != nil {
			return err
		}
		if err := m.collect(&read, &got); err != nil {
			return fmt.Errorf("%s: %w", event, err)
		}
	}
	if got != m.tables {
		return errors.New("the days are not those of the expression")
	}
	return nil
}

// checkClock checks the times of day of an event.
func (m *meaning) checkClock(e *calendar.Event) error {
	times := [...]struct {
		ranges []calendar.Range
		unit   int
		field  *field
		want   uint64
	}{
		{e.Second, calendar.Second, &second, m.second},
		{e.Minute, 1, &minute, m.minute},
		{e.Hour, 1, &hour, m.hour},
	}
	for _, t := range times {
		if s := expand(t.ranges, t.unit, t.field.min, t.field.max, 0); s != (set{t.want}) {
			return fmt.Errorf("the %ss are not those of the expression", t.field.name)
		}
	}
	return nil
}

// collect adds the days of an event to the tables of the months it is for.
func (m *meaning) collect(e *calendar.Event, got *dayTables) error {
	if err := m.checkClock(e); err != nil {
		return err
	}
	months := expand(e.Month, 1, month.min, month.max, 0)
	years := expand(e.Year, 1, firstYear, lastYear, firstYear)
	if months[0]&^m.month != 0 || years.without(&m.years) != (set{}) {
		return errors.New("months or years that the expression has not")
	}
	days := expand(e.Day, 1, dayOfMonth.min, dayOfMonth.max, 0)
	weekdays := e.Weekdays
	if weekdays == 0 {
		weekdays = everyWeekday
	}
	for k := range got {
		in, err := m.within(k, months[0], &years)
		if err != nil {
			return err
		}
		if in {
			got[k].add(days[0], k, e.FromEnd, weekdays)
		}
	}
	return nil
}

// within reports whether all months of class k are in months and years. An
// event for some of them only would be lost in the tables: that is an error.
func (m *meaning) within(k int, months uint64, years *set) (bool, error) {
	classMonths, classYears := m.class(k)
	if classMonths&months == 0 || classYears.and(years) == (set{}) {
		return false, nil
	}
	if classMonths&^months != 0 || classYears.without(years) != (set{}) {
		return false, errors.New("it is for some months of a length only")
	}
	return true, nil
}

// add adds weekdays to the days of a month of class k.
func (t *dayTable) add(days uint64, k int, fromEnd bool, weekdays calendar.Weekdays) {
	for n := range t {
		if day, ok := nthDay(n, k, fromEnd); ok && days>>n&1 != 0 {
			t[day] |= weekdays
		}
	}
}

// expand returns the values of ranges within lo..hi, less base; nil is all.
// unit is what the ranges count in. Anything that is never written, such as a
// range with an open end, gives the empty set, which no expression has.
func expand(ranges []calendar.Range, unit, lo, hi, base int) set {
	if ranges == nil {
		return span(lo-base, hi-base)
	}
	var s set
	for _, r := range ranges {
		if r.Stop == 0 && r.Step != 0 {
			return set{}
		}
		for v := r.Start; v <= max(r.Start, r.Stop); v += max(r.Step, 1) {
			if v%unit != 0 || v/unit < lo || v/unit > hi {
				return set{}
			}
			s.add(v/unit - base)
		}
	}
	return s
}
