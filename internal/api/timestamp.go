package api

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// stored is the form of created_at: the order of texts is the order of times.
const stored = "2006-01-02T15:04:05.000000Z"

var (
	errTimestamp = errors.New("not a timestamp")
	errNoZone    = errors.New("a timestamp without an offset")
)

// parseTimestamp reads a timestamp as Python 3.12 reads it by
// datetime.fromisoformat, with Z as +00:00, and returns it in the form of
// created_at. That grammar has no description but its source: see datetimeText.
func parseTimestamp(s string) (string, error) {
	if rest, ok := strings.CutSuffix(s, "Z"); ok {
		s = rest + "+00:00"
	}
	t, err := datetimeText(s).parse()
	if err != nil {
		return "", err
	}
	if y := t.Year(); y < 1 || y > 9999 { // by its offset
		return "", errTimestamp
	}
	return t.Format(stored), nil
}

// datetimeText is a text in one of the forms of ISO 8601 that Python takes: any
// one character between date and time, and a time or an offset with or without
// colons. It accepts what is hardly meant, too: a fraction of an hour, and one
// character before the offset.
type datetimeText string

// at returns a byte; 0 beyond the end.
func (s datetimeText) at(i int) byte {
	if i < len(s) {
		return s[i]
	}
	return 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// digits returns the number of n digits; -1: they are not all digits.
func (s datetimeText) digits(i, n int) (value int) {
	for end := i + n; i < end; i++ {
		if !isDigit(s.at(i)) {
			return -1
		}
		value = 10*value + int(s.at(i)-'0')
	}
	return value
}

func (s datetimeText) parse() (t time.Time, err error) {
	const shortest = 7
	if utf8.RuneCountInString(string(s)) < shortest {
		return t, errTimestamp
	}
	separator := s.separator()
	day, ok := s.date(separator)
	if !ok {
		return t, errTimestamp
	}
	if len(s)-separator <= 1 {
		if len(s) > separator {
			return t, errTimestamp
		}
		return t, errNoZone
	}
	_, width := utf8.DecodeRuneInString(string(s[separator:]))
	clock, offset, hasOffset, ok := s[separator+width:].clock()
	switch {
	case !ok:
		return t, errTimestamp
	case !hasOffset:
		return t, errNoZone
	}
	return day.Add(clock - offset), nil
}

// separator returns where the date ends.
func (s datetimeText) separator() int {
	const dashed, plain, week = 10, 8, 7
	switch {
	case len(s) == week:
		return week
	case s.at(4) == '-' && s.at(5) == 'W': // YYYY-Www or YYYY-Www-D
		if s.at(8) == '-' && len(s) > 9 && !isDigit(s.at(10)) {
			return dashed
		}
		return plain
	case s.at(4) == '-':
		return dashed
	case s.at(4) == 'W': // YYYYWww or YYYYWwwD: with a digit as separator and a time, the digits are odd or even in number
		end := week
		for isDigit(s.at(end)) {
			end++
		}
		if end < 9 {
			return end
		}
		return week + end%2
	}
	return plain
}

// date reads the date of n bytes.
func (s datetimeText) date(n int) (day time.Time, ok bool) {
	year, i := s.digits(0, 4), 4
	dashed := s.at(i) == '-'
	if dashed {
		i++
	}
	if year < 1 || n > len(s) {
		return day, false
	}
	if s.at(i) == 'W' {
		return s.weekDate(year, i+1, n, dashed)
	}
	month := s.digits(i, 2)
	i += 2
	if dashed {
		if s.at(i) != '-' {
			return day, false
		}
		i++
	}
	dom := s.digits(i, 2)
	if month < 1 || month > 12 || dom < 1 || i+2 != n {
		return day, false
	}
	day = time.Date(year, time.Month(month), dom, 0, 0, 0, 0, time.UTC)
	return day, day.Day() == dom
}

// weekDate reads ww or ww-D, and the day by ISO 8601.
func (s datetimeText) weekDate(year, i, n int, dashed bool) (day time.Time, ok bool) {
	week, weekday := s.digits(i, 2), 1
	i += 2
	if i < n {
		if dashed {
			if s.at(i) != '-' {
				return day, false
			}
			i++
		}
		weekday = s.digits(i, 1)
	}
	if week < 1 || week > 53 || weekday < 1 || weekday > 7 {
		return day, false
	}
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC) // is in week 1
	monday := fourth.AddDate(0, 0, -int(fourth.Weekday()+6)%7)
	day = monday.AddDate(0, 0, 7*(week-1))
	if y, w := day.ISOWeek(); y != year || w != week {
		return day, false
	}
	day = day.AddDate(0, 0, weekday-1)
	return day, 1 <= day.Year() && day.Year() <= 9999
}

// clock reads a time of day and its offset from UTC.
func (s datetimeText) clock() (clock, offset time.Duration, hasOffset, ok bool) {
	zone := strings.IndexAny(string(s), "+-Z")
	if zone < 0 {
		t, more, ok := s.time(len(s))
		return t.duration(), 0, false, ok && !more && t.isOfDay()
	}
	t, _, ok := s.time(zone)
	if !ok || !t.isOfDay() {
		return 0, 0, false, false
	}
	if s[zone] == 'Z' { // one in the text: the last one was taken for +00:00
		return t.duration(), 0, true, zone+1 == len(s)
	}
	rest := s[zone+1:]
	o, more, ok := rest.time(len(rest))
	offset = o.duration()
	if o.hour == 0 && o.minute == 0 && o.second == 0 {
		offset = 0 // without its fraction
	}
	if s[zone] == '-' {
		offset = -offset
	}
	return t.duration(), offset, true, ok && !more && offset.Abs() < 24*time.Hour
}

type timeOfDay struct{ hour, minute, second, micro int }

func (t timeOfDay) isOfDay() bool { return t.hour < 24 && t.minute < 60 && t.second < 60 }

func (t timeOfDay) duration() time.Duration {
	return time.Duration(t.hour)*time.Hour + time.Duration(t.minute)*time.Minute +
		time.Duration(t.second)*time.Second + time.Duration(t.micro)*time.Microsecond
}

// time reads [HH[:?MM[:?SS]]] and a fraction, of which digits beyond the sixth do
// not count, up to end; more says that something follows.
func (s datetimeText) time(end int) (t timeOfDay, more, ok bool) {
	colons, i := true, 0
	for n, to := range []*int{&t.hour, &t.minute, &t.second} {
		if *to = s.digits(i, 2); *to < 0 {
			return t, false, false
		}
		i += 2
		c := s.at(i)
		i++
		if n == 0 {
			colons = c == ':'
		}
		if i >= end {
			return t, c != 0, true
		}
		if colons && c == ':' {
			continue
		}
		if c == '.' || c == ',' {
			break
		}
		if colons {
			return t, false, false
		}
		i--
	}
	n := min(6, end-i)
	if t.micro = s.digits(i, n); t.micro < 0 {
		return t, false, false
	}
	for range 6 - n {
		t.micro *= 10
	}
	for i += n; isDigit(s.at(i)); i++ {
	}
	return t, s.at(i) != 0, true
}
