package cron

import (
	"cmp"
	"errors"

	"github.com/montimer/montimer/internal/calendar"
)

// ParseEvent reads a calendar event of systemd.time(7) as an expression, with
// its words and warnings. zone is for an event that names none. The event is
// portable, see [calendar.Event.Portable]. One with parts of seconds is
// refused, as an interval with such parts is: nothing that montimer says of a
// schedule looks below the second.
func ParseEvent(text, zone string) (*Expression, error) {
	e, err := calendar.Parse(text)
	if err != nil {
		return nil, err
	}
	e.Zone = cmp.Or(e.Zone, zone)
	if e, err = e.Portable(); err != nil {
		return nil, err
	}
	x, ok := expressionOf(e)
	if !ok {
		return nil, errors.New("the seconds must be whole: nothing can run more often than once a second")
	}
	x.text, x.event = text, e
	return x, nil
}

// Event returns the calendar event that ParseEvent has read.
func (x *Expression) Event() calendar.Event { return x.event }

// expressionOf returns what a portable event means. ok is false for parts of
// seconds.
func expressionOf(e calendar.Event) (x *Expression, ok bool) {
	x = &Expression{zone: e.Zone}
	x.second = expand(e.Second, calendar.Second, second.min, second.max, 0)[0]
	x.minute = expand(e.Minute, 1, minute.min, minute.max, 0)[0]
	x.hour = expand(e.Hour, 1, hour.min, hour.max, 0)[0]
	x.month = expand(e.Month, 1, month.min, month.max, 0)[0]
	x.years = expand(e.Year, 1, firstYear, lastYear, firstYear)
	days := expand(e.Day, 1, dayOfMonth.min, dayOfMonth.max, 0)[0]

	x.days = dayRule{domStar: true, dow: e.Weekdays, dom: days}
	if e.Weekdays == 0 {
		x.days.dow = everyWeekday
	}
	if e.FromEnd {
		x.days.dom, x.days.fromEnd = 0, days
	}
	x.days.nameWeek()
	x.tables = x.days.tables()
	x.reduce()
	return x, x.second != 0
}

// nameWeek turns a weekday within seven days of either end of a month, or of
// the 8th, 15th or 22nd, into the first, last, … such weekday.
func (r *dayRule) nameWeek() {
	const week = 1<<7 - 1
	if r.dow == everyWeekday || r.dow&(r.dow-1) != 0 {
		return
	}
	if r.fromEnd == week<<1 {
		r.lastDow, r.dow, r.fromEnd, r.dom, r.domStar = r.dow, 0, 0, 1<<32-2, true
		return
	}
	for k := range 4 {
		if r.dom == week<<(1+7*k) {
			r.nth[k], r.dow, r.dom, r.domStar = r.dow, 0, 1<<32-2, true
			return
		}
	}
}
