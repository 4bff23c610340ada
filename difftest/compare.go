package difftest

import (
	"fmt"
	"slices"
	"time"

	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/cron"
)

// Verdict names how a translation departs from what its judge does.
type Verdict string

const (
	Agree        Verdict = ""
	WeRefuse     Verdict = "we-refuse"     // the judge accepts it, and it runs
	JudgeRefuses Verdict = "judge-refuses" // or accepts what never runs; we translate
	OtherTimes   Verdict = "other-times"
	SystemdSays  Verdict = "systemd-says" // our calendar engine and systemd-analyze disagree
)

// Case is one expression in one dialect, what we make of it, and its judge's view.
type Case struct {
	Dialect, Text string

	zone        string // its own, else UTC
	translation cron.Translation
	refusal     error // ours

	judged       Schedule
	judgeRefusal error
}

// NewCase translates an expression for a host in UTC, and has it judged.
func NewCase(dialect, text string) *Case {
	c := &Case{Dialect: dialect, Text: text, zone: "UTC"}
	c.judged, c.judgeRefusal = Judges[dialect](text)
	x, err := cron.Parse(cron.Dialect(dialect), text)
	if err != nil {
		c.refusal = err
		return c
	}
	if x.Zone() != "" {
		c.zone = x.Zone()
	}
	c.translation, c.refusal = cron.Translate(c.zone, x)
	return c
}

// Events are the OnCalendar= lines of the translation.
func (c *Case) Events() []string { return lines(c.translation.Events) }

func lines(events []calendar.Event) []string {
	var all []string
	for _, e := range events {
		all = append(all, e.String())
	}
	return all
}

// Compare compares the translation with its judge and with systemd-analyze; the
// latter's answers for each base and each line are in analyzed.
func (c *Case) Compare(n int, analyzed map[time.Time]map[string]Fires) (Verdict, string) {
	judgeRuns := c.judgeRefusal == nil && everRuns(c.judged)
	switch {
	case c.refusal != nil && judgeRuns:
		return WeRefuse, c.refusal.Error()
	case c.refusal != nil:
		return Agree, ""
	case c.judgeRefusal != nil:
		return JudgeRefuses, c.judgeRefusal.Error()
	case !judgeRuns:
		return JudgeRefuses, "never runs"
	}
	for base, answers := range analyzed {
		if v, detail := c.compareFrom(base, n, answers); v != Agree {
			return v, fmt.Sprintf("from %s: %s; lines %q", stamp(base), detail, c.Events())
		}
	}
	return Agree, ""
}

func (c *Case) compareFrom(base time.Time, n int, analyzed map[string]Fires) (Verdict, string) {
	ours := collect(base, n, c.next)
	var parts []Fires
	for _, line := range c.Events() {
		parts = append(parts, analyzed[line])
	}
	if diff := same("we", ours, "systemd", Union(parts...)); diff != "" {
		return SystemdSays, diff
	}
	if c.judged.Next == nil || c.translation.Boot || c.translation.Every != nil {
		return c.compareUnclocked(ours)
	}
	loc, err := time.LoadLocation(c.zone)
	if err != nil {
		return OtherTimes, err.Error()
	}
	judged := collect(base, n, c.judged.Next)
	if diff := same("we", ours.steady(loc), "judge", judged.steady(loc)); diff != "" {
		return OtherTimes, diff
	}
	return Agree, ""
}

// compareUnclocked compares what is not for certain times: an expression for
// the start of the daemon, or an interval, of which only the gaps count.
func (c *Case) compareUnclocked(ours Fires) (Verdict, string) {
	var gaps []time.Duration
	for i := 1; i < len(ours.Times); i++ {
		gaps = append(gaps, ours.Times[i].Sub(ours.Times[i-1]))
	}
	gaps = append(slices.Compact(gaps), c.translation.Every...)
	var want []time.Duration
	if c.judged.Every > 0 {
		want = []time.Duration{c.judged.Every}
	}
	if c.translation.Boot != c.judged.Boot || !slices.Equal(gaps, want) {
		return OtherTimes, fmt.Sprintf("we at boot %t, every %s; judge at boot %t, every %s",
			c.translation.Boot, gaps, c.judged.Boot, want)
	}
	return Agree, ""
}

func (c *Case) next(t time.Time) (time.Time, bool) {
	if at, ok := calendar.Next(c.translation.Events, t, time.UTC); ok {
		return at, true
	}
	return endOfCalendar, false
}
