package calendar

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxComponents is how many components systemd reads in one list.
const maxComponents = 241

// list takes "*", which gives nil, or components with commas between them.
// Their numbers come in units of 1/unit; only where unit is more than 1 may
// they have fractions.
func (p *parser) list(unit int) ([]Range, error) {
	if p.cut("*") {
		return nil, nil
	}
	var ranges []Range
	for {
		if len(ranges) == maxComponents {
			return nil, fmt.Errorf("more than %d components in one list", maxComponents)
		}
		r, err := p.component(unit)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, r)
		if !p.cut(",") {
			return ranges, nil
		}
	}
}

// component takes START, START..STOP, START/STEP or START..STOP/STEP.
func (p *parser) component(unit int) (r Range, err error) {
	r.Stop = -1
	if r.Start, err = p.number(unit); err != nil {
		return r, err
	}
	if p.cut("..") {
		if r.Stop, err = p.number(unit); err != nil {
			return r, err
		}
		r.Step = unit
	}
	switch {
	case p.cut("/"):
		if r.Step, err = p.number(unit); err != nil {
			return r, err
		}
		if r.Step == 0 {
			return r, errors.New("a step of 0")
		}
	case unit > 1 && r.Stop >= 0 && r.Start+r.Step > r.Stop:
		return r, errors.New("a range of less than a second")
	}
	if !p.before(" ,-~:") {
		return r, p.unexpected()
	}
	return r, nil
}

// number takes digits, and with them a fraction if unit allows it. Like
// systemd it refuses what an int of 32 bits cannot hold.
func (p *parser) number(unit int) (int, error) {
	whole, rest := cutDigits(p.rest)
	if whole == "" {
		return 0, p.unexpected()
	}
	n, err := strconv.ParseInt(whole, 10, 32)
	n *= int64(unit)
	p.rest = rest
	if unit > 1 && !strings.HasPrefix(p.rest, "..") && p.cut(".") {
		fraction, rest := cutDigits(p.rest)
		if fraction == "" {
			return 0, p.unexpected()
		}
		n += micros(fraction)
		p.rest = rest
	}
	if err != nil || n > math.MaxInt32 {
		return 0, fmt.Errorf("%s is out of range", quote(whole))
	}
	return int(n), nil
}

// micros rounds the decimals of a second to microseconds.
func micros(decimals string) int64 {
	n, place := int64(0), int64(Second)
	for _, c := range []byte(decimals[:min(6, len(decimals))]) {
		place /= 10
		n += int64(c-'0') * place
	}
	if len(decimals) > 6 && decimals[6] >= '5' {
		n++
	}
	return n
}

func cutDigits(s string) (digits, rest string) {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return s[:n], s[n:]
}

// normalize brings e into normal form, or says why it cannot elapse.
func normalize(e *Event) error {
	if e.Weekdays == allWeekdays {
		e.Weekdays = 0
	}
	e.FromEnd = e.FromEnd && e.Day != nil
	for i := range e.Year {
		e.Year[i].Start = fullYear(e.Year[i].Start)
		e.Year[i].Stop = fullYear(e.Year[i].Stop)
	}
	dayLimit := limit{"day", 1, 31, 0}
	if e.FromEnd {
		dayLimit = limit{"day from the end of the month", 1, 31, 3}
	}
	for _, list := range []struct {
		ranges *[]Range
		limit
	}{
		{&e.Year, limit{"year", minYear, maxYear, 0}},
		{&e.Month, limit{"month", 1, 12, 0}},
		{&e.Day, dayLimit},
		{&e.Hour, limit{"hour", 0, 23, 0}},
		{&e.Minute, limit{"minute", 0, 59, 0}},
		{&e.Second, limit{"second", 0, 60*Second - 1, 0}},
	} {
		*list.ranges = sorted(*list.ranges)
		if err := list.check(*list.ranges); err != nil {
			return err
		}
		for i := range *list.ranges {
			r := &(*list.ranges)[i]
			r.Stop = max(r.Stop, 0) // a Stop of 0 would have been a single 0
		}
	}
	if slices.Contains(e.Second, Range{Step: Second}) {
		e.Second = nil
	}
	return nil
}

// fullYear completes years of two digits: 70 is 1970, 69 is 2069.
func fullYear(n int) int {
	switch {
	case n >= 0 && n < 70:
		return n + 2000
	case n >= 70 && n < 100:
		return n + 1900
	}
	return n
}

// sorted cuts each Stop to the last step that is reached and puts the ranges
// in order, each once.
func sorted(ranges []Range) []Range {
	for i := range ranges {
		r := &ranges[i]
		if r.Stop > r.Start {
			r.Stop -= (r.Stop - r.Start) % r.Step
		}
		if r.Stop == r.Start {
			r.Stop, r.Step = -1, 0
		}
	}
	slices.SortFunc(ranges, func(a, b Range) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Stop, b.Stop), cmp.Compare(a.Step, b.Step))
	})
	return slices.Compact(ranges)
}

// limit is what systemd allows the components of one list to be. Where shrink
// is not 0 the upper end is lower by that for the first component, by twice
// that for the second, and so on: systemd means to keep days from the end of
// the month within February, and does it once for each component.
type limit struct {
	name              string
	low, high, shrink int
}

func (l limit) check(ranges []Range) error {
	high := l.high
	for _, r := range ranges {
		high -= l.shrink
		last := r.Start
		if r.Stop >= 0 {
			last = r.Stop
		}
		switch {
		case r.Start < l.low || r.Start > high, last < l.low || last > high:
			return fmt.Errorf("%s is not within %s", l.name, l.span(high))
		case r.Stop >= 0 && r.Start+r.Step > r.Stop:
			return fmt.Errorf("%s range runs backwards", l.name)
		case r.Step > high-l.low,
			r.Stop < 0 && l.shrink == 0 && r.Start+r.Step > high,
			r.Stop < 0 && l.shrink != 0 && r.Start-r.Step < l.low:
			return fmt.Errorf("%s step leads out of %s", l.name, l.span(high))
		}
	}
	return nil
}

func (l limit) span(high int) string {
	if l.name == "second" {
		return "0 to 59"
	}
	return fmt.Sprintf("%d to %d", l.low, high)
}
