package page

import (
	"html/template"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/view"
)

// asOfLayout has the zone: the reader may be in another one.
const asOfLayout = "15:04:05 MST"

// words are what the templates call.
var words = template.FuncMap{
	"asOf":   func() template.HTML { return asOfMark },
	"digest": digest,
	"line":   line,
	"ago":    view.Ago,
	"in":     view.In,
	"took":   view.Took,
	"stamp":  stamp,
}

// longestLine is how many characters of a text from outside are shown on a line.
const longestLine = 400

// hides hides what looks like a secret. What is stored has been through a redactor
// that knows the secrets; an alert of a task may not have.
var hides = safetext.NewRedactor(nil)

// line makes a text from outside safe to show on one line.
func line(text any) string { return safetext.String(hides.String(clip(toString(text), longestLine))) }

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

// stamp writes a point in time.
func stamp(t time.Time) string { return t.Local().Format("Mon 2006-01-02 15:04:05") }
