package cron

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error says what is wrong with an expression, and how to write it.
type Error struct {
	Dialect Dialect
	Field   string // "" where it is about the whole expression
	Text    string // the part that is wrong, shortened if it is long
	Problem string // what is wrong, and what the dialect does with it
	Hint    string // how to write it; never empty

	Offset, Length int // of the part, in bytes of the expression
}

func (e *Error) Error() string {
	if e.Field == "" {
		return e.Problem + "; " + e.Hint
	}
	return e.Field + ": " + e.Problem + "; " + e.Hint
}

// clip makes a text of any length and any bytes fit for a message.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		cut := most
		for cut > most-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsGraphic(c) }) {
		return strconv.Quote(s)
	}
	return s
}

func (r *fieldReader) fail(text string, at int, problem, hint string) error {
	if r.of == 6 {
		hint += "; of six fields " + r.six
	}
	return &Error{Dialect: r.x.dialect, Field: r.name, Text: clip(text), Problem: problem, Hint: hint,
		Offset: at, Length: len(text)}
}

func (r *fieldReader) failf(e *element, hint, problem string, args ...any) error {
	return r.fail(e.text, e.at, fmt.Sprintf(problem, args...), hint)
}

// wanted says what can stand in the field.
func (r *fieldReader) wanted() string {
	names := ""
	if r.names != nil {
		names = fmt.Sprintf(" or %s-%s", strings.ToUpper(r.names[0][:3]), strings.ToUpper(r.names[len(r.names)-1][:3]))
	}
	return fmt.Sprintf("write *, */step, or a list of %d-%d%s and of ranges a-b or a-b/step", r.min, r.max, names)
}

func (r *fieldReader) outside(e *element, v int) error {
	number, in := strconv.Itoa(v), " in "+clip(e.text)
	if v > maxNumber {
		number = "a number"
	} else if number == e.text {
		in = ""
	}
	return r.failf(e, r.wanted(), "%s%s is not within %d-%d", number, in, r.min, r.greatest())
}

func (r *fieldReader) openStepRefused(e *element, step string) error {
	if n, ok := number(step); ok && n > 0 && n <= r.max {
		hint := fmt.Sprintf("write %d-%d/%s", e.lo, r.max, step)
		if e.lo == r.min {
			hint += " or */" + step
		}
		return r.failf(e, hint, "%s is not crontab(5) syntax; %s rejects it", clip(e.text), r.x.dialect)
	}
	return r.unknown(e)
}

func (r *fieldReader) tooLong(e *element, word string, v int) error {
	return r.failf(e, fmt.Sprintf("write %d", v), "%s has more than %d digits; %s rejects it", clip(word), r.digits(), r.x.dialect)
}

// unrolled writes a range that runs backwards as it was meant.
func (r *fieldReader) unrolled(e element) string {
	if e.lo > r.max || e.hi < r.min {
		return r.wanted()
	}
	length := r.length()
	if length > 60 { // years, which do not come round
		return "write it as " + interval(e.hi, e.lo)
	}
	if e.step == 1 {
		return "write " + interval(e.lo, r.min+length-1) + "," + interval(r.min, e.hi)
	}
	var values []string
	for v := e.lo; v <= e.hi+length; v += e.step {
		values = append(values, strconv.Itoa(r.min+(v-r.min)%length))
	}
	return "write the values, as in " + strings.Join(values, ",")
}

func interval(lo, hi int) string {
	if lo == hi {
		return strconv.Itoa(lo)
	}
	return fmt.Sprintf("%d-%d", lo, hi)
}

// unknown judges a part that the dialect cannot read.
func (r *fieldReader) unknown(e *element) error {
	if first, last, ok := strings.Cut(e.text, "~"); ok && r.random {
		return r.chosenAtRandom(e, first, last)
	}
	problem := fmt.Sprintf("%s means nothing to %s", clip(e.text), r.x.dialect)
	return r.fail(e.text, e.at, problem, r.hint(e))
}

// chosenAtRandom judges first~last: cronie chooses one of these values each time that it
// loads the crontab (crontab(5) of cronie). Either end can be missing.
func (r *fieldReader) chosenAtRandom(e *element, first, last string) error {
	hint := "choose a fixed value, or set jitter on the profile"
	lo, isFirst := number(cmp.Or(first, strconv.Itoa(r.min)))
	hi, isLast := number(cmp.Or(last, strconv.Itoa(r.max)))
	if r.field == &minute && r.text == e.text && isFirst && isLast && lo < hi && hi <= r.max {
		hint = fmt.Sprintf("write %d, and jitter: %dm on the profile: that spreads the run over the same minutes, with one delay for all runs", lo, hi-lo)
	}
	return r.failf(e, hint, "%s chooses the value of %s at random each time that it loads the crontab, so nobody can say when the job runs", r.x.dialect, clip(e.text))
}

func (r *fieldReader) hint(e *element) string {
	text := strings.ToUpper(before(e.text, ' '))
	if len(text) > 40 {
		return r.wanted()
	}
	has := func(s string) bool { return strings.Contains(text, s) }
	dom, dow := r.field == &dayOfMonth, r.field == &dayOfWeek
	switch {
	case strings.ContainsRune("HR", rune(text[0])) && (len(text) == 1 || !isLetter(text[1])) || has("~"):
		return "H, R and ~ pick a random time: choose a fixed value, or set jitter on the profile"
	case strings.HasPrefix(text, "?/"):
		return "write *" + text[1:]
	case has("?"):
		return "write *"
	case dom && strings.HasPrefix(text, "L-"):
		return "write the schedule as calendar, where *-*~04 is the fourth day from the end of a month"
	case dom && (has("L") || has("W")) && !r.quartz, dow && (has("#") || has("L") && !has("JUL")) && !r.quartz:
		return "only supercronic reads L, W and #: set cron_dialect: supercronic"
	case dom && has("W"):
		return "W takes one day, not a range: write each as in 10W,11W"
	case dow && text == "L":
		return "L in day-of-week has no one meaning: write 6 for Saturday, or e.g. 5L for the last Friday"
	case dow && has("#"):
		return "#k takes one day and a k of 1-5: write e.g. 5#3 for the third Friday"
	case r.named(text[:min(3, len(text))]) >= 0 && !r.longNames:
		return "write the first three letters of a name"
	}
	return r.wanted()
}

func (p *parser) fail(text string, at int, problem, hint string) error {
	return &Error{Dialect: p.x.dialect, Text: clip(text), Problem: problem, Hint: hint, Offset: at, Length: len(text)}
}

func (p *parser) unknownMacro(word string) error {
	hint := "write one of @" + strings.Join(p.macros, ", @")
	problem := fmt.Sprintf("%s is unknown to %s", clip(word), p.x.dialect)
	switch word {
	case "@midnight":
		hint = "write @daily"
	case "@every":
		problem = fmt.Sprintf("@every: %s never ran this", p.x.dialect)
		hint = "write a step as in */10, set every: on the profile, or cron_dialect: robfig"
	case "@reboot":
		problem = fmt.Sprintf("@reboot: %s never ran this", p.x.dialect)
		hint = "set cron_dialect: crontab to run it once after each boot"
	}
	return p.fail(word, p.at, problem, hint)
}

// isProgram reports whether a word after the five fields, which no dialect
// reads, is the user or the command that follows there in /etc/crontab.
func isProgram(word string) bool {
	switch {
	case len(word) < 2:
		return false
	case strings.ContainsRune("/.~$_", rune(word[0])):
		return true
	}
	weekday := slices.ContainsFunc(weekdayNames[:], func(name string) bool {
		return len(word) > 2 && strings.EqualFold(word[:3], name[:3])
	})
	return isLetter(word[0]) && isLetter(word[1]) && !weekday
}

// program judges what begins with a user or a command.
func (p *parser) program(text string, at int) error {
	return p.fail(text, at, clip(text)+" after the fields", "no user or command goes here: write the fields alone, the tasks say what runs")
}

// wrongCount judges a text of n fields, which the dialect does not have.
func (p *parser) wrongCount(text string, at, n int) error {
	problem := fmt.Sprintf("%d fields", n)
	if n == 1 {
		problem = "1 field"
	}
	hint := "write five fields: minute, hour, day-of-month, month and day-of-week"
	switch n {
	case 0:
		problem = "no expression"
	case 1:
		problem = "1 field"
	case 6:
		hint = "say whether the first is seconds (cron_dialect: robfig) or the last a year (cron_dialect: supercronic)"
	case 7:
		hint = "only supercronic reads both seconds and a year: set cron_dialect: supercronic"
	case maxFields:
		problem = "too many fields"
	}
	return p.fail(text, at, problem, hint)
}

// neverOccurs blames the day field that restricts.
func (r *fieldReader) neverOccurs(months uint64) error {
	return r.fail(r.text, r.at,
		fmt.Sprintf("%s never occurs in the chosen months (%s): the job would never run", clip(r.text), and(names(set{months}, monthName))),
		"write a day that these months have")
}

func dialectList() string {
	var names []string
	for _, d := range Dialects() {
		names = append(names, string(d))
	}
	return strings.Join(names, ", ")
}
