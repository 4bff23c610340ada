package cron

import (
	"fmt"
	"strings"

	"github.com/montimer/montimer/internal/calendar"
)

// element is one part of a list, lo..hi/step, taken to pieces.
type element struct {
	text     string
	at       int // its offset in the expression
	lo, hi   int
	step     int
	wild     bool   // * or ?
	ranged   bool   // a-b
	sevenEnd bool   // hi was written 7 and is read as 0
	stepped  bool   // has a /
	rest     string // what follows and means nothing
}

// scan takes a part that is not empty to pieces.
func (r *fieldReader) scan(text string, at int) (e element, err error) {
	e = element{text: text, at: at, step: 1}
	rest := text
	if text[0] == '*' || text[0] == '?' && r.question {
		e.wild, e.lo, e.hi = true, r.min, r.max
		rest = text[1:]
		if r.starDash && strings.HasPrefix(rest, "-") {
			rest = rest[len(before(rest, '/')):]
		}
	} else {
		if e.lo, rest, err = r.value(&e, rest); err != nil {
			return e, err
		}
		e.hi = e.lo
		if end, found := strings.CutPrefix(rest, "-"); found {
			e.ranged = true
			if e.hi, rest, err = r.value(&e, end); err != nil {
				return e, err
			}
			e.sevenEnd = r.sevenIsZero() && strings.HasSuffix(before(text, '/'), "7")
		}
	}
	if step, found := strings.CutPrefix(rest, "/"); found {
		e.stepped = true
		if text[0] == '?' && !r.questionStep {
			return e, r.unknown(&e)
		}
		if e.step, rest, err = r.stepOf(&e, step); err != nil {
			return e, err
		}
		if !e.wild && !e.ranged {
			e.hi = r.max
		}
	}
	if e.rest = rest; rest != "" && !r.junk {
		return e, r.unknown(&e)
	}
	return e, nil
}

// before returns s up to the first c, all of it if there is none.
func before(s string, c byte) string {
	if i := strings.IndexByte(s, c); i >= 0 {
		return s[:i]
	}
	return s
}

// value reads a number or a name off the front of text.
func (r *fieldReader) value(e *element, text string) (v int, rest string, err error) {
	word, rest := r.word(text)
	v, isNumber := number(word)
	switch {
	case !isNumber:
		if v = r.named(word); v < 0 {
			return 0, "", r.unknown(e)
		}
	case (v < r.min || v > r.greatest()) && !r.lazyEnds:
		return 0, "", r.outside(e, v)
	case r.short && len(word) > r.digits():
		return 0, "", r.tooLong(e, word, v)
	case r.sevenIsZero() && v == 7:
		v = 0
	case r.sevenIsZero() && v > 0 && word[0] == '0':
		return 0, "", r.failf(e, "write "+word[1:], "%s is read as Sunday by %s", word, r.x.dialect)
	}
	return v, rest, nil
}

func (r *fieldReader) sevenIsZero() bool { return r.sevenZero && r.field == &dayOfWeek }

// greatest is the greatest value that can be written.
func (r *fieldReader) greatest() int {
	if r.sevenIsZero() {
		return 7
	}
	return r.max
}

// stepOf reads the number after a slash.
func (r *fieldReader) stepOf(e *element, text string) (step int, rest string, err error) {
	if !e.wild && !e.ranged && !r.openStep {
		return 0, "", r.openStepRefused(e, text)
	}
	word, rest := r.word(text)
	step, isNumber := number(word)
	switch {
	case !isNumber:
		return 0, "", r.unknown(e)
	case step < 1 || step > maxNumber:
		return 0, "", r.failf(e, fmt.Sprintf("write a step of 1-%d", r.max), "step %s means nothing", clip(word))
	case r.stepMax && (step > r.max || step > minute.max && step < year.min):
		// supercronic looks its numbers up in one table of 0-59 and the years.
		return 0, "", r.failf(e, fmt.Sprintf("use one value (%d) or another field", r.min),
			"step %s is not within 1-%d", clip(word), min(r.max, minute.max))
	case r.short && len(word) > r.digits():
		return 0, "", r.tooLong(e, word, step)
	}
	return step, rest, nil
}

// digits is how many digits a dialect with short numbers allows.
func (r *fieldReader) digits() int {
	if r.field == &year {
		return 4
	}
	return 2
}

// word cuts letters and digits, and a sign where the dialect allows one, off
// the front of text.
func (r *fieldReader) word(text string) (word, rest string) {
	i := 0
	if r.plus && strings.HasPrefix(text, "+") {
		i = 1
	}
	for i < len(text) && (isDigit(text[i]) || isLetter(text[i])) {
		i++
	}
	return text[:i], text[i:]
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// maxNumber is beyond any value or step that means something; what is greater
// is read as maxNumber + 1.
const maxNumber = 1_000_000

// number reads a decimal number, its sign included. ok is false for anything
// else.
func number(word string) (n int, ok bool) {
	digits := strings.TrimPrefix(word, "+")
	for _, c := range []byte(digits) {
		if !isDigit(c) {
			return 0, false
		}
		n = min(n*10+int(c-'0'), maxNumber+1)
	}
	return n, digits != ""
}

// named returns the value of a name, -1 for none.
func (r *fieldReader) named(word string) int {
	for i, name := range r.names {
		if strings.EqualFold(word, name[:3]) || r.longNames && strings.EqualFold(word, name) {
			return r.min + i
		}
	}
	return -1
}

// special reads the parts that are no plain values: L, LW and nW of the days
// of the month, nL and n#k of the days of the week.
func (r *fieldReader) special(text string, at int) (done bool, err error) {
	days, dom, dow := &r.x.days, r.field == &dayOfMonth, r.field == &dayOfWeek
	end := len(text) - 1
	letter := text[end] | 0x20 // lower case; digits stay
	switch {
	case dom && strings.EqualFold(text, "L"):
		days.last = true
		return true, nil
	case dom && strings.EqualFold(text, "LW"):
		days.lastWorkday = true
		return true, nil
	case dom && letter == 'w', dow && letter == 'l' && end > 0:
	case dow && '1' <= letter && letter <= '5' && end > 1 && text[end-1] == '#':
		end--
	default:
		return false, nil
	}
	e := element{text: text, at: at}
	v, rest, err := r.value(&e, text[:end])
	switch {
	case err != nil:
		return false, err
	case rest != "":
		return false, r.unknown(&e)
	case dom:
		days.workdays |= 1 << v
	case letter == 'l':
		days.lastDow |= mondayFirst(1 << v)
	default:
		days.nth[letter-'1'] |= mondayFirst(1 << v)
	}
	return true, nil
}

// mondayFirst converts from cron's days of the week, where 0 and 7 are Sunday.
func mondayFirst(days uint64) calendar.Weekdays {
	return calendar.Weekdays(days>>1&(1<<7-1) | days&1<<6)
}
