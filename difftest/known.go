package difftest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Known is a difference that we have chosen: a row of known.tsv.
type Known struct {
	Dialects []string
	Verdict  Verdict
	Fields   []string                     // in any of which it may be; "text": the whole expression
	Matches  func(name, text string) bool // what makes the difference
	Example  string                       // an expression that differs so
	Reason   string
}

// NewKnown reads the columns of a row.
func NewKnown(row []string) (Known, error) {
	k := Known{
		Dialects: strings.Split(row[0], ","),
		Verdict:  Verdict(row[1]),
		Fields:   strings.Split(row[2], ","),
		Matches:  hasBackwards,
		Example:  strings.ReplaceAll(row[4], `\u00a0`, "\u00a0"),
		Reason:   row[5],
	}
	if row[3] != "backwards" {
		pattern, err := regexp.Compile("^(?i:" + row[3] + ")$")
		if err != nil {
			return Known{}, fmt.Errorf("pattern of %q: %w", k.Example, err)
		}
		k.Matches = func(_, text string) bool { return pattern.MatchString(text) }
	}
	return k, nil
}

// Excuses reports whether the row is about this difference.
func (k Known) Excuses(c *Case, v Verdict) bool {
	if v != k.Verdict || !slices.Contains(k.Dialects, c.Dialect) {
		return false
	}
	if slices.Contains(k.Fields, "text") && k.Matches("text", c.Text) {
		return true
	}
	for name, text := range fieldsOf(c.Dialect, c.Text) {
		if slices.Contains(k.Fields, name) && k.Matches(name, text) {
			return true
		}
	}
	return false
}

// hasBackwards reports whether a field has a range like 22-2 or fri-mon. That
// is what a regular expression cannot say.
func hasBackwards(name, text string) bool {
	i := slices.Index(fiveFields, name)
	return i >= 0 && slices.ContainsFunc(strings.Split(text, ","), func(entry string) bool {
		m := crontabRange.FindStringSubmatch(entry)
		if m == nil {
			return false
		}
		s, err := newSpan(m, crontabLimits[i])
		return err == nil && s.lo > s.hi
	})
}

var fiveFields = []string{"minute", "hour", "dom", "month", "dow"}

// fieldsOf splits an expression into its fields by name.
func fieldsOf(dialect, text string) map[string]string {
	words := strings.Fields(text)
	if len(words) > 0 && strings.Contains(words[0], "TZ=") {
		words = words[1:]
	}
	names := fiveFields
	if len(words) == 7 || len(words) == 6 && dialect == "robfig" {
		names = append([]string{"second"}, names...)
	}
	if len(words) == 7 || len(words) == 6 && dialect == "supercronic" {
		names = append(slices.Clip(names), "year")
	}
	fields := map[string]string{}
	for i, word := range words {
		if i < len(names) {
			fields[names[i]] = word
		}
	}
	return fields
}
