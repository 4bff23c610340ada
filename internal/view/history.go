package view

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timeline"
)

// Entry is one line of a history: a run, or neighbouring ticks of one cause
// without a run.
type Entry struct {
	Profile string         `json:"profile"`
	State   timeline.State `json:"state"`
	At      time.Time      `json:"at"`               // the nominal time of the first tick, or the start of a run by hand
	Until   time.Time      `json:"until,omitzero"`   // the last tick, of several
	Ticks   int            `json:"ticks"`            // 0: of a run by hand
	Late    float64        `json:"late_seconds"`     // from the nominal time to the start of the run
	CatchUp bool           `json:"catch_up"`         // the run was started late, for ticks that had none
	Instead string         `json:"instead,omitzero"` // the run that was under way, or that was started later for these ticks
	Run     *Run           `json:"run,omitzero"`
}

// Entries returns the history of a profile, in no order: its ticks and the runs
// that serve none.
func Entries(profile string, ticks []timeline.Tick, runs []montimer.Run, now time.Time) (all []Entry) {
	served := map[string]bool{}
	for _, span := range timeline.Spans(ticks) {
		var idle *Entry // the ticks of the span that have no run
		for _, t := range span.Ticks {
			if t.Run.ID == "" {
				if idle == nil {
					all = append(all, Entry{Profile: profile, State: t.State, At: t.At.UTC(), Instead: t.Instead})
					idle = &all[len(all)-1]
				}
				if idle.Ticks++; idle.Ticks > 1 {
					idle.Until = t.At.UTC()
				}
				continue
			}
			idle = nil
			served[t.Run.ID] = true
			all = append(all, Entry{
				Profile: profile, State: t.State, At: t.At.UTC(), Ticks: 1, Late: t.Late.Seconds(),
				CatchUp: t.CatchUp, Instead: t.Instead, Run: RunOf(t.Run, now),
			})
		}
	}
	for _, r := range runs {
		if !served[r.ID] && r.Skip != montimer.SkipNotDue {
			all = append(all, Entry{Profile: profile, State: timeline.StateOf(r), At: r.Started.UTC(), Run: RunOf(r, now)})
		}
	}
	return all
}

// Filter chooses entries.
type Filter struct {
	Since, Until time.Time
	States       []timeline.State // none: all
	Task         string           // only runs that have it
	Match        *regexp.Regexp   // only runs whose reason or output says so
	Most         int              // the newest so many
}

// OfTasks reports whether a filter is about the tasks of a run.
func (f Filter) OfTasks() bool { return f.Task != "" || f.Match != nil }

// Finds reports whether a task is one that the filter is about.
func (f Filter) Finds(t montimer.TaskRun) bool {
	if f.Task != "" && t.Name != f.Task {
		return false
	}
	return f.Match == nil || slices.ContainsFunc([]string{t.Error, t.StdoutTail, t.StderrTail}, f.Match.MatchString)
}

// Choose returns the entries that match, the newest first, and how many more do.
// found has the ids of the runs with a task that the filter finds.
func (f Filter) Choose(all []Entry, found map[string]bool) (chosen []Entry, more int) {
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Profile, b.Profile)) })
	chosen = []Entry{}
	for _, e := range all {
		ok := f.chooses(e, found)
		switch {
		case ok && f.Most > 0 && len(chosen) == f.Most:
			more++
		case ok:
			chosen = append(chosen, e)
		}
	}
	return chosen, more
}

// Nothing says that no entry matches.
func (f Filter) Nothing(profile string) string {
	what := "no tick or run"
	if profile != "" {
		what += " of " + profile
	}
	what += " on record matches since " + f.Since.Local().Format(time.DateTime)
	if !f.Until.IsZero() {
		what += " and before " + f.Until.Local().Format(time.DateTime)
	}
	return what
}

func (f Filter) chooses(e Entry, found map[string]bool) bool {
	switch {
	case e.At.Before(f.Since), !f.Until.IsZero() && !e.At.Before(f.Until), f.States != nil && !slices.Contains(f.States, e.State):
		return false
	case !f.OfTasks():
		return true
	case e.Run == nil:
		return false
	}
	return f.Task == "" && f.Match.MatchString(e.Run.Reason) || found[e.Run.ID]
}

// Words returns the state for messages.
func (e Entry) Words() string {
	text := strings.ReplaceAll(string(e.State), "_", " ")
	switch {
	case e.Ticks > 1:
		text = fmt.Sprintf("%s × %d", text, e.Ticks)
	case e.Ticks == 0:
		text += " (by hand)"
	}
	return text
}

// Note says why an entry is in its state, in a few words.
func (e Entry) Note() string {
	var notes []string
	if !e.Until.IsZero() {
		notes = append(notes, "until "+e.Until.Local().Format(dayAndTime))
	}
	if e.CatchUp {
		notes = append(notes, Took(e.Late)+" late")
	}
	switch {
	case e.Instead != "" && e.State == timeline.Skipped:
		notes = append(notes, "during run "+e.Instead)
	case e.Instead != "":
		notes = append(notes, "run "+e.Instead+" was started later for it")
	}
	if r := e.Run; r != nil {
		for _, t := range r.Tasks {
			notes = append(notes, t.Name+" "+t.how())
		}
		if r.Reason != "" && e.State != timeline.Skipped {
			notes = append(notes, r.Reason)
		}
	}
	return strings.Join(notes, "; ")
}

func (t Task) how() string {
	if t.Status == montimer.TaskFailed {
		return fmt.Sprintf("exit %d", t.ExitCode)
	}
	return t.Status.Words()
}

// Tail returns how a task failed, and the end of its output.
func (t Task) Tail() string {
	text := cmp.Or(t.Stderr, t.Stdout, t.Error)
	if t.Status.IsFailure() {
		text = strings.TrimPrefix(t.how()+": "+text, t.Status.Words()+": ")
	}
	return strings.Join(strings.Fields(text), " ")
}
