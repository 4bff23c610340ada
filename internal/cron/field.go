package cron

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// field is one position of a cron expression. The greatest day of the week is
// 6 or 7, as the dialect has it.
type field struct {
	name     string
	min, max int
	base     int      // the value of bit 0 of a set
	names    []string // of min, min+1, …
	cycle    string   // the period with which a step starts again
}

var (
	second     = field{name: "second", max: 59, cycle: "minute"}
	minute     = field{name: "minute", max: 59, cycle: "hour"}
	hour       = field{name: "hour", max: 23, cycle: "day"}
	dayOfMonth = field{name: "day-of-month", min: 1, max: 31, cycle: "month"}
	month      = field{name: "month", min: 1, max: 12, cycle: "year", names: monthNames[:]}
	dayOfWeek  = field{name: "day-of-week", max: 6, cycle: "week", names: weekdayNames[:]}
	year       = field{name: "year", min: firstYear, max: 2099, base: firstYear}

	monthNames = [...]string{"January", "February", "March", "April", "May", "June",
		"July", "August", "September", "October", "November", "December"}
	weekdayNames = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
)

// fieldReader reads one field as a dialect does.
type fieldReader struct {
	*grammar
	*field
	x    *Expression
	text string // the whole field
	at   int    // its offset in the expression
	max  int    // of the field in this dialect
	of   int    // fields in the expression

	values set   // less the field's base
	star   bool  // a day field that does not restrict
	empty  error // why some part has no values
}

// readAs reads the text as that field of the expression.
func (r *fieldReader) readAs(f *field) error {
	r.field, r.max = f, f.max
	if f == &dayOfWeek {
		r.max = r.dowMax
	}
	if err := r.read(); err != nil {
		return err
	}
	x := r.x
	switch f {
	case &second:
		x.second = r.values[0]
	case &minute:
		x.minute = r.values[0]
	case &hour:
		x.hour = r.values[0]
	case &dayOfMonth:
		x.days.dom, x.days.domStar = r.values[0], r.star
	case &month:
		x.month = r.values[0]
	case &dayOfWeek:
		x.days.dow, x.days.dowStar = mondayFirst(r.values[0]), r.star
	case &year:
		x.years = r.values
		if x.years == span(0, year.max-year.base) {
			x.years = allYears // a year after those of the dialect is as good
		}
	}
	return nil
}

// read reads the field, in time linear in its length.
func (r *fieldReader) read() error {
	r.star = r.grammar.star == starFirst && r.text[0] == '*'
	at, rest, more := r.at, r.text, true
	for more {
		var text string
		text, rest, more = strings.Cut(rest, ",")
		junk, err := r.part(text, at)
		if err != nil {
			return err
		}
		if junk {
			break
		}
		at += len(text) + 1
	}
	if r.values == (set{}) && !r.x.days.special(r.field) {
		if r.empty != nil {
			return r.empty
		}
		return r.fail(r.text, r.at, clip(r.text)+" has no values", r.wanted())
	}
	return nil
}

// part reads one part of the list. It reports whether the dialect ignores
// what follows in the field.
func (r *fieldReader) part(text string, at int) (junk bool, err error) {
	if text == "" {
		if r.emptyParts {
			return false, nil
		}
		return false, r.fail(r.text, r.at, clip(r.text)+" has an empty part", "remove the comma that is one too many")
	}
	if r.quartz {
		if done, err := r.special(text, at); done || err != nil {
			return false, err
		}
	}
	e, err := r.scan(text, at)
	if err != nil {
		return false, err
	}
	switch r.grammar.star {
	case starBare:
		r.star = r.star || e.wild && !e.stepped
	case starUnitary:
		r.star = r.star || e.wild && e.step == 1
	}
	if e.rest != "" {
		r.note("%s ignores %s", r.x.dialect, clip(r.text[at-r.at+len(text)-len(e.rest):]))
	}
	return e.rest != "", r.add(e)
}

// add adds the values of a part.
func (r *fieldReader) add(e element) error {
	if e.lo > e.hi {
		if r.zeroEnd && e.hi == 0 && !e.stepped {
			e.hi = 7
			if r.field != &dayOfWeek {
				r.note("%s is read as %d-7 by %s", clip(e.text), e.lo, r.x.dialect)
			}
		} else if err := r.backward(e); err != nil {
			return err
		}
	}
	last := e.lo
	for v := e.lo; v <= e.hi; v += e.step {
		if v < r.min || v > r.max {
			return r.outside(&e, v)
		}
		r.values.add(v - r.base)
		last = v
	}
	if e.sevenEnd && e.lo == 0 {
		r.note("%s ends at Sunday=0 in %s: it is Sunday only; write * for every day", clip(e.text), r.x.dialect)
	}
	if e.step > 1 && (!e.ranged || e.hi-e.lo+1 >= r.length()) {
		r.noteRestart(e, last)
	}
	return nil
}

// backward judges a range that ends before it starts.
func (r *fieldReader) backward(e element) error {
	problem := fmt.Sprintf("range %s runs backwards", clip(e.text))
	if e.sevenEnd {
		problem = fmt.Sprintf("%s ends at Sunday=0 in %s", clip(e.text), r.x.dialect)
	}
	if r.backwards == backwardsError || r.backwards == backwardsEmptyStepped && !e.stepped {
		return r.fail(e.text, e.at, problem, r.unrolled(e))
	}
	problem += fmt.Sprintf("; %s would never run it", r.x.dialect)
	if r.empty == nil {
		r.empty = r.fail(e.text, e.at, problem, r.unrolled(e))
	}
	r.note("%s; %s", problem, r.unrolled(e))
	return nil
}

// length is how many values a cycle of the field has.
func (r *fieldReader) length() int { return r.field.max - r.min + 1 }

// noteRestart warns of a step that does not divide its cycle.
func (r *fieldReader) noteRestart(e element, last int) {
	if r.field == &dayOfWeek {
		last %= 7
	}
	gap := e.lo + r.length() - last
	switch {
	case r.field == &year || gap == e.step && r.field != &dayOfMonth:
	case last == e.lo:
		r.note("%s is %s alone, once every %s", clip(e.text), r.valueName(last), r.cycle)
	case r.field == &dayOfMonth:
		r.note("%s starts again every month: after the %s comes the %s", clip(e.text), ordinal(last), ordinal(e.lo))
	default:
		unit := r.name
		if r.field == &dayOfWeek {
			unit = "day"
		}
		if gap > 1 {
			unit += "s"
		}
		r.note("%s starts again every %s: after %s comes %s, so %d %s later, not %d",
			clip(e.text), r.cycle, r.valueName(last), r.valueName(e.lo), gap, unit, e.step)
	}
}

func (r *fieldReader) valueName(v int) string {
	if r.names != nil {
		return r.names[(v-r.min)%len(r.names)]
	}
	return r.name + " " + strconv.Itoa(v)
}

// maxNotes is enough for any expression that a person wrote.
const maxNotes = 8

func (r *fieldReader) note(format string, args ...any) {
	note := r.name + ": " + fmt.Sprintf(format, args...)
	if len(r.x.notes) < maxNotes && !slices.Contains(r.x.notes, note) {
		r.x.notes = append(r.x.notes, note)
	}
}
