package calendar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Parse reads one calendar event and accepts what systemd 252 accepts, with
// one exception: the abbreviations of the host's own zone ("CEST"), since their
// meaning depends on the host. A zone must be known to time.LoadLocation. The
// event is in normal form.
func Parse(s string) (Event, error) {
	e, err := parse(s)
	if err != nil {
		return Event{}, fmt.Errorf("calendar event %s: %w", quote(s), err)
	}
	return e, nil
}

// quote keeps error messages short for any input.
func quote(s string) string {
	if len(s) > 80 {
		return strconv.Quote(s[:60]) + "…"
	}
	return strconv.Quote(s)
}

func parse(s string) (Event, error) {
	s, zone := cutZone(s)
	if s == "" {
		return Event{}, errors.New("empty")
	}
	p := parser{rest: shorthand(s)}
	e := Event{Zone: zone}
	var err error
	if e.Weekdays, err = p.weekdays(); err != nil {
		return Event{}, err
	}
	if p.cut("@") {
		err = p.timestamp(&e)
	} else if err = p.date(&e); err == nil {
		err = p.time(&e)
	}
	if err != nil {
		return Event{}, err
	}
	return e, normalize(&e)
}

// A parser consumes rest from the front. In its ranges an absent Stop is -1;
// normalize turns that into the form that Range documents.
type parser struct{ rest string }

// cut takes prefix off, if it is there.
func (p *parser) cut(prefix string) (found bool) {
	p.rest, found = strings.CutPrefix(p.rest, prefix)
	return found
}

// before reports whether one of the bytes in set, or the end, comes next.
func (p *parser) before(set string) bool {
	return p.rest == "" || strings.IndexByte(set, p.rest[0]) >= 0
}

func (p *parser) skipBlanks() { p.rest = strings.TrimLeft(p.rest, " ") }

func (p *parser) unexpected() error {
	if p.rest == "" {
		return errors.New("unexpected end")
	}
	return fmt.Errorf("unexpected %s", quote(p.rest))
}

// weekdays takes the optional weekday part with the blanks after it. A comma
// at its end is allowed, and "-" for "..".
func (p *parser) weekdays() (Weekdays, error) {
	var set Weekdays
	first := -1 // of an open range
	for {
		day := p.weekday()
		if day < 0 {
			if set == 0 {
				return 0, nil
			}
			return 0, p.unexpected()
		}
		if first > day {
			return 0, fmt.Errorf("%s..%s runs backwards, the week is Mon..Sun", weekdayNames[first], weekdayNames[day])
		}
		inRange := first >= 0
		if !inRange {
			first = day
		}
		for ; first <= day; first++ {
			set |= 1 << first
		}
		switch {
		case p.before(" "):
			p.skipBlanks()
			return set, nil
		case p.cut(","):
			first = -1
			if p.before(" ") {
				p.skipBlanks()
				return set, nil
			}
		case !inRange && (p.cut("..") || p.cut("-")):
			first = day
		default:
			return 0, p.unexpected()
		}
	}
}

// weekday takes the name of a day, full or its first three letters, in any
// case. It returns -1 where there is none.
func (p *parser) weekday() int {
	for day, name := range [7]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"} {
		for _, n := range [2]int{len(name), 3} {
			if len(p.rest) >= n && strings.EqualFold(p.rest[:n], name[:n]) {
				p.rest = p.rest[n:]
				return day
			}
		}
	}
	return -1
}

// date takes YEAR-MONTH-DAY or MONTH-DAY with the blanks after it, either with
// "~" for its last "-", if that is what comes next.
func (p *parser) date(e *Event) error {
	if p.rest == "" {
		return nil
	}
	start := p.rest
	first, err := p.list(1)
	if err != nil {
		return err
	}
	if p.before(":") { // a time, then
		p.rest = start
		return nil
	}
	second, fromEnd, err := p.datePart()
	if err != nil {
		return err
	}
	if p.before(" ") {
		e.Month, e.Day, e.FromEnd = first, second, fromEnd
		p.skipBlanks()
		return nil
	}
	if fromEnd {
		return p.unexpected()
	}
	third, fromEnd, err := p.datePart()
	if err != nil {
		return err
	}
	if !p.before(" ") {
		return p.unexpected()
	}
	e.Year, e.Month, e.Day, e.FromEnd = first, second, third, fromEnd
	p.skipBlanks()
	return nil
}

// datePart takes the "-" or "~" before a part of a date, and the part.
func (p *parser) datePart() (part []Range, fromEnd bool, err error) {
	fromEnd = p.cut("~")
	if !fromEnd && !p.cut("-") {
		return nil, false, p.unexpected()
	}
	part, err = p.list(1)
	return part, fromEnd, err
}

// time takes HOUR:MINUTE or HOUR:MINUTE:SECOND to the end; nothing at all is
// midnight.
func (p *parser) time(e *Event) (err error) {
	e.Second = point(0)
	if p.rest == "" {
		e.Hour, e.Minute = point(0), point(0)
		return nil
	}
	if e.Hour, err = p.list(1); err != nil {
		return err
	}
	if !p.cut(":") {
		return p.unexpected()
	}
	if e.Minute, err = p.list(1); err != nil {
		return err
	}
	if p.cut(":") {
		if e.Second, err = p.list(Second); err != nil {
			return err
		}
	}
	if p.rest != "" {
		return p.unexpected()
	}
	return nil
}

func point(n int) []Range { return []Range{{Start: n, Stop: -1}} }

// year2200 is the end of the calendar, in seconds of UNIX time.
const year2200 = 7258118400

// timestamp takes the seconds of a UNIX time to the end, as strtoul(3) reads
// them: with blanks and a sign before.
func (p *parser) timestamp(e *Event) error {
	p.rest = strings.TrimLeft(p.rest, " \t\n\v\f\r")
	negative := p.cut("-")
	if !negative {
		p.cut("+")
	}
	n, err := strconv.ParseUint(p.rest, 10, 64)
	if err != nil {
		return p.unexpected()
	}
	if negative {
		n = -n
	}
	if n >= year2200 {
		return fmt.Errorf("not within the years %d to %d", minYear, maxYear)
	}
	t := time.Unix(int64(n), 0).UTC()
	e.Year, e.Month, e.Day = point(t.Year()), point(int(t.Month())), point(t.Day())
	e.Hour, e.Minute, e.Second = point(t.Hour()), point(t.Minute()), point(t.Second()*Second)
	e.Zone = "UTC"
	return nil
}

// shorthand spells out the special expressions of systemd.time(7).
func shorthand(s string) string {
	if len(s) > len("semi-annually") {
		return s
	}
	switch lower(s) {
	case "minutely":
		return "*:*:00"
	case "hourly":
		return "*:00"
	case "daily":
		return "00:00"
	case "weekly":
		return "Mon 00:00"
	case "monthly":
		return "*-01 00:00"
	case "quarterly":
		return "01,04,07,10-01 00:00"
	case "semiannually", "semi-annually", "biannually", "bi-annually":
		return "01,07-01 00:00"
	case "yearly", "annually", "anually": // the last is systemd's own slip
		return "01-01 00:00"
	}
	return s
}

// lower is for ASCII only: strings.ToLower finds letters of ours elsewhere.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}
