// Package imports turns the schedules of other programs, crontabs and timers of
// systemd, into a jobs.yaml, and gives a receipt for each line: what it became, and
// whether that is proven to be the same.
//
//	imports.go               what is asked for and what comes out
//	crontab.go      the lines of a crontab
//	variable.go     those that set a variable
//	fields.go       the schedule of a line
//	entry.go        a line with a schedule → a job
//	command.go      what it runs → a task
//	name.go         what that is called
//	timers.go       a timer of systemd and its service → a job
//	directives.go   the directives of both
//	elapse.go       when the timer elapses → a schedule
//	program.go      what the service starts → a task
//	execline.go     command lines of systemd
//	plan.go         jobs → jobs.yaml, read back by the decoder that montimer uses
//	prove.go        when the old and the new system run a job, and where they differ
//	render.go       the text of jobs.yaml
//	receipt.go      the receipts for people and programs
//	source.go       the files, and the zone of the machine; the rest has no effects
package imports

import (
	"fmt"
	"slices"
	"time"

	"github.com/montimer/montimer/internal/cron"
)

// Options say how the old schedules are read, and for which host.
type Options struct {
	Source  string       // what is read, for messages
	Dialect cron.Dialect // of a crontab: Crontab, Cronie or Supercronic
	System  bool         // a crontab with a column for the user, as /etc/crontab; timers of the system
	User    string       // that tasks will run as; "": not known
	Zone    string       // IANA name of the old system's zone; "": not known, only Location is
	Now     time.Time    // clock changes are looked for from here on
	EnvFile string       // where secrets belong, for messages

	Location *time.Location // of Zone
}

// A Result says how sure it is that montimer does what was done before.
type Result string

// The results.
const (
	Exact   Result = "exact"   // proven: the same times, also over the clock changes of ten years, and nothing left out
	Differs Result = "differs" // imported; Differences and Changes say what is not the same
	Refused Result = "refused" // not imported; Reason and Hint say why and what to do
)

// A Kind says what a receipt is for.
type Kind string

// The kinds. Comments and blank lines are always exact: a comment goes where it was.
const (
	Job      Kind = "job"
	Variable Kind = "variable"
	Comment  Kind = "comment"
	Blank    Kind = "blank"
)

// A Receipt says how one line of a crontab, or one timer, was imported.
type Receipt struct {
	Source string // the crontab, or the file of the timer
	Line   int    // from 1; 0: the file as a whole
	Kind   Kind
	Text   string // the line, without secrets
	By     string // who ran it: cron, cronie, supercronic or systemd

	Result      Result
	Differences []string // what is not the same, one a sentence
	Notes       []string // what is the same in another way
	Reason      string   // of a refusal
	Hint        string   // what to do about a refusal

	Profile    string
	Words      string   // when it runs
	OnCalendar []string // the events of its timer

	Next       []time.Time // the next runs by montimer
	NextBefore []time.Time // the next runs by the old system
	Changes    []Change    // of the clock, at which the two differ
}

// A Change is one of the clock, at which the old system and montimer run a job at
// different times.
type Change struct {
	At     time.Time
	Clock  string // in words
	Recurs bool   // each change to that clock is like it
	Before []time.Time
	After  []time.Time // by montimer; those that both have are in neither list
}

// An Import is what came out.
type Import struct {
	Receipts []Receipt // one for each line or timer, in their order
	General  []string  // what holds for all of them
	Jobs     []byte    // the jobs.yaml; nil: nothing could be imported
	Profiles int
	Warnings int // of the decoder, for Jobs
}

// Count returns the number of jobs with a result.
func (i Import) Count(r Result) (n int) {
	for _, receipt := range i.Receipts {
		if receipt.Result == r && receipt.Kind == Job {
			n++
		}
	}
	return n
}

// refusals returns how many lines were refused, those of variables among them.
func (i Import) refusals() (n int) {
	for _, receipt := range i.Receipts {
		if receipt.Result == Refused {
			n++
		}
	}
	return n
}

// summary counts the results.
func (i Import) summary() string {
	return fmt.Sprintf("%d exact, %d differ, %d refused", i.Count(Exact), i.Count(Differs), i.refusals())
}

// differ adds to what is not the same.
func (r *Receipt) differ(text string) {
	r.Differences = addNew(r.Differences, text)
	if r.Result != Refused {
		r.Result = Differs
	}
}

func (r *Receipt) note(text string) { r.Notes = addNew(r.Notes, text) }

// addNew appends a text that is not there yet.
func addNew(texts []string, text string) []string {
	if slices.Contains(texts, text) {
		return texts
	}
	return append(texts, text)
}

func (r *Receipt) refuse(reason, hint string) {
	r.Result, r.Reason, r.Hint = Refused, reason, hint
}
