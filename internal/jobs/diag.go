package jobs

import (
	"cmp"
	"slices"
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
