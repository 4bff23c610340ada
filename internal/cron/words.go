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
