package cron

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// dateWords says on which days, as what follows the words of the clock. Times
// that are named one by one need an "every day".
func (x *Expression) dateWords(timesNamed bool) string {
	if date := x.oneDate(); date != "" {
		return separate(timesNamed) + date
	}
	words := x.dayWords()
	switch {
	case words != "":
		words = separate(timesNamed) + words
	case timesNamed:
		words = " every day" + x.inMonths()
	default:
		words = x.inMonths()
	}
	if x.years != allYears {
		words += inSpan(x.years, func(y int) string { return strconv.Itoa(firstYear + y) })
	}
	return words
}

// separate goes between the times and the days.
func separate(timesNamed bool) string {
	if timesNamed {
		return " "
	}
	return ", "
}

// oneDate names the only day of an expression: "on 2 January 2027".
func (x *Expression) oneDate() string {
	y := x.years.next(0)
	if y < 0 || x.years.next(y+1) >= 0 || x.month&(x.month-1) != 0 || x.days.dom == 0 || x.days.dom&(x.days.dom-1) != 0 ||
		x.days.special(&dayOfMonth) || x.days.special(&dayOfWeek) || !x.days.domStar && !x.days.dowStar && x.days.dow != everyWeekday {
		return ""
	}
	date := time.Date(firstYear+y, time.Month(members(x.month)[0]), members(x.days.dom)[0], 0, 0, 0, 0, time.UTC)
	words := "on " + date.Format("2 January 2006")
	if x.days.dow != everyWeekday {
		words += ", a " + date.Weekday().String()
	}
	return words
}

func monthName(m int) string { return monthNames[m-1] }

// inSpan says " from May to September", or " in May and July".
func inSpan(s set, name func(int) string) string {
	if list := s.ranges(0); len(list) == 1 && list[0].Step == 1 {
		return " from " + name(list[0].Start) + " to " + name(list[0].Stop)
	}
	return " in " + and(names(s, name))
}

// inMonths is "" for all months.
func (m *meaning) inMonths() string {
	if m.month == allMonths {
		return ""
	}
	return inSpan(set{m.month}, monthName)
}

// ofMonths ends what chooses days of a month, such as the last; all is what it
// says of all months.
func (m *meaning) ofMonths(all string) string {
	switch {
	case m.month == allMonths:
		return " of " + all
	case strings.HasPrefix(m.inMonths(), " from "):
		return " of every month" + m.inMonths()
	}
	return " of " + and(names(set{m.month}, monthName))
}

// longest is the number of days of the longest month.
func (m *meaning) longest() int {
	for k := 3; k > 0; k-- {
		if months, _ := m.class(k); months != 0 {
			return shortestMonth + k
		}
	}
	return shortestMonth
}

// dayWords is "" for every day.
func (x *Expression) dayWords() string {
	r := x.days
	r.dom &= 1<<(x.longest()+1) - 1 // no words for a 30th of February
	dom, dow := x.domWords(&r), x.dowWords(&r)
	every := x.days.dom == 1<<32-2
	switch {
	case x.everyDay():
		return ""
	case !r.domStar && !r.dowStar && dom == "" && !every:
		return dow
	case !r.domStar && !r.dowStar:
		return dom + ", and also " + dow
	case dow == "":
		return dom
	case dom == "":
		return dow
	}
	return x.both(&r, dom)
}

// both says that a day must be one of the month and one of the week.
func (x *Expression) both(r *dayRule, dom string) string {
	days, others := weekdayList(r.dow), weekdayList(everyWeekday&^r.dow)
	first, last := bounds(r.dom)
	switch n := bits.OnesCount64(r.dom); {
	case r.special(&dayOfMonth), n == 1, !contiguous(r.dom), n <= 7 && len(days) > 1:
		if len(days) > len(others) {
			return dom + " unless that is a " + or(others)
		}
		return dom + " if that is a " + or(days)
	case n <= 7:
		return fmt.Sprintf("on the %s that falls on the %s to %s", days[0], ordinal(first), ordinal(last)) + x.ofMonths("every month")
	}
	return fmt.Sprintf("every %s from the %s to the %s", and(days), ordinal(first), ordinal(last)) + x.ofMonths("every month")
}

// domWords says what the day-of-month field holds, "" for all days.
func (x *Expression) domWords(r *dayRule) string {
	if r.dom == 1<<(x.longest()+1)-2 {
		return ""
	}
	var list []string
	switch span := rangesOf(r.dom); {
	case r.dom == 0:
	case len(span) == 1 && span[0].Step == 1 && x.single(r):
		name := monthName(members(x.month)[0])
		return fmt.Sprintf("from %d to %d %s", span[0].Start, span[0].Stop, name)
	case len(span) == 1 && span[0].Step == 1:
		list = append(list, "from the "+ordinal(span[0].Start)+" to the "+ordinal(span[0].Stop))
	default:
		list = append(list, "on the "+and(names(set{r.dom}, ordinal)))
	}
	if last := r.lastDays(); last != "" {
		list = append(list, last)
	}
	for _, d := range members(r.workdays) {
		list = append(list, "on the workday (Monday to Friday) nearest the "+ordinal(d))
	}
	if r.lastWorkday {
		list = append(list, "on the last workday (Monday to Friday)")
	}
	if len(list) == 0 {
		return ""
	}
	return and(list) + x.ofMonths(r.allMonths())
}

// allMonths names the months that have the days of the day-of-month field.
func (r *dayRule) allMonths() string {
	switch {
	case r.special(&dayOfMonth):
		return "the month"
	case r.dom&(1<<29-1) == 0 && r.dom&(r.dom-1) == 0:
		return "the months that have one"
	case r.dom&(1<<29-1) == 0:
		return "the months that have them"
	}
	return "every month"
}

// single reports whether plain days of one month are all that is chosen.
func (x *Expression) single(r *dayRule) bool {
	return x.month&(x.month-1) == 0 && !r.special(&dayOfMonth)
}

// lastDays says on which days that are counted from the end of the month.
func (r *dayRule) lastDays() string {
	days := r.fromEnd
	if r.last {
		days |= 1 << 1
	}
	if days == 0 {
		return ""
	}
	first, last := bounds(days)
	switch long := contiguous(days) && last-first > 1; {
	case long && first == 1:
		return fmt.Sprintf("on the last %d days", last)
	case long:
		return fmt.Sprintf("from the %s to last to the %s to last day", countback(last), countback(first))
	}
	var list []string
	for _, n := range members(days) {
		if n == 1 {
			list = append(list, "last")
		} else {
			list = append(list, countback(n)+" to last")
		}
	}
	return "on the " + and(list) + " day"
}

// countback names the nth last: "second" to last is n 2.
func countback(n int) string {
	if n <= len(nths) {
		return nths[n-1]
	}
	return ordinal(n)
}

// dowWords says what the day-of-week field holds, "" for all days.
func (x *Expression) dowWords(r *dayRule) string {
	if r.dow == everyWeekday {
		return ""
	}
	var list []string
	switch days := weekdayList(r.dow); {
	case len(days) > 2 && contiguous(uint64(r.dow)):
		list = append(list, "from "+days[0]+" to "+days[len(days)-1])
	case len(days) == 6 && !r.special(&dayOfWeek):
		list = append(list, "every day but "+weekdayList(everyWeekday &^ r.dow)[0])
	case len(days) > 0:
		list = append(list, "every "+and(days))
	}
	for i, days := range r.nth {
		for _, name := range weekdayList(days) {
			list = append(list, fmt.Sprintf("on the %s %s", nths[i], name))
		}
	}
	for _, name := range weekdayList(r.lastDow) {
		list = append(list, "on the last "+name)
	}
	if r.special(&dayOfWeek) {
		return and(list) + x.ofMonths("the month")
	}
	return and(list) + x.inMonths()
}

// weekdayList names weekdays from Monday on.
func weekdayList(days calendar.Weekdays) []string {
	var names []string
	for i := range 7 {
		if days>>i&1 != 0 {
			names = append(names, weekdayNames[(i+1)%7])
		}
	}
	return names
}

var nths = [...]string{"first", "second", "third", "fourth", "fifth"}

func ordinal(n int) string {
	suffix := "th"
	if n/10 != 1 && n%10 >= 1 && n%10 <= 3 {
		suffix = [...]string{"st", "nd", "rd"}[n%10-1]
	}
	return strconv.Itoa(n) + suffix
}
