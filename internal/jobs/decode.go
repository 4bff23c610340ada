// Package jobs reads jobs.yaml: YAML → nodes → checked profiles, with every
// mistake reported at its place in the file.
//
//	keys.go, kinds.go, table.go     the one table of keys, and their types
//	decode.go, node.go, read.go     the walk over the nodes
//	scalar.go, repr.go              what the old runner made of a value
//	profile.go, task.go, schedule.go
//	check.go                        what concerns more than one key
//	diag.go, render.go              what a mistake is and how it is shown
//	schema.go, encode.go            the way back
package jobs

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
)

// maxFile is the largest jobs.yaml that is read, in bytes.
const maxFile = 16 << 20

// maxProblems is how many problems of a file are reported one by one.
const maxProblems = 1000

// Options is what the host has to say about a jobs.yaml.
type Options struct {
	Timezone string         // IANA name for profiles that name none; "": the local zone
	Local    *time.Location // the local zone; nil: time.Local
	Now      time.Time      // clock changes are looked for from here on; zero: the current time
}

// Decode reads a jobs.yaml; file is its name, for messages. It returns every
// problem of the file, sorted by position. If any of them is an error, the
// Jobs must not be used.
func Decode(file string, data []byte, opt Options) (montimer.Jobs, []Diagnostic) {
	if opt.Local == nil {
		opt.Local = time.Local
	}
	if opt.Now.IsZero() {
		opt.Now = time.Now()
	}
	d := &decoder{name: file, opt: opt, keys: newTable(), guesses: 2_000_000, plans: map[question]*plan{}, locations: map[string]*time.Location{}}
	var jobs montimer.Jobs
	if root, ok := d.parse(data); ok {
		jobs = d.file(root)
	}
	return jobs, d.finish()
}

// A decoder is one run of Decode.
type decoder struct {
	name     string
	opt      Options
	keys     *table
	src      source
	diags    []Diagnostic
	full     bool   // there were more than maxProblems
	path     []step // where in the file we are, for messages
	expanded int    // nodes visited through aliases
	guesses  int    // work that may still be spent on suggestions

	defaults     defaults
	defaultPairs pairs // the keys of defaults
	plans        map[question]*plan
	locations    map[string]*time.Location // nil for names that tzdata does not have
	zoneList     []string                  // made when it is first needed
}

// A step names one part of the way to a value: profile "x", or a key.
type step struct{ what, name string }

func (d *decoder) enter(what, name string) { d.path = append(d.path, step{what, name}) }
func (d *decoder) leave()                  { d.path = d.path[:len(d.path)-1] }

// parse returns the root of the one document of the file.
func (d *decoder) parse(data []byte) (value, bool) {
	if len(data) > maxFile {
		d.add(Error, place{}, "", fmt.Sprintf("the file has %d bytes; at most %d are read", len(data), maxFile))
		return value{}, false
	}
	d.src.text = strings.TrimPrefix(string(data), "\ufeff")
	if i, problem, hint := unreadable(d.src.text); i >= 0 {
		d.add(Error, d.placeOf(i), hint, problem)
		return value{}, false
	}
	docs, err := documents(d.src.text)
	switch {
	case err != nil:
		d.syntaxError(err)
	case len(docs) == 0:
		d.add(Error, place{}, "", "the file is empty; it needs the key profiles")
	case len(docs) > 1:
		d.error(value{Node: docs[1]}, "remove the line ---", "a second document begins here; a jobs.yaml is one document")
	default:
		return value{}.child(docs[0].Content[0]), true
	}
	return value{}, false
}

// documents returns the first two documents of text.
func documents(text string) (docs []*yaml.Node, err error) {
	// What the YAML library does with hostile input is not in our hands.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: %v", p)
		}
	}()
	in := yaml.NewDecoder(strings.NewReader(text))
	for range 2 {
		var doc yaml.Node
		if err := in.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		docs = append(docs, &doc)
	}
	return docs, nil
}

// syntaxError reports an error of the YAML library, which tells a line at
// best. For errors of its scanner that line counts from 1, for those of its
// parser from 0.
func (d *decoder) syntaxError(err error) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		if number, text, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				line, message = n, text
			}
		}
	}
	parser := []string{"did not find expected ',' or", "did not find expected key", "did not find expected node content", "did not find expected '-' indicator", "did not find expected <"}
	if slices.ContainsFunc(parser, func(p string) bool { return strings.HasPrefix(message, p) }) {
		line++
	}
	d.add(Error, place{line: line}, syntaxHint(message, d.src.line(line)), "YAML: "+message)
}

func syntaxHint(message, line string) string {
	switch {
	case strings.HasPrefix(strings.TrimLeft(line, " "), "\t"):
		return "indent with blanks, not with tabs"
	case strings.Contains(message, "cannot start any token"), strings.Contains(message, "alphabetic or numeric character"):
		return "put a text that begins with * & ! @ % or ` in quotes"
	case strings.Contains(message, "mapping values are not allowed"):
		return "put a text with a colon in quotes, or mend the indentation"
	case strings.Contains(message, "expected key"), strings.Contains(message, "'-' indicator"):
		return "what follows this line is not indented like it"
	case strings.Contains(message, "expected ',' or"):
		return "a comma, a bracket or a quote is missing in what begins here"
	}
	return ""
}

// place is a position in the file, as in Diagnostic.
type place struct{ line, col, width int }

// placeOf returns the place of the character at a byte offset.
func (d *decoder) placeOf(offset int) place {
	line := 1
	start := 0
	for i := 0; i < offset; {
		size := lineEnd(d.src.text[i:])
		if size > 0 {
			line++
			start = i + size
		}
		i += max(size, 1)
	}
	return place{line, utf8.RuneCountInString(d.src.text[start:offset]) + 1, 1}
}

// place returns where v is written.
func (d *decoder) place(v value) place {
	n := v.place()
	p := place{n.Line, n.Column, 1}
	switch n.Kind {
	case yaml.AliasNode:
		p.width = 1 + utf8.RuneCountInString(n.Value)
	case yaml.ScalarNode:
		first, _, _ := strings.Cut(n.Value, "\n")
		p.width = utf8.RuneCountInString(first)
		if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			p.width += 2
		}
	}
	return p
}

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
	var where strings.Builder
	for i, s := range d.path {
		if i > 0 {
			where.WriteString(", ")
		}
		if s.what == "" {
			where.WriteString(s.name)
		} else {
			where.WriteString(s.what + " " + quote(s.name))
		}
	}
	if where.Len() > 0 {
		message = where.String() + ": " + message
	}
	d.diags = append(d.diags, Diagnostic{
		File: d.name, Line: at.line, Col: at.col, Width: at.width,
		Severity: s, Message: message, Hint: hint,
	})
}

// placeIn returns the place of a part of the text of v, given in bytes. If the
// text is not written in the file as it is, that is the place of v.
func (d *decoder) placeIn(v value, offset, length int) place {
	p := d.place(v)
	if v.use != nil || v.Kind != yaml.ScalarNode || offset+length > len(v.Value) {
		return p
	}
	written := d.src.line(v.Line)[d.src.offset(v.Line, v.Column):]
	quotes := 0
	if v.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && written != "" {
		written, quotes = written[1:], 1
	}
	if !strings.HasPrefix(written, v.Value[:offset+length]) {
		return p
	}
	return place{
		line:  p.line,
		col:   p.col + quotes + utf8.RuneCountInString(v.Value[:offset]),
		width: utf8.RuneCountInString(v.Value[offset : offset+length]),
	}
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
