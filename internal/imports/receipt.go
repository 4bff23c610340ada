package imports

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/safetext"
)

// place is FILE:LINE.
func (r *Receipt) place() string {
	if r.Line == 0 {
		return r.Source
	}
	return fmt.Sprintf("%s:%d", r.Source, r.Line)
}

const stampForm = "Mon 2006-01-02 15:04 MST"

// stamps writes times, shortened.
func stamps(times []time.Time) string {
	const most = 4
	var list []string
	for _, t := range times {
		form := stampForm
		if t.Second() != 0 {
			form = "Mon 2006-01-02 15:04:05 MST"
		}
		list = append(list, t.Format(form))
	}
	if more := len(list) - most; more > 1 {
		list = append(list[:most-1:most-1], fmt.Sprintf("… (%d in all)", len(times)), list[len(list)-1])
	}
	return strings.Join(list, ", ")
}

// words says what happens at the change; by is who ran the job before.
func (c Change) words(by string) string {
	each := ""
	if c.Recurs {
		each = " (and so at each change of this kind)"
	}
	switch {
	case len(c.After) == 0:
		return fmt.Sprintf("%s%s: %s runs it at %s, montimer does not", c.Clock, each, by, stamps(c.Before))
	case len(c.Before) == 0:
		return fmt.Sprintf("%s%s: montimer runs it at %s, %s does not", c.Clock, each, stamps(c.After), by)
	}
	return fmt.Sprintf("%s%s: %s runs it at %s, montimer at %s", c.Clock, each, by, stamps(c.Before), stamps(c.After))
}

// A Delivery says where an import goes.
type Delivery struct {
	Format  string // of the receipts: "json" or "text"
	File    string // for the jobs.yaml; "": standard output
	Replace bool   // the file, if it exists
}

// Deliver writes the jobs.yaml to its file or to out, and the receipts to said; in
// JSON these go to out, and a jobs.yaml without a file nowhere. The error is
// ErrRefused if a line was refused.
func (i Import) Deliver(out, said io.Writer, d Delivery) error {
	var err error
	switch {
	case d.File != "" && i.Jobs != nil:
		err = jobsfile.Write(d.File, i.Jobs, d.Replace)
	case d.Format == "text":
		_, err = out.Write(i.Jobs)
	}
	if err != nil {
		return err
	}
	if d.Format == "json" {
		err = i.writeJSON(out)
	} else {
		err = i.WriteText(said)
	}
	if n := i.refusals(); err == nil && n > 0 {
		err = fmt.Errorf("%w: %d, each with its reason; the others are in the jobs.yaml", ErrRefused, n)
		if i.Jobs == nil {
			err = fmt.Errorf("%w: %d, each with its reason; there is no jobs.yaml", ErrRefused, n)
		}
	}
	return err
}

// ErrRefused is the error of an import that has not taken all.
var ErrRefused = errors.New("not imported")

func (i Import) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range i.JSON() {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// WriteText writes the receipts for people: one line for what is exact, and what
// differs or was refused at length. Comments and blank lines are left out.
func (i Import) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, r := range i.Receipts {
		if r.Kind == Job || r.Kind == Variable {
			r.write(out)
		}
	}
	for _, text := range i.General {
		fmt.Fprintf(out, "of all: %s\n", text)
	}
	fmt.Fprintln(out, i.summary())
	return out.Flush()
}

func (r *Receipt) write(w io.Writer) {
	fmt.Fprintf(w, "%s: %s", r.place(), r.Result)
	switch {
	case r.Result == Refused:
		fmt.Fprintf(w, ": %s", safetext.String(r.Reason))
	case r.Profile != "":
		fmt.Fprintf(w, ": profile %s: %s", r.Profile, safetext.String(r.Words))
	default:
		fmt.Fprintf(w, ": %s", safetext.String(clip(r.Text)))
	}
	fmt.Fprintln(w)
	detail := func(label, text string) { fmt.Fprintf(w, "    %s: %s\n", label, safetext.String(text)) }
	if r.Result == Refused {
		detail("line", clip(r.Text))
		detail("hint", r.Hint)
		return
	}
	for _, text := range r.Differences {
		detail("differs", text)
	}
	for _, c := range r.Changes {
		detail("differs", c.words(r.By))
	}
	if len(r.Changes) > 0 {
		if slices.EqualFunc(r.Next, r.NextBefore, time.Time.Equal) {
			detail(fmt.Sprintf("next %d of both", len(r.Next)), allStamps(r.Next))
		} else {
			detail("next of "+r.By, allStamps(r.NextBefore))
			detail("next of montimer", allStamps(r.Next))
		}
	}
	for _, text := range r.Notes {
		detail("note", text)
	}
}

func allStamps(times []time.Time) string {
	var list []string
	for _, t := range times {
		list = append(list, stamps([]time.Time{t}))
	}
	return strings.Join(list, ", ")
}

// clip shortens a line for a message.
func clip(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// JSON is a receipt as programs get it.
type JSON struct {
	Source      string   `json:"source"`
	Line        int      `json:"line"` // 0: the file as a whole
	Kind        Kind     `json:"kind"`
	Text        string   `json:"text"`
	Result      Result   `json:"result"`
	Differences []string `json:"differences"`
	Notes       []string `json:"notes"`
	Reason      string   `json:"reason"`
	Hint        string   `json:"hint"`
	Profile     string   `json:"profile"`
	Words       string   `json:"words"`
	OnCalendar  []string `json:"on_calendar"`

	NextBefore   []time.Time  `json:"next_before"`
	Next         []time.Time  `json:"next"`
	ClockChanges []JSONChange `json:"clock_changes"` // at which the two differ
}

// JSONChange is a Change as programs get it.
type JSONChange struct {
	At         time.Time   `json:"at"`
	Clock      string      `json:"clock"`
	Recurs     bool        `json:"recurs"`
	OnlyBefore []time.Time `json:"only_before"`
	Only       []time.Time `json:"only_montimer"`
}

// JSON returns the receipts of all lines.
func (i Import) JSON() []JSON {
	all := make([]JSON, 0, len(i.Receipts))
	for _, r := range i.Receipts {
		j := JSON{
			Source: r.Source, Line: r.Line, Kind: r.Kind, Text: safetext.String(r.Text), Result: r.Result,
			Differences: list(r.Differences), Notes: list(r.Notes), Reason: r.Reason, Hint: r.Hint,
			Profile: r.Profile, Words: r.Words, OnCalendar: list(r.OnCalendar),
			NextBefore: inUTC(r.NextBefore), Next: inUTC(r.Next), ClockChanges: []JSONChange{},
		}
		for _, c := range r.Changes {
			j.ClockChanges = append(j.ClockChanges, JSONChange{c.At.UTC(), c.Clock, c.Recurs, inUTC(c.Before), inUTC(c.After)})
		}
		all = append(all, j)
	}
	return all
}

func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

func inUTC(times []time.Time) []time.Time {
	all := make([]time.Time, len(times))
	for i, t := range times {
		all[i] = t.UTC()
	}
	return all
}
