package takeover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

// Gap is what was not done, or is not known to have been done, between a backup and
// the takeover of it.
type Gap struct {
	Instance montimer.Instance
	Old      string // the name of the old host; "": not known
	From, To time.Time
	Missed   []Missed
	Lost     []montimer.Run   // that were under way
	Aside    []montimer.Alert // that waited
}

// Missed are the ticks of a profile in the gap that have no run.
type Missed struct {
	Profile     string
	Ticks       int
	First, Last time.Time
	More        bool // there are more before First
}

// mostTicks is how many ticks of a profile are counted: a schedule of every second has
// 86,400 a day.
const mostTicks = 100_000

// missed returns the ticks without a run, of each profile that has some.
func missed(profiles []string, tables map[string][]montimer.Timetable, runs map[string][]montimer.Run, from, to time.Time) (all []Missed) {
	// Later than any tick of the gap could still be served.
	now := to.AddDate(0, 0, 1)
	for _, name := range profiles {
		h := timeline.History{Timetables: tables[name], Runs: runs[name], Most: mostTicks}
		for i := range h.Timetables {
			now = maxTime(now, to.Add(h.Timetables[i].Jitter+2*timeline.Grace))
		}
		ticks, since := timeline.Ticks(h, from, to, now)
		m := Missed{Profile: name, More: since.After(from)}
		for _, t := range ticks {
			if !slices.Contains(view.NoRun, t.State) {
				continue
			}
			if m.Ticks++; m.Ticks == 1 {
				m.First = t.At
			}
			m.Last = t.At
		}
		if m.Ticks > 0 {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b Missed) int { return cmp.Compare(a.Profile, b.Profile) })
	return all
}

func maxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// mostLines is how many profiles, runs and alerts a report names of each.
const mostLines = 30

// Title is the title of the report.
func (g Gap) Title() string { return "taken over from" + cmp.Or(named(g.Old), " another host") }

// Lines returns the report.
func (g Gap) Lines() (lines []string) {
	old := cmp.Or(g.Old, "the old host")
	lines = append(lines, fmt.Sprintf("state of %s; jobs run here since %s", clock(g.From), clock(g.To)))
	if len(g.Missed) == 0 {
		lines = append(lines, "no tick was missed between the two")
	} else {
		lines = append(lines, fmt.Sprintf("ticks between the two that no run is known of (%s may have run them after its backup; they are not caught up on):", old))
		lines = some(lines, g.Missed, Missed.line)
	}
	if len(g.Lost) > 0 {
		lines = append(lines, fmt.Sprintf("lost: under way on %s at its backup, and without a result:", old))
		lines = some(lines, g.Lost, func(r montimer.Run) string {
			return fmt.Sprintf("%s, run %s, since %s", g.Instance.Of(r.Profile), r.ID, clock(r.Started))
		})
	}
	if len(g.Aside) > 0 {
		lines = append(lines, fmt.Sprintf("alerts that waited on %s, which may have sent them since (%s shows them, %s sends them):", old,
			g.Instance.Command("notify pending"), g.Instance.Command("notify flush --set-aside")))
		lines = some(lines, g.Aside, func(a montimer.Alert) string {
			return fmt.Sprintf("%d: %s of %s, from %s", a.ID, a.Kind, cmp.Or(g.Instance.Of(a.Profile), "montimer"), clock(a.Created))
		})
	}
	return lines
}

// some adds a line for each of the first items, and one for the rest.
func some[T any](lines []string, all []T, line func(T) string) []string {
	for _, one := range all[:min(len(all), mostLines)] {
		lines = append(lines, "• "+line(one))
	}
	if more := len(all) - mostLines; more > 0 {
		lines = append(lines, fmt.Sprintf("• and %d more", more))
	}
	return lines
}

func (m Missed) line() string {
	count := fmt.Sprintf("%d ticks", m.Ticks)
	if m.More {
		count = "more than " + count
	}
	switch {
	case m.Ticks == 1:
		return fmt.Sprintf("%s: 1 tick, %s", m.Profile, clock(m.First))
	case m.More:
		return fmt.Sprintf("%s: %s, the last one %s", m.Profile, count, clock(m.Last))
	}
	return fmt.Sprintf("%s: %s, %s … %s", m.Profile, count, clock(m.First), strings.TrimPrefix(clock(m.Last), m.First.UTC().Format("2006-01-02 ")))
}
