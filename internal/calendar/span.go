package calendar

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ErrInfinity is what ParseSpan returns for "infinity".
var ErrInfinity = errors.New("no end to this time span")

const (
	day   = 24 * time.Hour
	week  = 7 * day
	year  = 31557600 * time.Second // 365.25 days
	month = year / 12
)

// spanUnits are tried from the top.
var spanUnits = []struct {
	suffix string
	unit   time.Duration
}{
	{"seconds", time.Second}, {"second", time.Second}, {"sec", time.Second}, {"s", time.Second},
	{"minutes", time.Minute}, {"minute", time.Minute}, {"min", time.Minute},
	{"months", month}, {"month", month}, {"M", month},
	{"msec", time.Millisecond}, {"ms", time.Millisecond}, {"m", time.Minute},
	{"hours", time.Hour}, {"hour", time.Hour}, {"hr", time.Hour}, {"h", time.Hour},
	{"days", day}, {"day", day}, {"d", day},
	{"weeks", week}, {"week", week}, {"w", week},
	{"years", year}, {"year", year}, {"y", year},
	{"usec", time.Microsecond}, {"us", time.Microsecond},
	{"\u00b5s", time.Microsecond}, {"\u03bcs", time.Microsecond}, // micro sign and mu
}

const blanks = " \t\n\r"

// ParseSpan reads a time span of systemd.time(7), such as "1h 30min"; a number
// without a unit is in seconds. It reads what systemd 252 reads, up to the 292
// years that a Duration holds. "infinity" gives ErrInfinity.
func ParseSpan(s string) (time.Duration, error) {
	d, err := parseSpan(s)
	if err != nil {
		return 0, fmt.Errorf("time span %s: %w", quote(s), err)
	}
	return d, nil
}

func parseSpan(s string) (time.Duration, error) {
	s = strings.Trim(s, blanks)
	if s == "infinity" {
		return 0, ErrInfinity
	}
	if s == "" {
		return 0, errors.New("empty")
	}
	var sum time.Duration
	for s != "" {
		d, rest, err := spanTerm(s)
		if err != nil {
			return 0, err
		}
		if d > math.MaxInt64-sum {
			return 0, errors.New("too long")
		}
		sum += d
		s = strings.TrimLeft(rest, blanks)
	}
	return sum, nil
}

// spanTerm takes one number with its unit off the front of s.
func spanTerm(s string) (d time.Duration, rest string, err error) {
	unexpected := fmt.Errorf("unexpected %s", quote(s))
	number := s
	if s[0] != '.' { // strtoll(3) allows blanks that systemd itself does not, and a plus
		number = strings.TrimPrefix(strings.TrimLeft(s, blanks+"\v\f"), "+")
	}
	whole, rest := cutDigits(number)
	if whole == "" && s[0] != '.' {
		return 0, "", unexpected
	}
	fraction, point := "", strings.HasPrefix(rest, ".")
	if point {
		if fraction, rest = cutDigits(rest[1:]); fraction == "" {
			return 0, "", unexpected
		}
	}
	unit, after := cutUnit(strings.TrimLeft(rest, blanks))
	if after == rest && rest != "" {
		return 0, "", unexpected
	}
	n := int64(0)
	if whole != "" {
		if n, err = strconv.ParseInt(whole, 10, 64); err != nil || n > math.MaxInt64/int64(unit) {
			return 0, "", errors.New("too long")
		}
	}
	if d = time.Duration(n)*unit + decimals(fraction, unit); d < 0 {
		return 0, "", errors.New("too long")
	}
	return d, after, nil
}

// decimals returns the duration of the digits after a decimal point. systemd adds
// them digit by digit, in whole microseconds.
func decimals(digits string, unit time.Duration) (d time.Duration) {
	for part := unit / 10; digits != "" && part >= time.Microsecond; part /= 10 {
		part = part.Truncate(time.Microsecond)
		d += time.Duration(digits[0]-'0') * part
		digits = digits[1:]
	}
	return d
}

func cutUnit(s string) (unit time.Duration, rest string) {
	for _, u := range spanUnits {
		if rest, ok := strings.CutPrefix(s, u.suffix); ok {
			return u.unit, rest
		}
	}
	return time.Second, s
}

// EndsWithoutUnit reports whether a time span such as 1h30 ends in a number that
// has no unit although another part has one. systemd reads it as seconds, and
// people mean minutes.
func EndsWithoutUnit(span string) bool {
	span = strings.TrimRight(span, " ")
	rest := strings.TrimRight(span, "0123456789.")
	return rest != span && strings.TrimRight(rest, " ") != ""
}

// FormatSpan writes d as systemd does, to the microsecond: "1h 30min". Below a
// minute it uses decimals; nothing and less than nothing is "0".
func FormatSpan(d time.Duration) string {
	if d < time.Microsecond {
		return "0"
	}
	var b []byte
	for _, u := range []struct {
		suffix   string
		unit     time.Duration
		decimals int
	}{
		{"y", year, 0}, {"month", month, 0}, {"w", week, 0}, {"d", day, 0}, {"h", time.Hour, 0}, {"min", time.Minute, 0},
		{"s", time.Second, 6}, {"ms", time.Millisecond, 3}, {"us", time.Microsecond, 0},
	} {
		if d < u.unit {
			continue
		}
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, int64(d/u.unit), 10)
		d %= u.unit
		if micros := d / time.Microsecond; u.decimals > 0 && micros > 0 {
			b = fmt.Appendf(b, ".%0*d", u.decimals, micros)
			d = 0
		}
		b = append(b, u.suffix...)
	}
	return string(b)
}
