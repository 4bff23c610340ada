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
	words := x.clockWords()
	switch {
	case x.boot:
		return "once after each boot"
	case x.every > 0:
		return "every " + durationWords(x.every)
	}
	words += x.dateWords(strings.HasPrefix(words, "at ") && strings.Contains(words, ":"))
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

// clockWords says at what times of a day.
func (m *meaning) clockWords() string {
	n := bits.OnesCount64(m.second) * bits.OnesCount64(m.minute) * bits.OnesCount64(m.hour)
	if n <= maxTimes && m.hour != 1<<24-1 {
		return "at " + and(m.times())
	}
	hours := m.hourWords()
	minutes, steady := cadence(m.minute, &minute)
	if m.second == 1 {
		if steady {
			return minutes + hours
		}
		if hours == "" {
			return "every hour at " + minutes
		}
		return "at " + minutes + hours
	}
	seconds, steadySeconds := cadence(m.second, &second)
	if !steadySeconds {
		seconds = "at " + seconds
	}
	switch {
	case minutes == "every minute" && steadySeconds:
		return seconds + hours
	case steady:
		return seconds + " of " + minutes + hours
	case hours == "":
		hours = " of every hour"
	}
	return seconds + " of " + minutes + hours
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
	s := set{m.hour}
	first, last := s.next(0), bits.Len64(m.hour)-1
	switch {
	case m.hour == 1<<24-1:
		return ""
	case last-first+1 == bits.OnesCount64(m.hour):
		return fmt.Sprintf(" from %02d:00 to %02d:59", first, last)
	}
	return " of " + valueWords(m.hour, &hour)
}

// cadence returns "every 10 minutes" and true for values that go on steadily
// from one hour (or minute) into the next, and else "minutes 7 and 37".
func cadence(values uint64, f *field) (words string, steady bool) {
	list := members(values)
	step := (f.max + 1) / len(list)
	for i, v := range list {
		if v != i*step {
			return valueWords(values, f), false
		}
	}
	switch {
	case step*len(list) <= f.max || len(list) == 1:
		return valueWords(values, f), false
	case step == 1:
		return "every " + f.name, true
	}
	return fmt.Sprintf("every %d %ss", step, f.name), true
}

// valueWords names the values of a field: "minutes 0 to 9 and 30".
func valueWords(values uint64, f *field) string {
	if values&(values-1) == 0 {
		return f.name + " " + strconv.Itoa(bits.TrailingZeros64(values))
	}
	return f.name + "s " + and(runs(set{values}, strconv.Itoa))
}

// runs names the members of a set, three and more in equal steps as one.
func runs(s set, name func(int) string) []string {
	var list []string
	for _, r := range s.ranges(0) {
		text := name(r.Start)
		if r.Step > 0 {
			text += " to " + name(r.Stop)
		}
		if r.Step > 1 {
			text += fmt.Sprintf(" by %d", r.Step)
		}
		list = append(list, text)
	}
	return list
}

// dateWords says on which days; daily adds "every day" where it is on all.
func (x *Expression) dateWords(daily bool) string {
	days, months, years := x.dayWords(), "", ""
	if x.month != allMonths {
		months = and(runs(set{x.month}, func(m int) string { return monthNames[m-1] }))
	}
	if x.years != allYears {
		years = " in " + and(runs(x.years, func(y int) string { return strconv.Itoa(firstYear + y) }))
	}
	switch {
	case days != "" && daily:
		days = " " + days
	case days != "":
		days = ", " + days
	case daily:
		days = " every day"
	}
	if months != "" && strings.HasPrefix(days, " on the ") && !strings.Contains(days, "every") {
		return days + " of " + months + years
	}
	if months != "" {
		months = " in " + months
	}
	return days + months + years
}

// dayWords is "" for every day.
func (x *Expression) dayWords() string {
	r := &x.days
	dom, dow := r.domWords(), r.dowWords()
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
func (r *dayRule) domWords() string {
	if r.dom == 1<<32-2 {
		return ""
	}
	var list []string
	if r.dom != 0 {
		list = append(list, "on the "+and(runs(set{r.dom}, ordinal)))
	}
	if r.last {
		list = append(list, "on the last day of the month")
	}
	for _, d := range members(r.workdays) {
		list = append(list, "on the day from Monday to Friday nearest the "+ordinal(d))
	}
	if r.lastWorkday {
		list = append(list, "on the last day of the month from Monday to Friday")
	}
	return and(list)
}

// dowWords says what the day-of-week field holds, "" for all days.
func (r *dayRule) dowWords() string {
	var list []string
	switch days := weekdayList(r.dow); {
	case r.dow == everyWeekday:
		return ""
	case len(days) > 2 && r.dow>>bits.TrailingZeros8(uint8(r.dow)) == 1<<len(days)-1:
		list = append(list, "from "+days[0]+" to "+days[len(days)-1])
	case len(days) > 0:
		list = append(list, "every "+and(days))
	}
	for i, days := range r.nth {
		for _, name := range weekdayList(days) {
			list = append(list, fmt.Sprintf("on the %s %s of the month", ordinal(i+1), name))
		}
	}
	for _, name := range weekdayList(r.lastDow) {
		list = append(list, "on the last "+name+" of the month")
	}
	return and(list)
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
