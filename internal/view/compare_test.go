package view

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/jobs"
)

// TestCompare: a shadow week with a planted gap and a planted double, in words that
// differ as two measurements do.
func TestCompare(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 6, 8, 0, 0, 0, 0, time.UTC)
	file, _ := jobs.Decode("jobs.yaml", []byte(`profiles:
  hourly:
    cron: 5 * * * *
    tasks: [{ name: aave, script: protocols/aave/main.py }, { name: yearn, script: protocols/Yearn/main.py }]
  daily: { cron: 19 8 * * *, tasks: [{ name: yearn, script: protocols/yearn/daily.py }] }
  off: { cron: 0 0 * * *, enabled: false, tasks: [{ name: aave, script: protocols/aave/main.py }] }
`), jobs.Options{Local: time.UTC, Now: start})
	j := Jobs{Profiles: file.Profiles, Local: time.UTC}
	var older, newer []montimer.Event
	both := func(at time.Time, e montimer.Event, format string) {
		for i, events := range []*[]montimer.Event{&older, &newer} {
			e.Created, e.Text = at.Add(time.Duration(i*7)*time.Second), fmt.Sprintf(format, i)
			*events = append(*events, e)
		}
	}
	for day := range 7 {
		at := start.AddDate(0, 0, day)
		for hour := range 24 {
			both(at.Add(time.Duration(hour)*time.Hour+5*time.Minute+20*time.Second), montimer.Event{Source: "protocol", Protocol: "aave", Severity: "HIGH"}, "aave: TVL 1%d.5")
		}
		both(at.Add(8*time.Hour+19*time.Minute+5*time.Second), montimer.Event{Source: "protocol", Protocol: "yearn"}, "yearn %d")
		both(at.Add(10*time.Hour+6*time.Minute), montimer.Event{Source: "automation_digest", Protocol: "automation"}, "*automation: hourly*\nduration: %d.1s\ntasks: 2 (1 failed)\n❌ *aave* (exit 1, 0.1s)")
	}
	newer[len(newer)-1].Text += "\n\nhost: h\n`montimer logs 1`" // what montimer adds
	newer = append(newer,                                        // what the old system does not have
		montimer.Event{Created: start.Add(time.Hour), Source: "automation_digest", Protocol: "automation", Text: "*automation: hourly*\n✅ recovered after 1 failed run"},
		montimer.Event{Created: start.Add(time.Hour), Source: "automation_digest", Protocol: "automation", Text: "*montimer: hourly*\n⚠ the last good copy"})

	if c := j.Compare(older, newer, "", start, time.Time{}); c.Differ() || c.OwnKind != 2 ||
		c.Verdict() != "182 alerts in both, 0 only of the old system, 0 only of montimer; not compared: 2 of kinds that only montimer has (recovered and lost runs, pages, reports)" {
		t.Errorf("the same week: %s, %+v", c.Verdict(), c.Rows[0])
	}

	differences := func(profile string, since, until time.Time) (lines []string) {
		c := j.Compare(older, newer, profile, since, until)
		for _, r := range c.Rows {
			if r.differs() {
				lines = append(lines, fmt.Sprintf("%s %s %s: %d, %d, %d: %s", r.Tick.Format("02 15:04"), r.Profile, r.Protocol, r.OnlyOld, r.OnlyNew, r.Both, r.Text))
			}
		}
		if c.Differ() != (lines != nil) {
			t.Errorf("differ: %t, %q", c.Differ(), lines)
		}
		return lines
	}
	gap := slices.IndexFunc(newer, func(e montimer.Event) bool { return e.Created.After(start.Add(27*time.Hour)) && e.Protocol == "aave" })
	newer = slices.Delete(newer, gap, gap+1)
	double := newer[slices.IndexFunc(newer, func(e montimer.Event) bool { return e.Created.After(start.Add(50*time.Hour)) && e.Protocol == "aave" })]
	newer = append(newer, double)
	newer = append(newer, montimer.Event{Created: start.Add(60 * time.Hour), Source: "protocol", Protocol: "unheard"})
	want := []string{
		"09 03:05 hourly aave: 1, 0, 0: aave: TVL 10.5",
		"10 02:05 hourly aave: 0, 1, 1: aave: TVL 11.5",
		"10 11:05 hourly unheard: 0, 1, 0: ",
	}
	if got := differences("", start, time.Time{}); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := differences("", start.AddDate(0, 0, 2), start.AddDate(0, 0, 2).Add(5*time.Hour)); !slices.Equal(got, want[1:2]) {
		t.Errorf("of five hours: %q", got)
	}
	if got := differences("daily", start.AddDate(0, 0, 1), time.Time{}); got != nil {
		t.Errorf("daily: %q", got)
	}
}

// TestCompareATickLater: a run that was slower than that of the other system alerts
// after the next tick. That is one alert, not two, if it says the same.
func TestCompareATickLater(t *testing.T) {
	t.Parallel()
	hourly, err := calendar.Parse("*-*-* *:05:00")
	if err != nil {
		t.Fatal(err)
	}
	tick := time.Date(2026, 6, 8, 10, 5, 0, 0, time.UTC)
	j := Jobs{Local: time.UTC, Timetables: map[string][]montimer.Timetable{"p": {{Since: tick.AddDate(0, 0, -1), Events: []calendar.Event{hourly}, Local: time.UTC}}},
		Profiles: []montimer.Profile{{Name: "p", Enabled: true}}}
	e := func(after time.Duration, text string) []montimer.Event {
		return []montimer.Event{{Created: tick.Add(after), Source: "protocol", Protocol: "x", Text: text}}
	}
	for _, tt := range []struct {
		older, newer []montimer.Event
		differ       bool
	}{
		{e(59*time.Minute, "TVL 5.1"), e(61*time.Minute, "TVL 5.2"), false},
		{e(61*time.Minute, "TVL 5.1"), e(59*time.Minute, "TVL 5.2"), false},
		{e(59*time.Minute, "TVL 5.1"), e(61*time.Minute, "paused"), true},
		{e(59*time.Minute, "TVL 5.1"), e(121*time.Minute, "TVL 5.1"), true},
	} {
		if c := j.Compare(tt.older, tt.newer, "", tick, time.Time{}); c.Differ() != tt.differ {
			t.Errorf("%v, %v: %s", tt.older[0].Created, tt.newer[0].Created, c.Verdict())
		}
	}
}
