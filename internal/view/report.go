package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timeline"
)

const (
	mostNamed = 20 // profiles that a report names
	mostSlow  = 3  // of those that took longer
	growth    = 1.5
)

// Report returns what ran in a time, in lines without any markup: the verdict, how
// much there was, what went wrong, the worst first, and what took longer. Of what
// went well it says only how much that was. nil tallies: the runs could not be read.
func Report(v Overview, tallies []Tally, from, to time.Time) []string {
	of := map[string]Tally{}
	var sum Tally
	sum.Runs, sum.Missed = map[montimer.RunState]int{}, map[timeline.State]int{}
	for _, t := range tallies {
		of[t.Profile] = t
		for state, n := range t.Runs {
			sum.Runs[state] += n
		}
		for state, n := range t.Missed {
			sum.Missed[state] += n
		}
	}
	mark := "✅ "
	if v.Attention || len(v.NotSeen) > 0 {
		mark = "⚠️ "
	}
	words := Tally.words
	if tallies == nil {
		words = func(Tally) string { return "its runs are not known" }
	}
	lines := []string{mark + v.Verdict, fmt.Sprintf("%s to %s: %s", day(from), day(to), strings.Replace(words(sum), "its", "the", 1))}

	bad := slices.DeleteFunc(slices.Clone(v.Profiles), func(p Profile) bool {
		_, failed := of[p.Name].ran()
		return !p.State.NeedsPerson() && failed == 0 && of[p.Name].missed() == 0
	})
	slices.SortStableFunc(bad, func(a, b Profile) int { return of[a.Name].compare(of[b.Name], a, b) })
	for _, p := range bad[:min(len(bad), mostNamed)] {
		line := "❌ " + v.Instance.Of(p.Name) + ": "
		if p.State.NeedsPerson() {
			line += p.State.Words() + ", "
		}
		lines = append(lines, line+words(of[p.Name]))
	}
	if more := len(bad) - mostNamed; more > 0 {
		lines = append(lines, fmt.Sprintf("❌ and %d more: %s", more, v.Instance.Command("history --failed")))
	}
	for _, t := range slower(tallies) {
		lines = append(lines, fmt.Sprintf("took longer: %s %s, before %s (%.1f ×)",
			v.Instance.Of(t.Profile), Took(t.Took.Seconds()), Took(t.Before.Seconds()), t.grown()))
	}
	if good := len(v.Profiles) - len(bad); good > 0 && tallies != nil {
		lines = append(lines, plural(good, "profile")+" without a failure or a missed tick")
	}
	for _, part := range v.NotSeen {
		lines = append(lines, "not seen: "+part)
	}
	return lines
}

// words says what was counted.
func (t Tally) words() string {
	all, failed := t.ran()
	words := []string{plural(all, "run")}
	if failed > 0 {
		words = append(words, fmt.Sprintf("%d failed", failed))
	}
	for _, state := range NoRun {
		if n := t.Missed[state]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, missedWords[state]))
		}
	}
	if failed == 0 && t.missed() == 0 {
		words = append(words, "none failed, none missed")
	}
	return strings.Join(words, ", ")
}

var missedWords = map[timeline.State]string{
	timeline.Missed: "missed", timeline.HostDown: "missed while the host was off", timeline.Unknown: "missed, perhaps while the host was off",
}

// compare puts the worse of two profiles first: who needs a person, then by what
// failed and was missed.
func (t Tally) compare(u Tally, p, q Profile) int {
	if a, b := p.State.NeedsPerson(), q.State.NeedsPerson(); a != b {
		if a {
			return -1
		}
		return 1
	}
	_, a := t.ran()
	_, b := u.ran()
	return cmp.Or(cmp.Compare(b, a), cmp.Compare(u.missed(), t.missed()))
}

// grown is how many times as long the runs took as before.
func (t Tally) grown() float64 { return float64(t.Took) / float64(max(1, t.Before)) }

// slower returns the tallies of which the runs took clearly longer than before,
// those that grew most first.
func slower(tallies []Tally) []Tally {
	grew := slices.DeleteFunc(slices.Clone(tallies), func(t Tally) bool {
		return t.Took == 0 || t.Before == 0 || t.grown() < growth || t.Took-t.Before < time.Second
	})
	slices.SortStableFunc(grew, func(a, b Tally) int { return cmp.Compare(b.grown(), a.grown()) })
	return grew[:min(len(grew), mostSlow)]
}

func day(t time.Time) string { return t.Local().Format("Mon 2006-01-02 15:04") }
