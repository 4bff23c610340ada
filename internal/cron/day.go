package cron

import (
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// dayRule is what the two day fields say.
type dayRule struct {
	dom         uint64 // bit n: day n
	last        bool   // L
	fromEnd     uint64 // bit n: the nth last day, of a calendar event
	workdays    uint64 // bit n: nW, the Monday to Friday nearest to day n within the month
	lastWorkday bool   // LW

	dow     calendar.Weekdays
	lastDow calendar.Weekdays    // nL: the last such weekday of a month
	nth     [5]calendar.Weekdays // n#k: the k-th such weekday of a month

	domStar, dowStar bool // a field that does not restrict: both must hold, else either
}

// special reports whether the rule of that field holds more than values.
func (r *dayRule) special(f *field) bool {
	if f == &dayOfMonth {
		return r.last || r.lastWorkday || r.workdays != 0 || r.fromEnd != 0
	}
	return f == &dayOfWeek && (r.lastDow != 0 || r.nth != [5]calendar.Weekdays{})
}

// dayTable says for one length of a month on which weekdays a day counts.
type dayTable [32]calendar.Weekdays // indexed by the day, from 1

// dayTables are the tables of the months of 28, 29, 30 and 31 days.
type dayTables [4]dayTable

// The sets of weekdays that rules are made of.
const (
	everyWeekday  calendar.Weekdays = 1<<7 - 1
	mondayFriday  calendar.Weekdays = 1<<5 - 1
	mondayOnly    calendar.Weekdays = 1 << 0
	fridayOnly    calendar.Weekdays = 1 << 4
	shortestMonth                   = 28
)

// tables works the rule out.
func (r *dayRule) tables() (t dayTables) {
	for k := range t {
		length := shortestMonth + k
		for day := 1; day <= length; day++ {
			dom, dow := r.onDay(day, length), r.onWeekday(day, length)
			if r.domStar || r.dowStar {
				t[k][day] = dom & dow
			} else {
				t[k][day] = dom | dow
			}
		}
	}
	return t
}

// onDay returns the weekdays on which the day-of-month field holds.
func (r *dayRule) onDay(day, length int) calendar.Weekdays {
	if r.dom>>day&1 != 0 || r.last && day == length || r.fromEnd>>(length+1-day)&1 != 0 {
		return everyWeekday
	}
	workdays := r.workdays
	if r.lastWorkday {
		workdays |= 1 << length
	}
	if workdays == 0 {
		return 0
	}
	var on calendar.Weekdays
	if workdays>>day&1 != 0 {
		on |= mondayFriday
	}
	if day < length && workdays>>(day+1)&1 != 0 {
		on |= fridayOnly // the day wanted is a Saturday
	}
	if workdays>>(day-1)&1 != 0 && day > 1 {
		on |= mondayOnly // the day wanted is a Sunday
	}
	if day == 3 && workdays>>1&1 != 0 {
		on |= mondayOnly // Saturday the 1st
	}
	if day == length-2 && workdays>>length&1 != 0 {
		on |= fridayOnly // Sunday, and the last of the month
	}
	return on
}

// onWeekday returns the weekdays on which the day-of-week field holds.
func (r *dayRule) onWeekday(day, length int) calendar.Weekdays {
	on := r.dow | r.nth[(day-1)/7]
	if day > length-7 {
		on |= r.lastDow
	}
	return on
}

// Months by their length, bit n being month n.
const (
	february    = 1 << 2
	shortMonths = 1<<4 | 1<<6 | 1<<9 | 1<<11
	allMonths   = 1<<13 - 1<<1
	longMonths  = allMonths &^ (february | shortMonths)
)

var (
	allYears  = span(0, lastYear-firstYear)
	leapYears = func() (s set) {
		for y := firstYear; y <= lastYear; y++ {
			if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
				s.add(y - firstYear)
			}
		}
		return s
	}()
	commonYears = allYears.without(&leapYears)
)

// class returns which months of m, in which years, have the length of table k.
// months is 0 if none has.
func (m *meaning) class(k int) (months uint64, years set) {
	switch k {
	case 0:
		months, years = m.month&february, m.years.and(&commonYears)
	case 1:
		months, years = m.month&february, m.years.and(&leapYears)
	case 2:
		months, years = m.month&shortMonths, m.years
	default:
		months, years = m.month&longMonths, m.years
	}
	if years == (set{}) {
		months = 0
	}
	return months, years
}

// reduce empties the tables of lengths that no month of m has, so that equal
// meanings are equal values.
func (m *meaning) reduce() {
	for k := range m.tables {
		if months, _ := m.class(k); months == 0 {
			m.tables[k] = dayTable{}
		}
	}
}

// occurs reports whether there is any day on which m elapses. The weekdays of
// February 29 repeat after 28 years, or 40 over the year 2100, so the years of
// a calendar event are enough to tell.
func (m *meaning) occurs() bool {
	for y := m.years.next(0); y >= 0; y = m.years.next(y + 1) {
		for month := time.January; month <= time.December; month++ {
			if m.month>>month&1 != 0 && m.occursIn(firstYear+y, month) {
				return true
			}
		}
	}
	return false
}

func (m *meaning) occursIn(year int, month time.Month) bool {
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Weekday()
	length := monthLength(year, month)
	for day := 1; day <= length; day++ {
		if m.on(day, first+time.Weekday(day-1), length) {
			return true
		}
	}
	return false
}

// on reports whether that day counts in a month of that length.
func (m *meaning) on(day int, weekday time.Weekday, length int) bool {
	return m.tables[length-shortestMonth][day]>>((weekday+6)%7)&1 != 0
}

func monthLength(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// everyDay reports whether the tables that count are full.
func (m *meaning) everyDay() bool {
	for k := range m.tables {
		if months, _ := m.class(k); months != 0 && !m.tables[k].full(k) {
			return false
		}
	}
	return true
}

// full reports whether every day of a month of class k counts.
func (t *dayTable) full(k int) bool {
	for day := 1; day <= shortestMonth+k; day++ {
		if t[day] != everyWeekday {
			return false
		}
	}
	return true
}

// weekdays returns all weekdays in the tables.
func (t *dayTables) weekdays() (w calendar.Weekdays) {
	for k := range t {
		for _, on := range t[k] {
			w |= on
		}
	}
	return w
}
