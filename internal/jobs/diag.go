package jobs

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Severity says whether a Diagnostic forbids the use of the file.
type Severity string

// The two severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// A Diagnostic is one problem of a jobs.yaml.
type Diagnostic struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`   // from 1; 0: the file as a whole
	Col      int      `json:"column"` // in characters, from 1; 0: unknown
	Width    int      `json:"width"`  // characters that the problem covers, ≥ 1
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Profile  string   `json:"-"`              // it belongs to; "": the file as a whole
	Hint     string   `json:"hint,omitempty"` // how to fix it, if there is more to say
	Source   string   `json:"-"`              // the line, without its end
	Offset   int      `json:"-"`              // of Col in Source, in bytes
	OfFiles  bool     `json:"-"`              // about the files of the checkout, not about jobs.yaml alone
}

// HasErrors reports whether any of ds is an error.
func HasErrors(ds []Diagnostic) bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error })
}

func byPosition(a, b Diagnostic) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
}

// place is a position in the file, as in Diagnostic.
type place struct{ line, col, width int }

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
