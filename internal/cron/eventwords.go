package cron

import "github.com/montimer/montimer/internal/calendar"

// EventWords says what a calendar event means, as a person would. It returns
// "" for what cron expressions have no words for, such as parts of seconds.
func EventWords(e calendar.Event) string {
	x := Expression{zone: e.Zone}
	x.second = values(e.Second, calendar.Second, &second)
	x.minute = values(e.Minute, 1, &minute)
	x.hour = values(e.Hour, 1, &hour)
	x.month = values(e.Month, 1, &month)
	x.years = expand(endRanges(e.Year, 1, lastYear), 1, firstYear, lastYear, firstYear)

	x.days = dayRule{domStar: true, dow: e.Weekdays, dom: values(e.Day, 1, &dayOfMonth)}
	if e.Weekdays == 0 {
		x.days.dow = everyWeekday
	}
	if e.FromEnd {
		if x.days.dom != 1<<1 { // only the last day has a name
			return ""
		}
		x.days.dom, x.days.last = 0, true
	}
	x.tables = x.days.tables()
	if x.second == 0 || x.minute == 0 || x.hour == 0 || x.month == 0 || x.years == (set{}) || x.days.dom == 0 && !x.days.last {
		return ""
	}
	return x.Words()
}

// values returns the values of ranges for a field, none where one is no value
// of a cron field.
func values(ranges []calendar.Range, unit int, f *field) uint64 {
	return expand(endRanges(ranges, unit, f.max), unit, f.min, f.max, 0)[0]
}

// endRanges ends the ranges that are open, "START/STEP", at the greatest value.
func endRanges(ranges []calendar.Range, unit, last int) []calendar.Range {
	var out []calendar.Range
	for _, r := range ranges {
		if r.Stop == 0 && r.Step != 0 {
			r.Stop = last * unit
		}
		out = append(out, r)
	}
	return out
}
