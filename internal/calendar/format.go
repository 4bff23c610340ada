package calendar

import "strconv"

var weekdayNames = [7]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// String returns the normal form, as `systemd-analyze calendar` prints it.
func (e Event) String() string {
	b := make([]byte, 0, 64)
	if e.Weekdays != 0 && e.Weekdays != allWeekdays {
		b = appendWeekdays(b, e.Weekdays)
		b = append(b, ' ')
	}
	b = appendRanges(b, e.Year, 4, 1)
	b = append(b, '-')
	b = appendRanges(b, e.Month, 2, 1)
	if e.FromEnd {
		b = append(b, '~')
	} else {
		b = append(b, '-')
	}
	b = appendRanges(b, e.Day, 2, 1)
	b = append(b, ' ')
	b = appendRanges(b, e.Hour, 2, 1)
	b = append(b, ':')
	b = appendRanges(b, e.Minute, 2, 1)
	b = append(b, ':')
	b = appendRanges(b, e.Second, 2, Second)
	if e.Zone != "" {
		b = append(b, ' ')
		b = append(b, e.Zone...)
	}
	return string(b)
}

// appendWeekdays writes runs of three days or more with "..".
func appendWeekdays(b []byte, set Weekdays) []byte {
	for first := 0; first < 7; {
		if set&(1<<first) == 0 {
			first++
			continue
		}
		last := first
		for last < 6 && set&(1<<(last+1)) != 0 {
			last++
		}
		if n := len(b); n > 0 {
			b = append(b, ',')
		}
		b = append(b, weekdayNames[first]...)
		if last > first {
			if last > first+1 {
				b = append(b, ".."...)
			} else {
				b = append(b, ',')
			}
			b = append(b, weekdayNames[last]...)
		}
		first = last + 1
	}
	return b
}

// appendRanges writes a list; its numbers are in units of 1/unit.
func appendRanges(b []byte, ranges []Range, width, unit int) []byte {
	if ranges == nil {
		return append(b, '*')
	}
	for i, r := range ranges {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendNumber(b, r.Start, width, unit)
		if r.Stop > 0 {
			b = append(b, ".."...)
			b = appendNumber(b, r.Stop, width, unit)
		}
		if r.Step > 0 && !(r.Stop > 0 && r.Step == unit) {
			b = append(b, '/')
			b = appendNumber(b, r.Step, 1, unit)
		}
	}
	return b
}

func appendNumber(b []byte, n, width, unit int) []byte {
	b = appendPadded(b, n/unit, width)
	if n%unit > 0 {
		b = append(b, '.')
		b = appendPadded(b, n%unit, 6)
	}
	return b
}

func appendPadded(b []byte, n, width int) []byte {
	for limit := 10; width > 1; width-- {
		if n < limit {
			b = append(b, '0')
		}
		limit *= 10
	}
	return strconv.AppendInt(b, int64(n), 10)
}
