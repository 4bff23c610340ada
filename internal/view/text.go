package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
)

const dayAndTime = "Mon 01-02 15:04:05"

// Table returns the profiles as a table.
func (v Overview) Table() (header []string, rows [][]string) {
	rows = make([][]string, len(v.Profiles))
	for i, p := range v.Profiles {
		last, took, next := "-", "-", "-"
		if p.Last != nil {
			last, took = string(p.Last.State)+" "+Ago(v.At, p.Last.Started), Took(p.Last.Seconds)
		}
		if !p.Next.IsZero() {
			next = In(v.At, p.Next)
		}
		rows[i] = []string{p.State.Words(), v.Instance.Of(p.Name), last, took, next, safetext.String(p.Note)}
	}
	return []string{"STATE", "PROFILE", "LAST", "TOOK", "NEXT", "NOTE"}, rows
}

// Notes returns what else is to be known, a line each; the last one is the verdict. On
// a terminal of that many columns (0: none) notes are broken between words, and no
// command is.
func (v Overview) Notes(columns int) string {
	const indent = 6 // of what follows "note: "
	var b strings.Builder
	for _, f := range v.Findings {
		words := append([]string{"note:"}, strings.Fields(safetext.String(f.Text))...)
		if f.Fix != "" {
			words[len(words)-1] += ":"
			words = append(words, safetext.String(f.Fix))
		}
		b.WriteString(safetext.Fold(columns, indent, words...))
	}
	for _, text := range v.NotSeen {
		b.WriteString(safetext.Fold(columns, indent, append([]string{"not", "seen:"}, strings.Fields(safetext.String(text))...)...))
	}
	fmt.Fprintf(&b, "version: montimer %s\n", safetext.String(v.Version))
	if c := v.Checkout; c != nil {
		synced := ""
		if !c.Synced.IsZero() {
			synced = ", synced " + Ago(v.At, c.Synced)
		}
		fmt.Fprintf(&b, "checkout: %.12s %s%s\n", safetext.String(c.Commit), safetext.String(c.Subject), synced)
	}
	fmt.Fprintf(&b, "%s  %s\n", v.At.Local().Format(time.DateTime), safetext.String(v.Verdict))
	return b.String()
}

// Notices returns the findings about the host as a whole, a line each.
func (v Overview) Notices() (lines []string) {
	for _, f := range v.Findings {
		lines = append(lines, safetext.String(f.String()))
	}
	return lines
}

// More says how many entries of a history are not shown; "": none.
func More(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d more: -n 0 shows all", n)
}

// HistoryTable returns entries as a table.
func HistoryTable(of montimer.Instance, entries []Entry) (header []string, rows [][]string) {
	rows = make([][]string, len(entries))
	for i, e := range entries {
		took, id := "-", "-"
		if e.Run != nil {
			took, id = Took(e.Run.Seconds), safetext.String(e.Run.ID)
		}
		rows[i] = []string{e.At.Local().Format(dayAndTime), e.Words(), of.Of(e.Profile), took, id, safetext.String(e.Note())}
	}
	return []string{"TICK", "STATE", "PROFILE", "TOOK", "RUN", "NOTE"}, rows
}

// Table returns the tasks of a run as a table.
func (r Run) Table() (header []string, rows [][]string) {
	rows = make([][]string, len(r.Tasks))
	for i, t := range r.Tasks {
		rows[i] = []string{safetext.String(t.Name), t.Status.Words(), Took(t.Seconds), fmt.Sprint(t.Attempts), safetext.String(t.Tail())}
	}
	return []string{"TASK", "STATUS", "TOOK", "ATTEMPTS", "LAST OUTPUT"}, rows
}

// Text describes a run without its tasks, a line for each property.
func (r Run) Text() string {
	lines := []string{
		"run:       " + r.ID,
		"profile:   " + r.Profile,
		"state:     " + string(r.State),
		"started:   " + r.Started.Local().Format("Mon 2006-01-02 15:04:05 MST") + " by " + string(r.Trigger),
		"took:      " + Took(r.Seconds),
	}
	if !r.Scheduled.IsZero() {
		lines = append(lines, "tick:      "+r.Scheduled.Local().Format("Mon 2006-01-02 15:04:05 MST"))
	}
	for _, l := range [][2]string{{"reason:    ", r.Reason}, {"commit:    ", r.Commit}, {"host:      ", r.Host}, {"log:       ", r.Log}} {
		if l[1] != "" {
			lines = append(lines, l[0]+l[1])
		}
	}
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintln(&b, safetext.String(l))
	}
	return b.String()
}
