package page

import (
	"html/template"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/view"
)

// asOfLayout has the zone: the reader may be in another one.
const asOfLayout = "15:04:05 MST"

// words are what the templates call.
var words = template.FuncMap{
	"asOf":   func() template.HTML { return asOfMark },
	"etag":   func() template.HTMLAttr { return `data-etag="` + etagMark + `"` },
	"digest": digest,
	"line":   line,
	"text":   text,
	"ago":    view.Ago,
	"in":     view.In,
	"took":   view.Took,
	"dur":    func(d time.Duration) string { return view.Took(d.Seconds()) },
	"stamp":  stamp,
	"clock":  clock,
	"state":  stateWords,
	"class":  class,
	"urgent": urgent,
}

// longestLine is how many characters of a text from outside are shown on a line.
const longestLine = 400

// hides hides what looks like a secret. What is stored has been through a redactor
// that knows the secrets; an alert of a task may not have.
var hides = safetext.NewRedactor(nil)

// line makes a text from outside safe to show on one line.
func line(text any) string { return safetext.String(short(toString(text), longestLine)) }

// short hides what looks like a secret, and shortens a text to so many characters.
// It cuts no secret in two, of which the first part would not look like one.
func short(text string, most int) string {
	const longestSecret = 8 << 10
	if n := utf8.UTFMax * most; len(text) > n {
		near := []byte(text[:min(len(text), n+longestSecret)])
		text = string(near[:hides.Cut(near, n)])
	}
	return clip(hides.String(text), most)
}

func toString(text any) string {
	switch t := text.(type) {
	case string:
		return t
	case interface{ String() string }:
		return t.String()
	}
	panic("not a text")
}

// clip shortens a text to so many characters.
func clip(text string, most int) string {
	if utf8.RuneCountInString(text[:min(len(text), 4*most)]) <= most && len(text) <= 4*most {
		return text
	}
	n := 0
	for i := range text {
		if n++; n > most {
			return strings.TrimRight(text[:i], " \n") + " …"
		}
	}
	return text
}

// stamp writes a point in time; its year only if that is long before now.
func stamp(now, t time.Time) string {
	if d := now.Sub(t); d < 300*24*time.Hour && d > -300*24*time.Hour {
		return t.Local().Format("Mon 01-02 15:04:05")
	}
	return t.Local().Format("Mon 2006-01-02 15:04:05")
}

// clock writes a point in time within a day of now, or one beyond with its date.
func clock(now, t time.Time) string {
	if t.Sub(now) < 24*time.Hour {
		return t.Local().Format("15:04")
	}
	return t.Local().Format("Mon 2006-01-02 15:04")
}

// longestBlock is how many characters of a text from outside are shown on several
// lines, mostLines how many lines.
const (
	longestBlock = 2000
	mostLines    = 40
)

// text makes a text from outside safe to show, with its lines.
func text(s string) string {
	lines := strings.Split(strings.TrimRight(short(s, longestBlock), "\n"), "\n")
	more := len(lines) > mostLines
	lines = lines[:min(len(lines), mostLines)]
	for i, l := range lines {
		lines[i] = safetext.String(strings.TrimSuffix(l, "\r"))
	}
	if more {
		lines = append(lines, "…")
	}
	return strings.Join(lines, "\n")
}

// class returns a state as a class of the style sheet; of what is no state, none.
func class(state montimer.TaskStatus) string {
	if len(state) > 20 || strings.Trim(string(state), "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return string(state)
}

// urgent returns the class of a severity.
func urgent(severity string) string {
	if severity == "HIGH" || severity == "CRITICAL" {
		return "bad"
	}
	return ""
}
