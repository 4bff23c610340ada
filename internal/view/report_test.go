package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timeline"
)

func tally(profile string, ok, failed int, missed ...timeline.State) Tally {
	t := Tally{Profile: profile, Runs: map[montimer.RunState]int{montimer.RunOK: ok, montimer.RunFailed: failed}, Missed: map[timeline.State]int{}}
	for _, s := range missed {
		t.Missed[s]++
	}
	return t
}

// TestReport holds the texts of reports.
func TestReport(t *testing.T) {
	t.Setenv("TZ", "UTC")
	bad := well("bad_[job]")
	bad.Incident = failed(3, montimer.RunFailed, montimer.RunFailed)
	grown := tally("b", 6, 0)
	grown.Took, grown.Before = 90*time.Second, 30*time.Second
	steady := tally("c", 6, 0)
	steady.Took, steady.Before = 1400*time.Millisecond, 800*time.Millisecond // less than a second more
	profiles := []ProfileFacts{well("a"), well("b"), well("c")}
	var many []ProfileFacts
	var bads []Tally
	for i := range 24 {
		many = append(many, well(fmt.Sprintf("p%02d", i)))
		bads = append(bads, tally(many[i].Name, 10, i))
	}
	for name, tt := range map[string]struct {
		f       Facts
		tallies []Tally
		want    []string
	}{
		"all is well": {Facts{Profiles: profiles}, []Tally{tally("a", 12, 0), grown, steady}, []string{
			"✅ all well: 3 profiles, next a in 30 min",
			"Fri 2026-04-24 08:00 to Fri 2026-05-01 08:00: 24 runs, none failed, none missed",
			"took longer: b 90 s, before 30 s (3.0 ×)",
			"3 profiles without a failure or a missed tick",
		}},
		"the worst first": {Facts{Profiles: append([]ProfileFacts{bad}, profiles...)}, []Tally{
			tally("a", 12, 1, timeline.Missed), tally("b", 0, 0, timeline.HostDown, timeline.HostDown, timeline.Unknown), tally("bad_[job]", 4, 3), tally("c", 1, 0),
		}, []string{
			"⚠️ 1 of 4 need you: bad_[job] failing",
			"Fri 2026-04-24 08:00 to Fri 2026-05-01 08:00: 21 runs, 4 failed, 1 missed, 2 missed while the host was off, 1 missed, perhaps while the host was off",
			"❌ bad_[job]: failing, 7 runs, 3 failed",
			"❌ a: 13 runs, 1 failed, 1 missed",
			"❌ b: 0 runs, 2 missed while the host was off, 1 missed, perhaps while the host was off",
			"1 profile without a failure or a missed tick",
		}},
		"nothing has run": {Facts{Profiles: profiles[:1], NotSeen: []string{"systemd: no answer"}}, []Tally{}, []string{
			"⚠️ nothing wrong, as far as can be seen: 1 profile, next a in 30 min",
			"Fri 2026-04-24 08:00 to Fri 2026-05-01 08:00: 0 runs, none failed, none missed",
			"1 profile without a failure or a missed tick",
			"not seen: systemd: no answer",
		}},
		"the runs are not known": {Facts{Profiles: append([]ProfileFacts{bad}, profiles...), NotSeen: []string{"the runs: damaged"}}, nil, []string{
			"⚠️ 1 of 4 need you: bad_[job] failing",
			"Fri 2026-04-24 08:00 to Fri 2026-05-01 08:00: the runs are not known",
			"❌ bad_[job]: failing, its runs are not known",
			"not seen: the runs: damaged",
		}},
		"no profiles": {Facts{}, []Tally{}, []string{"✅ no profiles", "Fri 2026-04-24 08:00 to Fri 2026-05-01 08:00: 0 runs, none failed, none missed"}},
	} {
		tt.f.Now, tt.f.Boot = at("12:30"), at("00:30")
		got := Report(Of(tt.f), tt.tallies, at("08:00").AddDate(0, 0, -7), at("08:00"))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	got := Report(Of(Facts{Now: at("12:30"), Boot: at("00:30"), Profiles: many, Instance: "two"}), bads, at("08:00"), at("12:00"))
	if len(got) != 2+mostNamed+2 || !strings.HasPrefix(got[2], "❌ two/p23: 33 runs, 23 failed") || got[2+mostNamed] != "❌ and 3 more: montimer --instance two history --failed" {
		t.Errorf("%d lines: %q", len(got), got)
	}
}

func TestMedian(t *testing.T) {
	var runs []montimer.Run
	for i, seconds := range []int{9, 1, 5, 3, 7, 100} {
		started := at("10:00").Add(time.Duration(i) * time.Minute)
		runs = append(runs, montimer.Run{State: montimer.RunOK, Started: started, Ended: started.Add(time.Duration(seconds) * time.Second)})
	}
	runs[5].State = montimer.RunFailed
	if got := Median(runs, at("10:00"), at("11:00")); got != 5*time.Second {
		t.Error(got)
	}
	if got := Median(runs, at("10:01"), at("11:00")); got != 0 {
		t.Errorf("%s of four", got)
	}
}
