package difftest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Table is one crontab(5) line as cron sees it: what each field lets through,
// and which fields cron takes for wildcards.
type Table struct {
	minute, hour, dom, month, dow field
	anyDay                        bool // dom or dow starts with *: both must match
	anyTime                       bool // minute or hour starts with *: clock changes do not move it
	boot                          bool
}

// field is the union of its spans.
type field []span

// span lets through lo, lo+step, … up to hi.
type span struct{ lo, hi, step int }

func (f field) matches(v int) bool {
	return slices.ContainsFunc(f, func(s span) bool {
		return s.lo <= v && v <= s.hi && (v-s.lo)%s.step == 0
	})
}

// empty reports whether every range runs backwards.
func (f field) empty() bool {
	return !slices.ContainsFunc(f, func(s span) bool { return s.lo <= s.hi })
}

// limits are the bounds and the names of a field; the first name means low.
type limits struct {
	low, high int
	names     string
}

var crontabLimits = [5]limits{
	{0, 59, ""},
	{0, 23, ""},
	{1, 31, ""},
	{1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"},
	{0, 7, "sun mon tue wed thu fri sat sun"},
}

var crontabMacros = map[string]string{
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
	"@monthly":  "0 0 1 * *",
	"@weekly":   "0 0 * * 0",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@hourly":   "0 * * * *",
}

// Crontab replays Debian's cron 3.0pl1.
func Crontab(text string) (Schedule, error) { return judgeTable(text, debianField) }

// Cronie replays cronie as it is after 1.7.2, which still takes FRI-SUN for an
// empty range.
func Cronie(text string) (Schedule, error) { return judgeTable(text, cronieField) }

func judgeTable(text string, read func(string, limits) (field, error)) (Schedule, error) {
	table, err := readTable(text, read)
	if err != nil {
		return Schedule{}, err
	}
	if table.boot {
		return Schedule{Boot: true}, nil
	}
	return Schedule{Next: table.next}, nil
}

func readTable(text string, read func(string, limits) (field, error)) (Table, error) {
	text = strings.Trim(text, " \t\n") // cron skips these before a line, and a command follows
	if text == "@reboot" {
		return Table{boot: true}, nil
	}
	if line, ok := crontabMacros[text]; ok {
		text = line
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(words) != 5 {
		return Table{}, fmt.Errorf("%d fields", len(words))
	}
	var fields [5]field
	for i, word := range words {
		var err error
		if fields[i], err = read(word, crontabLimits[i]); err != nil {
			return Table{}, fmt.Errorf("%q: %w", word, err)
		}
	}
	star := func(i int) bool { return words[i][0] == '*' }
	return Table{
		minute: fields[0], hour: fields[1], dom: fields[2], month: fields[3], dow: fields[4],
		anyTime: star(0) || star(1),
		anyDay:  star(2) || star(4),
	}, nil
}

// crontabRange is the form of one entry of a list.
var crontabRange = regexp.MustCompile(`^(?:(\*)|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:/([0-9A-Za-z]+))?`)

// debianField reads entries up to the first that is followed by anything but
// a comma; the rest is skipped unread.
func debianField(text string, lim limits) (field, error) {
	var f field
	for {
		m := crontabRange.FindStringSubmatch(text)
		if m == nil {
			return nil, errors.New("not a number")
		}
		s, err := newSpan(m, lim)
		if err != nil {
			return nil, err
		}
		if outside(s.lo, lim) || outside(s.hi, lim) {
			return nil, errors.New("out of range")
		}
		f = append(f, s)
		rest := text[len(m[0]):]
		star, to, step := m[1] != "", m[3], m[4]
		switch {
		case step == "" && strings.HasPrefix(rest, "/"), !star && to == "" && step == "" && strings.HasPrefix(rest, "-"):
			return nil, errors.New("number missing")
		case !strings.HasPrefix(rest, ","):
			return f, nil
		}
		text = rest[1:]
	}
}

// cronieField reads a list without tolerance, with two peculiarities: only the
// values that are hit need to be in range, and a range without a step that
// runs down to 0 ends at 7 instead, whatever the field.
func cronieField(text string, lim limits) (field, error) {
	if strings.Contains(text, "~") {
		return nil, errors.New("a random value")
	}
	var f field
	for entry := range strings.SplitSeq(text, ",") {
		m := crontabRange.FindStringSubmatch(entry)
		if m == nil || m[0] != entry {
			return nil, errors.New("not a range")
		}
		s, err := newSpan(m, lim)
		if err != nil {
			return nil, err
		}
		if m[4] == "" && s.hi == 0 && s.lo > 0 {
			s.hi = 7
		}
		for v := s.lo; v <= s.hi; v += s.step {
			if outside(v, lim) {
				return nil, errors.New("out of range")
			}
		}
		f = append(f, s)
	}
	return f, nil
}

func outside(v int, lim limits) bool { return v < lim.low || v > lim.high }

// newSpan makes a span of a match of crontabRange.
func newSpan(m []string, lim limits) (span, error) {
	s := span{lo: lim.low, hi: lim.high, step: 1}
	star, from, to, step := m[1] != "", m[2], m[3], m[4]
	var err error
	if !star {
		if s.lo, err = crontabNumber(from, lim); err != nil {
			return s, err
		}
		s.hi = s.lo
	}
	if to != "" {
		if s.hi, err = crontabNumber(to, lim); err != nil {
			return s, err
		}
	}
	if step != "" {
		if !star && to == "" {
			return s, errors.New("step without a range")
		}
		if s.step, err = strconv.Atoi(step); err != nil || s.step == 0 {
			return s, errors.New("bad step")
		}
	}
	return s, nil
}

func crontabNumber(word string, lim limits) (int, error) {
	if i := slices.Index(strings.Fields(lim.names), strings.ToLower(word)); i >= 0 {
		return lim.low + i, nil
	}
	return strconv.Atoi(word)
}

// runsAt reports whether the line asks for the minute that begins at local.
func (t Table) runsAt(local time.Time) bool {
	return t.runsOn(local) && t.hour.matches(local.Hour()) && t.minute.matches(local.Minute())
}

func (t Table) runsOn(local time.Time) bool {
	dom := t.dom.matches(local.Day())
	dow := t.dow.matches(int(local.Weekday())) || local.Weekday() == time.Sunday && t.dow.matches(7)
	if t.anyDay {
		return t.month.matches(int(local.Month())) && dom && dow
	}
	return t.month.matches(int(local.Month())) && (dom || dow)
}

// next walks days, then hours, then minutes, in UTC and up to the year 2200.
func (t Table) next(after time.Time) (time.Time, bool) {
	at := after.UTC().Truncate(time.Minute).Add(time.Minute)
	if t.hour.empty() || t.minute.empty() {
		return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), false
	}
	for at.Year() < 2200 {
		switch {
		case !t.runsOn(at):
			at = time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, time.UTC)
		case !t.hour.matches(at.Hour()):
			at = at.Truncate(time.Hour).Add(time.Hour)
		case !t.minute.matches(at.Minute()):
			at = at.Add(time.Minute)
		default:
			return at, true
		}
	}
	return at, false
}
