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

// Compare puts the translation beside its judge and beside systemd-analyze,
// whose answers for each base and each line are in analyzed.
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
	case c.judged.Boot || c.judged.Every > 0 || c.translation.Boot || c.translation.Every != nil:
		return c.compareUnclocked()
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

func (c *Case) next(t time.Time) (time.Time, bool) {
	if at, ok := calendar.Next(c.translation.Events, t, time.UTC); ok {
		return at, true
	}
	return endOfCalendar, false
}

// compareUnclocked compares what has no times to compare: an expression for
// the start of the daemon, or an interval whose phase is not the clock's.
func (c *Case) compareUnclocked() (Verdict, string) {
	tr, judged := c.translation, c.judged
	switch {
	case tr.Boot != judged.Boot:
		return OtherTimes, fmt.Sprintf("at boot: we %t, judge %t", tr.Boot, judged.Boot)
	case judged.Boot && tr.Events == nil && tr.Every == nil:
		return Agree, ""
	case judged.Every > 0 && tr.Events == nil && slices.Equal(tr.Every, []time.Duration{judged.Every}):
		return Agree, ""
	case judged.Every > 0 && tr.Events != nil && tr.Every == nil:
		times := collect(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 200, c.next).Times
		for i := 1; i < len(times); i++ {
			if gap := times[i].Sub(times[i-1]); gap != judged.Every {
				return OtherTimes, fmt.Sprintf("gap of %s at %s, want every %s", gap, stamp(times[i]), judged.Every)
			}
		}
		return Agree, ""
	}
	return OtherTimes, fmt.Sprintf("we %+v, judge every %s, boot %t", tr, judged.Every, judged.Boot)
}
