package view

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/testenv"
	"github.com/montimer/montimer/internal/timeline"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// on makes a profile of [well] run by other events or every so often, last then.
func on(event string, every time.Duration, last, next string) func(*ProfileFacts) {
	return func(p *ProfileFacts) {
		p.Timer.Events, p.Timer.Every = nil, every
		if event != "" {
			e, err := calendar.Parse(event)
			if err != nil {
				panic(err)
			}
			p.Timer.Events = []calendar.Event{e}
		}
		p.Timer.ActiveSince, p.Timer.Next = at("00:00").AddDate(0, 0, -20), at(next)
		p.Incident.Last.Started = at(last)
		p.Incident.Last.Ended = at(last).Add(time.Second)
		p.Incident.Last.Scheduled = at(last)
		if event == "" {
			p.Incident.Last.Scheduled = time.Time{}
		}
		p.Last, p.Incident.LastGood = p.Incident.Last, p.Incident.Last
	}
}

// overdue are profiles at 12:30 on a Friday, and whether a run is missing.
var overdue = []struct {
	name   string
	change func(*ProfileFacts)
	want   string // the value of its sample; "": it has none
}{
	{"ten-minutes", on("*:0/10", 0, "12:30", "12:40"), "0"},
	{"ten-minutes-late", on("*:0/10", 0, "12:10", "12:40"), "1"},
	{"ten-minutes-under-way", func(p *ProfileFacts) {
		on("*:0/10", 0, "11:00", "12:40")(p)
		p.Running = montimer.Run{ID: "now", Trigger: montimer.TriggerTimer, State: montimer.RunRunning, Scheduled: at("11:10"), Started: at("11:10")}
	}, "0"},
	{"ten-minutes-just-due", func(p *ProfileFacts) { // systemd may take a while to start it
		on("*:0/10", 0, "12:20", "12:40")(p)
	}, "0"},
	{"weekly", func(p *ProfileFacts) {
		on("Fri 12:00", 0, "12:00", "12:00")(p)
		p.Timer.Next = at("12:00").AddDate(0, 0, 7)
	}, "0"},
	{"weekly-late", func(p *ProfileFacts) {
		on("Fri 12:00", 0, "12:00", "12:00")(p)
		p.Incident.Last.Scheduled, p.Incident.Last.Started = at("12:00").AddDate(0, 0, -7), at("12:00").AddDate(0, 0, -7)
		p.Incident.Last.Ended = p.Incident.Last.Started.Add(time.Second)
	}, "1"},
	{"ten-seconds", on("", 10*time.Second, "12:30", "12:30"), "0"},
	{"ten-seconds-late", on("", 10*time.Second, "12:25", "12:30"), "1"},
	{"never-run", func(p *ProfileFacts) {
		on("*:0/10", 0, "12:10", "12:40")(p)
		p.Incident, p.Last = montimer.Incident{}, montimer.Run{}
	}, "1"},
	{"new", func(p *ProfileFacts) {
		on("Fri 13:00", 0, "12:00", "13:00")(p)
		p.Incident, p.Last, p.Timer.ActiveSince = montimer.Incident{}, montimer.Run{}, at("12:00")
	}, "0"},
	{"never-succeeded", func(p *ProfileFacts) { // it runs: that it fails is another alert's
		on("*:0/10", 0, "12:30", "12:40")(p)
		p.Incident.LastGood = montimer.Run{}
		p.Incident.Count, p.Incident.First, p.Incident.Last.State = 4, montimer.Run{ID: "f", Started: at("12:00"), State: montimer.RunFailed}, montimer.RunFailed
		p.Last.State = montimer.RunFailed
	}, "0"},
	{"paused", func(p *ProfileFacts) {
		on("*:0/10", 0, "12:10", "12:40")(p)
		p.Pause = montimer.Pause{Until: at("18:00"), Reason: "disk", By: "root"}
	}, "0"},
	{"disabled", func(p *ProfileFacts) {
		p.Jobs.Enabled, p.Timer.Active, p.Timer.Load, p.Timer.Next = false, "inactive", "not-found", time.Time{}
	}, "0"},
	{"stopped", func(p *ProfileFacts) { p.Timer.Active, p.Timer.Next = "inactive", time.Time{} }, "1"},
	{"failing-and-masked", func(p *ProfileFacts) {
		p.Incident = failed(3, montimer.RunFailed, montimer.RunFailed)
		p.Timer.Load, p.Timer.Active, p.Timer.Next = "masked", "inactive", time.Time{}
	}, "1"},
	{"not-readable", func(p *ProfileFacts) { p.Recorded, p.Incident, p.Last = false, montimer.Incident{}, montimer.Run{} }, ""},
	{"not-loaded", func(p *ProfileFacts) { p.Timer = nil }, ""},
}

// metricsOf writes those of overdue that are named.
func metricsOf(names ...string) string {
	f := Facts{Now: at("12:30"), Boot: at("00:00").AddDate(0, 0, -21), Target: "active", NotSeen: []string{"systemd: no such file"},
		Outbox: []montimer.Alert{{Created: at("12:00")}, {Created: at("11:00")}}}
	var tallies []Tally
	for _, c := range overdue {
		if len(names) > 0 && !slices.Contains(names, c.name) {
			continue
		}
		p := well(c.name)
		c.change(&p)
		f.Profiles = append(f.Profiles, p)
		tallies = append(tallies, Tally{Profile: c.name})
	}
	tallies[0].Runs = map[montimer.RunState]int{montimer.RunOK: 70, montimer.RunFailed: 2, montimer.RunSkipped: 1}
	tallies[0].Missed = map[timeline.State]int{timeline.Missed: 3, timeline.HostDown: 12}
	return Metrics(Of(f), tallies, Build{Version: "v1.0.0", Commit: "0123456789abcdef"})
}

// TestOverdueMetric holds that one rule, montimer_profile_overdue == 1, serves all
// kinds of schedules.
func TestOverdueMetric(t *testing.T) {
	text := metricsOf()
	for _, c := range overdue {
		_, value, _ := strings.Cut(text, `montimer_profile_overdue{profile="`+c.name+`"} `)
		value, _, _ = strings.Cut(value, "\n")
		if value != c.want {
			t.Errorf("%s: overdue is %q", c.name, value)
		}
	}
}

// TestMetrics holds the whole text, and that promtool accepts it.
func TestMetrics(t *testing.T) {
	text, golden := metricsOf("ten-minutes-late", "never-succeeded", "paused", "disabled"), filepath.Join("testdata", "metrics.prom")
	if *update {
		if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if diff := cmp.Diff(string(want), text); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	promtool(t, text, "check", "metrics")
	if unread := metricsOf("not-readable"); strings.Contains(unread, "outbox") || strings.Contains(unread, "last_run_timestamp_seconds{") {
		t.Errorf("it says what could not be read: %s", unread)
	}
	promtool(t, Metrics(Of(Facts{Now: at("12:30"), Instance: "two"}), nil, Build{}), "check", "metrics")
}

// TestMetricLabels holds what a value of a label may have.
func TestMetricLabels(t *testing.T) {
	text := Metrics(Overview{Instance: "two"}, nil, Build{Version: "a\\b\"c\nd\xff", Commit: "é"})
	want := `montimer_build_info{version="a\\b\"c\nd` + "\uFFFD" + `",commit="é",montimer_instance="two"} 1` + "\n"
	if !strings.Contains(text, want) {
		t.Errorf("%s lacks %s", text, want)
	}
	if !strings.Contains(text, "montimer_needs_attention{montimer_instance=\"two\"} 0\n") {
		t.Error(text)
	}
	promtool(t, text, "check", "metrics")
}

// TestSettled holds that a tick counts once, when the next one is over.
func TestSettled(t *testing.T) {
	var ticks []timeline.Tick
	for _, clock := range []string{"09:00", "10:00", "11:00", "12:00"} {
		ticks = append(ticks, timeline.Tick{At: at(clock), State: timeline.Missed})
	}
	for _, tt := range []struct {
		since string
		n     int
		want  int
	}{{"00:00", 4, 3}, {"00:00", 3, 2}, {"10:30", 4, 2}, {"11:00", 4, 2}, {"11:01", 4, 1}, {"12:30", 4, 0}, {"00:00", 1, 0}, {"00:00", 0, 0}} {
		if got := Count("p", Settled(ticks[:tt.n], at(tt.since)), nil, at(tt.since)); got.Missed[timeline.Missed] != tt.want {
			t.Errorf("%d ticks since %s: %v", tt.n, tt.since, got.Missed)
		}
	}
}

// TestRules checks the rules, runs their tests, and holds that they name no metric
// that is not written.
func TestRules(t *testing.T) {
	dir := filepath.Join("..", "..", "deploy", "prometheus")
	rules, err := os.ReadFile(filepath.Join(dir, "montimer.rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	written := metricsOf("weekly")
	names := regexp.MustCompile(`montimer_[a-z_]+`).FindAllString(regexp.MustCompile(`(?m)^ +(summary|description): .*$`).ReplaceAllString(string(rules), ""), -1)
	if len(names) == 0 {
		t.Error("no metrics")
	}
	for _, name := range names {
		if name != "montimer_instance" && !strings.Contains(written, "# TYPE "+name+" ") {
			t.Errorf("the rules use %s, which is not written", name)
		}
	}
	promtool(t, "", "check", "rules", filepath.Join(dir, "montimer.rules.yaml"))
	promtool(t, "", "test", "rules", filepath.Join(dir, "montimer.test.yaml"))
}

// promtool runs Prometheus' own checker.
func promtool(t *testing.T, input string, args ...string) {
	t.Helper()
	testenv.Need(t, "promtool")
	cmd := exec.Command("promtool", args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
