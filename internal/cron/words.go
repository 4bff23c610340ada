package cron

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// Words says what the expression means, as a person would.
func (x *Expression) Words() string {
	switch {
	case x.boot:
		return "once after each boot"
	case x.every > 0:
		return "every " + durationWords(x.every)
	}
	words, timesNamed := x.clockWords()
	words += x.dateWords(timesNamed)
	if x.zone != "" {
		words += ", " + x.zone + " time"
	}
	return words
}

// durationWords writes whole seconds in the greatest unit that divides them.
func durationWords(d time.Duration) string {
	n, unit := int(d/time.Second), "second"
	switch {
	case d%time.Hour == 0:
		n, unit = int(d/time.Hour), "hour"
	case d%time.Minute == 0:
		n, unit = int(d/time.Minute), "minute"
	}
	if n == 1 {
		return unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// maxTimes is how many times of a day are written out.
const maxTimes = 6

const allHours = 1<<24 - 1

// clockWords says at what times of a day, and whether it named them one by one.
func (m *meaning) clockWords() (words string, named bool) {
	n := bits.OnesCount64(m.second) * bits.OnesCount64(m.minute) * bits.OnesCount64(m.hour)
	if n <= maxTimes && m.hour != allHours {
		return "at " + and(m.times()), true
	}
	hours := m.hourWords()
	minutes, steady := cadence(m.minute, &minute)
	if m.second != 1 {
		seconds, steadySeconds := cadence(m.second, &second)
		switch {
		case minutes == "every minute" && steadySeconds:
			return seconds + hours, false
		case !steady && hours == "":
			hours = " of every hour"
		}
		return seconds + " of " + strings.TrimPrefix(minutes, "at ") + hours, false
	}
	every, steadyHours := cadence(m.hour, &hour)
	switch first, last := bounds(m.hour); {
	case steady:
		return minutes + hours, false
	case steadyHours:
		return every + " " + minutes, false
	case contiguous(m.hour) && bits.OnesCount64(m.minute) == 1:
		min := bits.TrailingZeros64(m.minute)
		return fmt.Sprintf("every hour from %02d:%02d to %02d:%02d", first, min, last, min), false
	}
	return minutes + hours, false
}

// bounds returns the least and the greatest member.
func bounds(values uint64) (first, last int) {
	return bits.TrailingZeros64(values), bits.Len64(values) - 1
}

func contiguous(values uint64) bool {
	first, last := bounds(values)
	return last-first+1 == bits.OnesCount64(values)
}

// times lists the times of a day.
func (m *meaning) times() []string {
	var list []string
	for _, h := range members(m.hour) {
		for _, min := range members(m.minute) {
			for _, s := range members(m.second) {
				text := fmt.Sprintf("%02d:%02d", h, min)
				if m.second != 1 {
					text += fmt.Sprintf(":%02d", s)
				}
				list = append(list, text)
			}
		}
	}
	return list
}

// hourWords is "" for all hours.
func (m *meaning) hourWords() string {
	switch first, last := bounds(m.hour); {
	case m.hour == allHours:
		return ""
	case contiguous(m.hour):
		return fmt.Sprintf(" from %02d:00 to %02d:59", first, last)
	}
	return " of " + valueWords(m.hour, &hour)
}

// cadence returns "every 10 minutes" and true for values that go on steadily
// from one hour (minute, day) into the next, and else "at minutes 7 and 37".
func cadence(values uint64, f *field) (words string, steady bool) {
	n := bits.OnesCount64(values)
	step := (f.max + 1) / n
	var even set
	for v := 0; v <= f.max; v += step {
		even.add(v)
	}
	if n == 1 || even != (set{values}) {
		return "at " + valueWords(values, f), false
	}
	if step == 1 {
		return "every " + f.name, true
	}
	return fmt.Sprintf("every %d %ss", step, f.name), true
}

// valueWords names the values of a field: "minutes 0 to 9 and 30".
func valueWords(values uint64, f *field) string {
	if values&(values-1) == 0 {
		return f.name + " " + strconv.Itoa(bits.TrailingZeros64(values))
	}
	return f.name + "s " + and(names(set{values}, strconv.Itoa))
}

// names names the members of a set, short: "1 to 9", "0, 7, …, 56".
func names(s set, name func(int) string) []string {
	var list []string
	for _, r := range s.ranges(0) {
		switch {
		case r.Step == 0:
			list = append(list, name(r.Start))
		case r.Step == 1:
			list = append(list, name(r.Start)+" to "+name(r.Stop))
		case r.Start+5*r.Step <= r.Stop:
			list = append(list, fmt.Sprintf("%s, %s, …, %s", name(r.Start), name(r.Start+r.Step), name(r.Stop)))
		default:
			for v := r.Start; v <= r.Stop; v += r.Step {
				list = append(list, name(v))
			}
		}
	}
	return list
}

// dateWords says on which days, as what follows the words of the clock. Times
// that are named one by one need an "every day".
func (x *Expression) dateWords(timesNamed bool) string {
	months := ""
	if x.month != allMonths {
		months = and(names(set{x.month}, monthName))
	}
	words := x.dayWords(months)
	switch {
	case words != "" && timesNamed:
		words = " " + words
	case words != "":
		words = ", " + words
	case timesNamed:
		words = " every day" + inMonths(months)
	default:
		words = inMonths(months)
	}
	if x.years != allYears {
		words += " in " + and(names(x.years, func(y int) string { return strconv.Itoa(firstYear + y) }))
	}
	return words
}

func monthName(m int) string { return monthNames[m-1] }

func inMonths(months string) string {
	if months == "" {
		return ""
	}
	return " in " + months
}

// ofMonths ends what chooses days of a month, such as the last.
func ofMonths(months string) string {
	if months == "" {
		return " of the month"
	}
	return " of " + months
}

// dayWords is "" for every day. months is "" for all.
func (x *Expression) dayWords(months string) string {
	r := &x.days
	dom, dow := r.domWords(months), r.dowWords(months)
	switch {
	case x.everyDay():
		return ""
	case !r.domStar && !r.dowStar:
		return dom + ", and also " + dow
	case dow == "":
		return dom
	case dom == "":
		return dow
	}
	return dom + " if that is a " + or(weekdayList(r.dow))
}

// domWords says what the day-of-month field holds, "" for all days.
func (r *dayRule) domWords(months string) string {
	if r.dom == 1<<32-2 {
		return ""
	}
	var list []string
	if r.dom != 0 {
		list = append(list, "on the "+and(names(set{r.dom}, ordinal)))
	}
	if last := r.lastDays(); last != "" {
		list = append(list, "on the "+last)
	}
	for _, d := range members(r.workdays) {
		list = append(list, "on the workday (Monday to Friday) nearest the "+ordinal(d))
	}
	if r.lastWorkday {
		list = append(list, "on the last workday (Monday to Friday)")
	}
	if months == "" && !r.special(&dayOfMonth) {
		return and(list)
	}
	return and(list) + ofMonths(months)
}

// lastDays names the days that are counted from the end of the month.
func (r *dayRule) lastDays() string {
	days := r.fromEnd
	if r.last {
		days |= 1 << 1
	}
	var list []string
	for i, n := range members(days) {
		switch first, last := bounds(days); {
		case contiguous(days) && last-first > 1 && first == 1:
			return fmt.Sprintf("last %d days", last)
		case n == 1:
			list = append(list, "last day")
		case i == 0 || len(list) == 1 && list[0] == "last day":
			list = append(list, countback(n)+" to last day")
		default:
			list = append(list, countback(n)+" to last")
		}
	}
	return and(list)
}

// countback names the nth last: "second" to last is n 2.
func countback(n int) string {
	if n <= len(nths) {
		return nths[n-1]
	}
	return ordinal(n)
}

// dowWords says what the day-of-week field holds, "" for all days.
func (r *dayRule) dowWords(months string) string {
	if r.dow == everyWeekday {
		return ""
	}
	var list []string
	switch days := weekdayList(r.dow); {
	case len(days) > 2 && contiguous(uint64(r.dow)):
		list = append(list, "from "+days[0]+" to "+days[len(days)-1])
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
		return and(list) + ofMonths(months)
	}
	return and(list) + inMonths(months)
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

func members(values uint64) []int {
	var list []int
	for ; values != 0; values &= values - 1 {
		list = append(list, bits.TrailingZeros64(values))
	}
	return list
}

func and(list []string) string { return join(list, " and ") }
func or(list []string) string  { return join(list, " or ") }

// join puts commas between the items of a list, and last before its last.
func join(list []string, last string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	n := len(list) - 1
	return strings.Join(list[:n], ", ") + last + list[n]
}
