// Package jobs reads jobs.yaml: YAML → nodes → checked profiles, with every
// mistake reported at its place in the file.
//
//	keys.go, kinds.go, table.go         the one table of keys, and their types
//	decode.go, node.go, read.go         the walk over the nodes
//	scalar.go, repr.go                  what the old runner made of a value
//	file.go, profile.go, task.go        level by level
//	files.go                            what the checkout has
//	schedule.go, plan.go, zone.go, check.go, capacity.go  what needs more than one key to judge
//	report.go, hints.go                 how a mistake is recorded
//	diag.go, render.go, excerpt.go      what it is, and how it is shown
//	schema.go                           the way back
//
// "The old runner" is the Python program that jobs.yaml was first written for.
package jobs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
)

// MaxFile is the largest jobs.yaml that is read, in bytes. Reading takes up to a
// hundred times as much memory.
const MaxFile = 4 << 20

// maxProblems is how many problems of a file are reported one by one.
const maxProblems = 1000

// Options is what the host has to say about a jobs.yaml.
type Options struct {
	Timezone string            // IANA name for profiles that name none; "": the local zone
	Local    *time.Location    // the local zone; nil: time.Local
	Now      time.Time         // clock changes are looked for from here on; zero: the current time
	Files    []fs.FS           // where the checkout may be, to look for scripts; none: they are not looked for
	Prove    bool              // refuse what systemd would stop or leave out at a change of the clock: for compile and apply
	Capacity montimer.Capacity // of the host; zero values: no bound
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
	d := &decoder{name: file, opt: opt, keys: newTable(), guesses: 2_000_000, plans: map[question]*plan{}, files: map[string]fs.FileInfo{}, locations: map[string]*time.Location{}}
	if opt.Timezone != "" && d.location(opt.Timezone) == nil {
		d.add(Error, place{}, "", fmt.Sprintf("the host's time zone %s is not in tzdata", quote(opt.Timezone)))
		d.opt.Timezone = ""
	}
	var jobs montimer.Jobs
	if root, ok := d.parse(data); ok {
		jobs = d.file(root)
	}
	return jobs, d.finish()
}

// A decoder is one run of Decode.
type decoder struct {
	reading  keyOf // for the hint of wrongKind
	name     string
	opt      Options
	keys     *table
	src      source
	diags    []Diagnostic
	full     bool   // there were more than maxProblems
	lenient  bool   // of keys given twice the last one counts, as for the old runner
	path     []step // where in the file we are, for messages
	expanded int    // nodes visited through aliases
	guesses  int    // work that may still be spent on suggestions

	defaults     defaults
	defaultPairs pairs // the keys of defaults
	plans        map[question]*plan
	files        map[string]fs.FileInfo    // of the checkout; nil for those that it does not have
	locations    map[string]*time.Location // nil for names that tzdata does not have
	zoneList     []string                  // made when it is first needed
}

// A step names one part of the way to a value: profile "x", or a key.
type step struct{ what, name string }

func (d *decoder) enter(what, name string) { d.path = append(d.path, step{what, name}) }
func (d *decoder) leave()                  { d.path = d.path[:len(d.path)-1] }

// parse returns the root of the one document of the file.
func (d *decoder) parse(data []byte) (value, bool) {
	if len(data) > MaxFile {
		d.add(Error, place{}, "", fmt.Sprintf("the file has %d bytes; at most %d are read", len(data), MaxFile))
		return value{}, false
	}
	d.src.text = strings.TrimPrefix(string(data), "\ufeff")
	if i, problem, hint := unreadable(d.src.text); i >= 0 {
		d.add(Error, d.src.place(i), hint, problem)
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
			err = fmt.Errorf("%v", p)
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
