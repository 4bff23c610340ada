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
		words += ", " + zoneWords(x.zone)
	}
	return words
}

// zoneWords names a zone. Etc/GMT+5 is behind UTC, by the sign of POSIX.
func zoneWords(zone string) string {
	offset, fixed := strings.CutPrefix(zone, "Etc/GMT")
	switch {
	case zone == "UTC":
		return zone
	case fixed && strings.HasPrefix(offset, "+"):
		return "UTC-" + offset[1:]
	case fixed && strings.HasPrefix(offset, "-"):
		return "UTC+" + offset[1:]
	}
	return zone + " time"
}

// durationWords writes whole seconds in one unit, or from two minutes on in as
// many as it takes.
func durationWords(d time.Duration) string {
	n, unit := int(d/time.Second), "second"
	switch {
	case d%time.Hour == 0:
		n, unit = int(d/time.Hour), "hour"
	case d%time.Minute == 0:
		n, unit = int(d/time.Minute), "minute"
	case d > 2*time.Minute:
		var parts []string
		for _, u := range []struct {
			name string
			unit time.Duration
		}{{"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}} {
			if d >= u.unit {
				parts = append(parts, fmt.Sprintf("%d %s", d/u.unit, u.name))
				d %= u.unit
			}
		}
		return strings.Join(parts, " ")
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
	if m.second != 1 && bits.OnesCount64(m.second)*bits.OnesCount64(m.minute)*bits.OnesCount64(m.hour) > maxTimes {
		return m.secondWords(), false
	}
	firstHour, lastHour := bounds(m.hour)
	firstMinute, lastMinute := bounds(m.minute)
	minutes, steady := cadence(m.minute, &minute)
	hours, steadyHours := cadence(m.hour, &hour)
	oneMinute := firstMinute == lastMinute
	switch n := bits.OnesCount64(m.minute) * bits.OnesCount64(m.hour); {
	case m.second == 1 && firstHour == lastHour && n > 3 && contiguous(m.minute):
		return fmt.Sprintf("every minute from %02d:%02d to %02d:%02d", firstHour, firstMinute, firstHour, lastMinute), true
	case n <= maxTimes && m.hour != allHours:
		return "at " + and(m.times()), true
	case steady && m.hour == allHours:
		return minutes, false
	case steady && steadyHours:
		return minutes + " in " + everyNth(m.hour), false
	case steady && contiguous(m.hour):
		return fmt.Sprintf("%s from %02d:00 to %02d:59", minutes, firstHour, lastHour), false
	case steady:
		return minutes + " of " + valueWords(m.hour, &hour), false
	case steadyHours && m.minute == 1:
		return hours + ", on the hour", false
	case steadyHours:
		return hours + " " + minutes, false
	case contiguous(m.hour) && oneMinute:
		return fmt.Sprintf("every hour from %02d:%02d to %02d:%02d", firstHour, firstMinute, lastHour, firstMinute), false
	}
	return minutes + " of " + valueWords(m.hour, &hour), false
}

// secondWords is clockWords for more seconds than can be named one by one.
func (m *meaning) secondWords() string {
	words, steady := cadence(m.second, &second)
	switch first, last := bounds(m.hour); {
	case m.minute != 1<<60-1:
		words += " of " + valueWords(m.minute, &minute) + " of " + hoursOf(m.hour)
	case !steady:
		words += " of every minute"
		if m.hour != allHours {
			words += " of " + hoursOf(m.hour)
		}
	case m.hour == allHours:
	case contiguous(m.hour):
		words += fmt.Sprintf(" from %02d:00 to %02d:59", first, last)
	default:
		words += " of " + hoursOf(m.hour)
	}
	return words
}

func hoursOf(hours uint64) string {
	if hours == allHours {
		return "every hour"
	}
	return valueWords(hours, &hour)
}

// everyNth names hours that go on steadily: every third hour (00:00, …).
func everyNth(hours uint64) string {
	list := members(hours)
	step := 24 / len(list)
	var nth string
	if step <= len(nths) {
		nth = nths[step-1]
	} else {
		nth = ordinal(step)
	}
	shown := []string{}
	for _, h := range list {
		shown = append(shown, fmt.Sprintf("%02d:00", h))
	}
	times := and(shown)
	if len(shown) > 4 {
		times = fmt.Sprintf("%s, %s, …, %s", shown[0], shown[1], shown[len(shown)-1])
	}
	return fmt.Sprintf("every %s hour (%s)", nth, times)
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

// rangesOf returns values as ranges.
func rangesOf(values uint64) []calendar.Range {
	s := set{values}
	return s.ranges(0)
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
	all := "every month"
	switch {
	case r.special(&dayOfMonth):
		all = "the month"
	case r.dom&(1<<29-1) == 0 && r.dom&(r.dom-1) == 0:
		all = "the months that have one"
	case r.dom&(1<<29-1) == 0:
		all = "the months that have them"
	}
	return and(list) + x.ofMonths(all)
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
