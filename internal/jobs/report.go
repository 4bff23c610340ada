package jobs

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

func (d *decoder) error(at value, hint, format string, args ...any) {
	d.add(Error, d.place(at), hint, fmt.Sprintf(format, args...))
}

func (d *decoder) warn(at value, hint, format string, args ...any) {
	d.add(Warning, d.place(at), hint, fmt.Sprintf(format, args...))
}

// add reports a problem of the value that we are at.
func (d *decoder) add(s Severity, at place, hint, message string) {
	if len(d.diags) == maxProblems {
		d.full = true
		return
	}
	where, profile := d.where()
	if where != "" {
		message = where + ": " + message
	}
	d.diags = append(d.diags, Diagnostic{
		File: d.name, Line: at.line, Col: at.col, Width: at.width,
		Severity: s, Message: message, Profile: profile, Hint: hint,
	})
}

// where names the value that we are at, and its profile.
func (d *decoder) where() (text, profile string) {
	var where strings.Builder
	for i, step := range d.path {
		part := step.name
		if step.what != "" {
			part = step.what + " " + quote(step.name)
			if step.what == "profile" {
				profile = step.name
			}
		} else if i+1 < len(d.path) && d.path[i+1].what != "" {
			continue // what follows says it better: the key tasks, say, before a task
		}
		if where.Len() > 0 {
			where.WriteString(", ")
		}
		where.WriteString(part)
	}
	return where.String(), profile
}

// finish sorts the problems and adds their source lines.
func (d *decoder) finish() []Diagnostic {
	slices.SortStableFunc(d.diags, byPosition)
	for i := range d.diags {
		g := &d.diags[i]
		g.Source = d.src.line(g.Line)
		if g.Col > 0 {
			g.Offset = d.src.offset(g.Line, g.Col)
			rest := g.Source[g.Offset:]
			rest = rest[:min(len(rest), g.Width*utf8.UTFMax)]
			g.Width = min(g.Width, utf8.RuneCountInString(rest))
		}
		g.Width = max(g.Width, 1)
	}
	if d.full {
		d.diags = append(d.diags, Diagnostic{
			File: d.name, Width: 1, Severity: Error,
			Message: fmt.Sprintf("there are more problems than these %d", maxProblems),
		})
	}
	return d.diags
}
