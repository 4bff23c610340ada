package notify

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/telegram"
)

const doc = "../../docs/telegram.md"

// hourly are the runs of an incident: a good one, and those that follow.
func hourly() (good, first, repeat, recovered montimer.Run) {
	good, first, repeat, recovered = failing("hourly", 0), failing("hourly", 1, "aave_[v3]"), failing("hourly", 6, "aave_[v3]", "pendle"), failing("hourly", 17)
	good.Commit, first.Commit = "51eb2c9a50f4b1c2d3e4f5a6b7c8d9e0f1a2b3c4", "39eecb79a1b2c3d4e5f60718293a4b5c6d7e8f90"
	return good, first, repeat, recovered
}

var formatter = Formatter{
	Host:   "alpha_1",
	Policy: montimer.NotifyPolicy{Recovery: true},
	Subjects: func(from, to string) []string {
		return []string{"Read the oracle from the *new* feed", "Add the pools of Pendle", "Tidy"}
	},
}

// pages are the texts that docs/telegram.md shows, but for the one of montimer
// itself: its words are those of a run, which cmd/montimer tests.
func pages() map[string]string {
	good, first, repeat, recovered := hourly()
	incident := montimer.Incident{Count: 5, First: first, LastGood: good, Reported: first}
	lost := failing("hourly", 1, "aave_[v3]")
	lost.State, lost.Reason = montimer.RunLost, "its process died without recording a result, after 2 tasks"

	long := failing("nightly", 3)
	for n := range 40 {
		task := failing("nightly", 3, fmt.Sprintf("task-%02d", n)).Tasks[1]
		task.StderrTail = "connect: timed out\n" + strings.Repeat(fmt.Sprintf("%02d.", n), 20)
		long.Tasks = append(long.Tasks, task)
	}
	long.State = montimer.RunFailed
	var parts []string
	for rest := formatter.Run(long, montimer.Incident{}).Text; rest != ""; {
		var part string
		part, rest = cut(rest, 4096)
		parts = append(parts, shorten(part))
	}
	by := failing("hourly", 2, "aave_[v3]")
	by.Trigger = montimer.TriggerManual
	by.Tasks[1].Status, by.Tasks[1].Duration, by.Tasks[1].Attempts = montimer.TaskTimeout, 15*time.Minute, 3
	by.Tasks = append(by.Tasks, montimer.TaskRun{Name: "late", Status: montimer.TaskNotRun})
	return map[string]string{
		"first failure": formatter.Run(first, montimer.Incident{LastGood: good}).Text,
		"repeat":        formatter.Run(repeat, incident).Text,
		"recovery":      formatter.Run(recovered, incident).Text,
		"lost run":      formatter.Run(lost, montimer.Incident{}).Text,
		"by hand":       formatter.Run(by, montimer.Incident{}).Text,
		"report": formatter.Report("weekly report", []string{
			"⚠️ 1 of 6 need you: aave_[v3] failing", "Mon 2026-11-16 08:00 to Mon 2026-11-23 08:00: 1183 runs, 3 failed, 2 missed while the host was off",
			"❌ aave_[v3]: failing, 165 runs, 3 failed", "❌ nightly: 5 runs, 2 missed while the host was off",
			"took longer: hourly 90 s, before 30 s (3.0 ×)", "4 profiles without a failure or a missed tick",
		}).Text,
		"split": strings.Join(parts, "\n=== next message ===\n"),
	}
}

// shorten leaves out the middle of a long page.
func shorten(page string) string {
	lines := strings.Split(page, "\n")
	if len(lines) < 20 {
		return page
	}
	return strings.Join(lines[:8], "\n") + fmt.Sprintf("\n[… %d lines …]\n", len(lines)-13) + strings.Join(lines[len(lines)-5:], "\n")
}

// TestPages holds the pages that docs/telegram.md shows; -update rewrites them.
func TestPages(t *testing.T) {
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)<!-- page: ([a-z ]+) -->\n````\n(.*?)\n````\n")
	got := map[string]string{}
	for _, m := range shown.FindAllStringSubmatch(string(text), -1) {
		got[m[1]] = m[2]
	}
	delete(got, "montimer")
	want := pages()
	if *update {
		text = shown.ReplaceAllFunc(text, func(block []byte) []byte {
			name := string(shown.FindSubmatch(block)[1])
			if want[name] == "" {
				return block
			}
			return []byte("<!-- page: " + name + " -->\n````\n" + want[name] + "\n````\n")
		})
		if err := os.WriteFile(doc, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-update rewrites it):\n%s", doc, diff)
	}
}

// TestDigest holds the first lines of a digest, which are those of old.
func TestDigest(t *testing.T) {
	t.Parallel()
	run := failing("yearn_timelock", 0)
	run.Ended = run.Started.Add(12346 * time.Millisecond)
	run.Tasks = append(run.Tasks,
		montimer.TaskRun{Name: "trace_[x]", Status: montimer.TaskFailed, ExitCode: 1, Attempts: 1, Duration: 149 * time.Millisecond,
			StdoutTail: "before", StderrTail: "  raise\nboom `tick` *star* _us_ [br]"},
		montimer.TaskRun{Name: "stdout*only", Status: montimer.TaskFailed, ExitCode: 3, Attempts: 1, StdoutTail: "  line 7\n  line 8"},
		montimer.TaskRun{Name: "silent", Status: montimer.TaskFailed, ExitCode: 7, Attempts: 1},
		montimer.TaskRun{Name: "killed", Status: montimer.TaskKilled, ExitCode: -9, Attempts: 1},
		montimer.TaskRun{Name: "none", Status: montimer.TaskSpawnFailed, ExitCode: -1, Attempts: 1, Error: "spawn failed: no such file"},
	)
	run.State = montimer.RunFailed
	want := `*automation: yearn\_timelock*
duration: 12.3s
tasks: 6 (5 failed)
❌ *trace\_\[x]* (exit 1, 0.1s)
` + "```" + `
  raise
boom 'tick' *star* _us_ [br]
` + "```" + `
❌ *stdout\*only* (exit 3, 0.0s)
` + "```" + `
  line 7
  line 8
` + "```" + `
❌ *silent* (exit 7, 0.0s)
❌ *killed* (exit -9, 0.0s)
❌ *none* (exit -1, 0.0s)
` + "```" + `
spawn failed: no such file
` + "```" + `

`
	got := formatter.Run(run, montimer.Incident{}).Text
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Error(diff)
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	good, first, repeat, recovered := hourly()
	incident := montimer.Incident{Count: 1, First: first, LastGood: good, Reported: first}
	unreported := incident
	unreported.Reported = montimer.Run{}
	stopped := failing("hourly", 2)
	stopped.State = montimer.RunInterrupted
	stopped.Tasks = append(stopped.Tasks, montimer.TaskRun{Name: "x", Status: montimer.TaskInterrupted}, montimer.TaskRun{Name: "y", Status: montimer.TaskNotRun})
	stoppedLate := failing("hourly", 2, "x")
	stoppedLate.State = montimer.RunInterrupted
	skipped := montimer.Run{State: montimer.RunSkipped}
	lost := montimer.Run{ID: "l", State: montimer.RunLost, Started: tick}
	refused := montimer.Run{ID: "r", State: montimer.RunFailed, Reason: "jobs.yaml is invalid", Started: tick}
	copied, copiedBefore := failing("hourly", 2), failing("hourly", 1)
	copied.Reason, copiedBefore.Reason = "ran the last good copy", "ran the last good copy"
	copiedLater := copied
	copiedLater.Started = copied.Started.Add(2 * time.Hour)
	manual, manualOK := failing("hourly", 2, "x"), failing("hourly", 2)
	manual.Trigger, manualOK.Trigger = montimer.TriggerManual, montimer.TriggerManual
	same := failing("hourly", 6, "aave_[v3]")

	type told struct {
		Kind     montimer.AlertKind
		First    bool
		Incident string
	}
	tests := []struct {
		name   string
		run    montimer.Run
		before montimer.Incident
		every  time.Duration
		want   told
	}{
		{"all is well", good, montimer.Incident{}, 0, told{}},
		{"the first failure", first, montimer.Incident{LastGood: good}, 0, told{"failure", true, first.ID}},
		{"a repeat", same, incident, 0, told{"failure", false, first.ID}},
		{"a repeat that was told recently", same, incident, 24 * time.Hour, told{}},
		{"a repeat of one that has yet to come: the clock was set back", failing("hourly", 0, "aave_[v3]"), incident, 0, told{"failure", false, first.ID}},
		{"a repeat of one that has yet to come, told rarely", failing("hourly", 0, "aave_[v3]"), incident, 24 * time.Hour, told{"failure", false, first.ID}},
		{"a repeat that was told long ago", same, incident, 5 * time.Hour, told{"failure", false, first.ID}},
		{"a repeat with a failure that is new", repeat, incident, 24 * time.Hour, told{"failure", false, first.ID}},
		{"a repeat where no run was told", same, unreported, 24 * time.Hour, told{"failure", true, first.ID}},
		{"recovery", recovered, incident, 0, told{"recovery", false, first.ID}},
		{"recovery where no failure was told", recovered, unreported, 0, told{}},
		{"stopped", stopped, montimer.Incident{}, 0, told{}},
		{"stopped after a failure", stoppedLate, montimer.Incident{}, 0, told{"failure", true, stoppedLate.ID}},
		{"skipped", skipped, incident, 0, told{}},
		{"lost", lost, montimer.Incident{}, 0, told{"lost", true, "l"}},
		{"lost, and not for the first time", lost, incident, time.Hour, told{"lost", false, first.ID}},
		{"not as it should", copied, montimer.Incident{}, 0, told{"page", false, "hourly: ran the last good copy"}},
		{"not as it should, as before", copied, montimer.Incident{Last: copiedBefore}, 0, told{}},
		{"not as it should, another day", copiedLater, montimer.Incident{Last: copiedBefore}, 0, told{"page", false, "hourly: ran the last good copy"}},
		{"refused", refused, montimer.Incident{}, 0, told{"failure", true, "r"}},
		{"refused, soon after a failure", refused, incident, 1000 * time.Hour, told{"failure", false, first.ID}},
		{"by hand", manual, incident, 24 * time.Hour, told{"failure", true, manual.ID}},
		{"by hand, all well", manualOK, incident, 0, told{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := formatter
			a.Policy.RepeatEvery = tt.every
			var got told
			if alert := a.Run(tt.run, tt.before); alert != nil {
				got = told{alert.Kind, alert.First, alert.Incident}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAfter holds that a profile is reported from its Nth failed run in a row on,
// and then as often as without; that its recovery is reported only if it was; and
// that lost runs and runs by hand are reported at once.
func TestAfter(t *testing.T) {
	t.Parallel()
	a := formatter
	a.Policy = montimer.NotifyPolicy{After: 3, RepeatEvery: 2 * time.Hour, Recovery: true}
	good := failing("x", 0)
	play := func(states ...string) (kinds []string) {
		before := montimer.Incident{LastGood: good}
		for n, state := range states {
			run := failing("x", n+1)
			switch state {
			case "bad":
				run = failing("x", n+1, "task")
			case "lost":
				run.State, run.Reason = montimer.RunLost, "killed"
			}
			kind := "-"
			if alert := a.Run(run, before); alert != nil {
				kind = string(alert.Kind)
				if alert.First {
					kind += " first"
				}
				if run.State != montimer.RunOK {
					before.Reported = run
				}
			}
			kinds = append(kinds, kind)
			if state == "ok" {
				before = montimer.Incident{LastGood: run}
				continue
			}
			if before.Count == 0 {
				before.First = run
			}
			before.Count++
		}
		return kinds
	}
	for _, tt := range []struct{ states, want string }{
		{"bad bad ok bad", "- - - -"},
		{"bad bad bad bad bad ok bad", "-,-,failure first,-,failure,recovery,-"},
		{"bad lost bad ok", "-,lost first,failure,recovery"},
	} {
		want := strings.ReplaceAll(tt.want, " -", ",-")
		if got := strings.Join(play(strings.Fields(tt.states)...), ","); got != want {
			t.Errorf("%s: %s, want %s", tt.states, got, want)
		}
	}
	byHand := failing("x", 1, "task")
	byHand.Trigger = montimer.TriggerManual
	if a.Run(byHand, montimer.Incident{LastGood: good}) == nil {
		t.Error("a run by hand is not reported")
	}
	third := a.Run(failing("x", 3, "task"), montimer.Incident{Count: 2, First: failing("x", 1, "task"), LastGood: good})
	if !strings.Contains(third.Text, "failing: 3 runs since ") {
		t.Errorf("not said: %s", third.Text)
	}
}

// TestClockOfADigest holds that no time that a digest shows is negative, whatever
// the clock did.
// A message is also shown in terminals, by montimer notify pending and readers of
// the database: nothing of a task, a commit or a reason drives them or reorders
// what stands around it.
func TestNoEscapesInMessages(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]8;;http://x\aclick\u202e\x9b31m"
	a := formatter
	a.Subjects = func(string, string) []string { return []string{evil} }
	run := failing("p", 1, evil)
	run.Tasks[len(run.Tasks)-1].StderrTail = "one\r\n" + evil + "\tthree"
	run.Reason, run.Commit = evil, "39eecb79a1b2c3d4e5f60718293a4b5c6d7e8f90"
	last := run
	last.Commit = "51eb2c9a50f4b1c2d3e4f5a6b7c8d9e0f1a2b3c4"
	lost := run
	lost.State = montimer.RunLost
	for _, alert := range []*montimer.Alert{a.Run(run, montimer.Incident{LastGood: last}), a.Run(lost, montimer.Incident{}), a.Page("p", "1", evil), a.Report("report", []string{evil})} {
		if strings.ContainsAny(alert.Text, "\x1b\a\r\u202e") || !strings.Contains(alert.Text, "click") {
			t.Errorf("%q", alert.Text)
		}
	}
	if text := a.Run(run, montimer.Incident{LastGood: last}).Text; !strings.Contains(text, "one\n") || !strings.Contains(text, "\tthree") {
		t.Errorf("%q", text)
	}
}

func TestClockOfADigest(t *testing.T) {
	t.Parallel()
	later := failing("x", 5, "task")
	run := failing("x", 1, "task")
	run.Ended = run.Started.Add(-time.Hour)
	for _, text := range []string{
		formatter.Run(run, montimer.Incident{Count: 1, First: later, Reported: later}).Text,
		formatter.recovery(failing("x", 2), montimer.Incident{Count: 3, First: later}),
	} {
		if strings.Contains(text, ": -") || strings.Contains(text, " in ") {
			t.Error(text)
		}
	}
}

// TestVeryManyFailures holds that a run with any number of failures takes a
// bounded number of messages: the first have what they printed, of the others the
// names are there, as far as that is of use.
func TestVeryManyFailures(t *testing.T) {
	t.Parallel()
	for _, many := range []int{40, 1000, 4000} {
		run := failing("x", 1)
		for n := range many {
			run.Tasks = append(run.Tasks, montimer.TaskRun{Name: fmt.Sprintf("task_%d.", n), Status: montimer.TaskFailed, ExitCode: 1, Attempts: 1, StderrTail: strings.Repeat("👩‍🚀 tail ", 30)})
		}
		text := formatter.Run(run, montimer.Incident{}).Text
		messages := 0
		for rest := text; rest != ""; messages++ {
			_, rest = cut(rest, telegram.MaxText)
		}
		named := 0
		for n := range many {
			if strings.Contains(text, fmt.Sprintf(`task\_%d.`, n)) {
				named++
			}
		}
		more := 0
		if _, rest, ok := strings.Cut(text, taskMark+"and "); ok && !strings.HasPrefix(rest, "and:") {
			if i := strings.LastIndex(text, taskMark+"and "); i >= 0 {
				fmt.Sscanf(text[i:], taskMark+"and %d more", &more)
			}
		}
		if messages > 14 || named+more != many || many == 1000 && named < 700 || many == 40 && strings.Count(text, "tail") < 40*30 {
			t.Errorf("%d failures: %d messages, %d named and %d more", many, messages, named, more)
		}
	}
}

// TestInstanceInHeading: all alerts say which instance they are of.
func TestInstanceInHeading(t *testing.T) {
	t.Parallel()
	f := formatter
	f.Instance = "staging"
	good, first, _, recovered := hourly()
	lost := first
	lost.State = montimer.RunLost
	for want, alert := range map[string]*montimer.Alert{
		"*automation: staging/hourly*\n":     f.Run(first, montimer.Incident{LastGood: good}),
		"*automation: staging/hourly*\n❌ lo": f.Run(lost, montimer.Incident{LastGood: good}),
		"*automation: staging/hourly*\n✅":    f.Run(recovered, montimer.Incident{Count: 1, First: first, Reported: first}),
		"*montimer: staging/hourly*\n":       f.Page("hourly", "", "x"),
		"*montimer: staging*\n":              f.Page("", "", "x"),
	} {
		if alert == nil || !strings.HasPrefix(alert.Text, want) {
			t.Errorf("no %q: %+v", want, alert)
		}
	}
}

// TestLinks: with a public address, each alert of a run ends with that of its page,
// as Telegram shows it; else no alert changes.
func TestLinks(t *testing.T) {
	t.Parallel()
	const address = "https://status.example.org/a_b*c[d"
	_, first, _, recovered := hourly()
	by := first
	by.Trigger = montimer.TriggerManual
	lost := first
	lost.State = montimer.RunLost
	linked := formatter
	linked.PublicURL = address
	for name, text := range map[string]func(Formatter) string{
		"failure": func(f Formatter) string { return f.Run(first, montimer.Incident{}).Text },
		"by hand": func(f Formatter) string { return f.Run(by, montimer.Incident{}).Text },
		"lost":    func(f Formatter) string { return f.Run(lost, montimer.Incident{}).Text },
		"recovery": func(f Formatter) string {
			return f.Run(recovered, montimer.Incident{Count: 1, First: first, Reported: first}).Text
		},
		"page": func(f Formatter) string { return f.Page("hourly", first.ID, "words").Text },
	} {
		id := first.ID
		if name == "recovery" {
			id = recovered.ID
		}
		rest, ok := strings.CutPrefix(text(linked), text(formatter)+"\n")
		shown, bold, err := parseMarkdown(rest)
		if !ok || err != nil || bold != "" || shown != address+"/runs/"+id {
			t.Errorf("%s: %q, %v", name, text(linked), err)
		}
	}
	for _, alert := range []*montimer.Alert{linked.Page("hourly", "", "words"), linked.Report("weekly report", []string{"a"})} {
		if strings.Contains(alert.Text, "status.example.org") {
			t.Errorf("of no run: %q", alert.Text)
		}
	}
}
