package cron

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// Parse reads text as dialect d does. The error is an *Error; it also refuses
// what the dialect accepts and would never run.
func Parse(d Dialect, text string) (*Expression, error) {
	g := grammars[d]
	if g == nil {
		return nil, &Error{Dialect: d, Text: clip(text), Length: len(text),
			Problem: fmt.Sprintf("unknown cron dialect %s", clip(string(d))),
			Hint:    "write one of " + dialectList()}
	}
	p := parser{grammar: g, x: &Expression{dialect: d, text: text}}
	p.rest = strings.TrimRight(text, " \t\r\n")
	p.skipBlanks("\r\n")
	if err := p.parse(); err != nil {
		return nil, err
	}
	return p.x, nil
}

// parser reads a whole expression. rest is always the end of the text, less
// the white space after it.
type parser struct {
	*grammar
	x    *Expression
	rest string
	at   int // offset of rest
}

func (p *parser) parse() error {
	if i := strings.IndexByte(p.rest, '\n'); i >= 0 {
		return p.fail(p.rest[i:], p.at+i, "more than one line", "write one line; a profile takes a list of expressions")
	}
	if err := p.zone(); err != nil {
		return err
	}
	if strings.HasPrefix(p.rest, "@") {
		return p.macro()
	}
	return p.fields()
}

// advance drops n bytes from the front.
func (p *parser) advance(n int) { p.rest, p.at = p.rest[n:], p.at+n }

func (p *parser) skipBlanks(more string) {
	p.advance(len(p.rest) - len(strings.TrimLeft(p.rest, " \t"+more)))
}

// zone takes a CRON_TZ= or TZ= prefix.
func (p *parser) zone() error {
	key := before(p.rest, '=')
	if key != "CRON_TZ" && key != "TZ" || key == p.rest {
		return nil
	}
	prefix := before(p.rest, ' ')
	name := prefix[len(key)+1:]
	switch {
	case !p.zones:
		return p.fail(prefix, p.at, fmt.Sprintf("%s does not read a time zone in an expression", p.x.dialect),
			"take it out and set the timezone of the profile")
	case prefix == p.rest:
		return p.fail(prefix, p.at, "a time zone and no expression", "write the five fields after it")
	case name == "":
		name = "UTC" // as time.LoadLocation has it
	}
	if e, err := calendar.Parse("00:00 " + name); err != nil || e.Zone != name {
		return p.fail(prefix, p.at, fmt.Sprintf("time zone %s is not in the time zone database", clip(name)),
			"write a zone as in Europe/Berlin, upper and lower case as listed by timedatectl list-timezones")
	}
	p.x.zone = calendar.PortableZone(name)
	p.advance(len(prefix))
	p.skipBlanks("")
	return nil
}

// macro reads an expression that begins with @.
func (p *parser) macro() error {
	word := before(p.rest, ' ')
	name := word[1:]
	switch {
	case !slices.Contains(p.macros, name):
		return p.unknownMacro(word)
	case name == "every":
		return p.every(strings.TrimPrefix(p.rest[len(word):], " "))
	case word != p.rest:
		return p.fail(p.rest[len(word):], p.at+len(word), fmt.Sprintf("something after %s", word), "write "+word+" alone")
	case name == "reboot":
		p.x.boot = true
		return nil
	}
	long := parser{grammar: p.grammar, x: p.x, rest: macros[name]}
	return long.fields()
}

// macros are the expressions that the macros stand for, in every dialect.
var macros = map[string]string{
	"hourly":   "0 * * * *",
	"daily":    "0 0 * * *",
	"midnight": "0 0 * * *",
	"weekly":   "0 0 * * 0",
	"monthly":  "0 0 1 * *",
	"yearly":   "0 0 1 1 *",
	"annually": "0 0 1 1 *",
}

// every reads the duration of @every as robfig/cron does: whole seconds, the
// rest cut off, and never less than one.
func (p *parser) every(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return p.fail(p.rest, p.at, clip(p.rest)+" is no duration", "write it as in @every 1h30m")
	}
	p.x.every = max(d.Truncate(time.Second), time.Second)
	if p.x.every != d {
		p.x.notes = append(p.x.notes, fmt.Sprintf("%s takes whole seconds, at least one: %s is %s", p.x.dialect, clip(p.rest), p.x.every))
	}
	return nil
}

// maxFields is one more than any dialect has.
const maxFields = 8

// fields reads an expression of fields.
func (p *parser) fields() error {
	whole, start := p.rest, p.at
	readers, n := p.split()
	for i := len(standard); i < n; i++ {
		if r := &readers[i]; isProgram(r.text) {
			return p.program(whole[r.at-start:], r.at)
		}
	}
	layout := p.layouts[n]
	if layout == nil {
		return p.wrongCount(whole, start, n)
	}
	x := p.x
	x.second, x.years = 1, allYears
	var blame *fieldReader // for days that do not exist
	days := ""
	for i, f := range layout {
		r := &readers[i]
		r.of = n
		if err := r.readAs(f); err != nil {
			return err
		}
		if f == &dayOfMonth {
			days = r.text
		}
		if f == &dayOfMonth || f == &dayOfWeek && x.days.domStar {
			blame = r
		}
	}
	x.tables = x.days.tables()
	x.reduce()
	if !x.occurs() {
		return blame.neverOccurs(x.month)
	}
	if never := x.days.dom &^ (1<<(x.longest()+1) - 1); never != 0 && !strings.ContainsAny(days, "*?/-") {
		x.notes = append(x.notes, fmt.Sprintf("day-of-month: the %s never comes in %s", and(names(set{never}, ordinal)), or(names(set{x.month}, monthName))))
	}
	return nil
}

// split takes the fields of an expression, n of them.
func (p *parser) split() (readers [maxFields]fieldReader, n int) {
	for ; p.rest != "" && n < maxFields; n++ {
		end := strings.IndexAny(p.rest, " \t")
		if end < 0 {
			end = len(p.rest)
		}
		readers[n] = fieldReader{grammar: p.grammar, x: p.x, text: p.rest[:end], at: p.at}
		p.advance(end)
		p.skipBlanks("")
	}
	return readers, n
}
