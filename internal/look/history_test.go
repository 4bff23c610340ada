package look

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
	"github.com/montimer/montimer/taskexec"
)

// TestHistory: filters choose over the whole window before the limit, and failed
// runs have their failed tasks, whatever was asked for.
func TestHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Add(-6 * time.Hour).Truncate(time.Second)
	for i := range 30 {
		run := montimer.Run{
			ID: fmt.Sprintf("%032d", i), Profile: []string{"a", "b"}[i%2], Trigger: montimer.TriggerManual,
			Started: begin.Add(time.Duration(i) * time.Minute), State: montimer.RunRunning, Attempt: 1,
		}
		if run, err = s.Begin(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		run.Ended, run.State = run.Started.Add(time.Second), montimer.RunOK
		run.Tasks = []montimer.TaskRun{{Name: "always", Status: montimer.TaskOK, StdoutTail: fmt.Sprintf("block %d", i)}}
		if i%10 == 4 {
			run.State = montimer.RunFailed
			run.Tasks = append(run.Tasks, montimer.TaskRun{Name: "rare", Status: montimer.TaskFailed, ExitCode: i})
		}
		if err := s.Finish(t.Context(), run, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	for name, tt := range map[string]struct {
		profile string
		filter  view.Filter
		want    []int
		more    int
		most    int // runs that are read
	}{
		"a task":                    {"", view.Filter{Task: "rare"}, []int{24, 14, 4}, 0, 0},
		"a task of a profile":       {"a", view.Filter{Task: "rare", Most: 2}, []int{24, 14}, 1, 0},
		"of none":                   {"b", view.Filter{Task: "rare"}, nil, 0, 0},
		"an output":                 {"", view.Filter{Match: regexp.MustCompile("^block 2.$"), Most: 1}, []int{29}, 9, 0},
		"an output of another task": {"", view.Filter{Task: "rare", Match: regexp.MustCompile("block")}, nil, 0, 0},
		"the newest, of all kinds":  {"a", view.Filter{Most: 4}, []int{28, 26, 24, 22}, 11, 0},
		"a part of the time":        {"", view.Filter{Task: "always", Since: begin.Add(27 * time.Minute)}, []int{29, 28, 27}, 0, 0},
		"until":                     {"", view.Filter{Task: "rare", Until: begin.Add(20 * time.Minute)}, []int{14, 4}, 0, 0},
		"the newest that are read":  {"a", view.Filter{}, []int{28, 26, 24}, 0, 3},
		"those before a time":       {"a", view.Filter{Until: begin.Add(19 * time.Minute)}, []int{18, 16, 14}, 0, 3},
		"their tasks":               {"a", view.Filter{Task: "rare", Until: begin.Add(19 * time.Minute)}, []int{14}, 0, 3},
		"no more than there are":    {"a", view.Filter{Until: begin.Add(5 * time.Minute)}, []int{4, 2, 0}, 0, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries, more, notes, err := history(t.Context(), montimer.Host{StateDir: dir}, tt.profile, tt.filter, nil, tt.most)
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, e := range entries {
				var i int
				fmt.Sscan(strings.TrimLeft(e.Run.ID, "0"), &i)
				got = append(got, i)
				if failed := i%10 == 4; failed != (len(e.Run.Tasks) == 1) || failed && (e.Run.Tasks[0].Name != "rare" || e.Run.Tasks[0].ExitCode != i) {
					t.Errorf("run %d has %+v", i, e.Run.Tasks)
				}
			}
			cut := slices.ContainsFunc(notes, func(note string) bool { return strings.HasPrefix(note, "not seen: a before ") })
			if cut != (tt.most == 3) {
				t.Errorf("it is not said what is left out: %q", notes)
			}
			said := slices.ContainsFunc(notes, func(note string) bool { return strings.HasPrefix(note, "no tick or run") })
			if !slices.Equal(got, tt.want) || more != tt.more || said != (tt.want == nil) {
				t.Errorf("%v and %d more, notes %q", got, more, notes)
			}
		})
	}
}

// TestHistoryOfNone: an unknown profile is an error with what may have been meant;
// of one that has not run it is said that nothing is on record.
func TestHistoryOfNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	file := filepath.Join(dir, "jobs.yaml")
	if err := os.WriteFile(file, []byte("profiles:\n  nightly: { cron: \"5 4 * * *\", tasks: [{ name: a, command: \"true\" }] }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := montimer.Host{StateDir: dir, JobsFile: file, UnitDir: dir, Checkout: dir, User: "root"}
	since := view.Filter{Since: time.Date(2026, 5, 1, 0, 0, 0, 0, time.Local)}
	var unknown *taskexec.UnknownError
	if _, _, _, err := History(t.Context(), h, "nightyl", since, nil); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "nightly") {
		t.Errorf("an unknown profile: %v", err)
	}
	_, _, notes, err := History(t.Context(), h, "nightly", since, nil)
	if want := "no tick or run of nightly on record matches since 2026-05-01 00:00:00"; err != nil || !slices.Contains(notes, want) {
		t.Errorf("one that has not run: %q, %v", notes, err)
	}
}

// TestTooManyTicks: of more ticks than can be judged the newest are shown, with
// the runs of their time, and it is said what is left out.
func TestTooManyTicks(t *testing.T) {
	t.Parallel()
	event, err := calendar.Parse("*:*:00")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 30, 12, 0, 30, 0, time.Local)
	h := timeline.History{Most: 100, Timetables: []montimer.Timetable{{Since: now.AddDate(0, 0, -20), Events: []calendar.Event{event}, Local: time.UTC}}}
	for hours := range 5 {
		at := now.Add(-time.Duration(hours) * time.Hour)
		h.Runs = append(h.Runs, montimer.Run{ID: fmt.Sprint(hours), Trigger: montimer.TriggerManual, State: montimer.RunOK, Started: at, Ended: at})
	}
	slices.Reverse(h.Runs)
	entries, note := entriesOf("p", h, now.AddDate(0, 0, -15), now.AddDate(0, 0, -15), now, now)
	ticks, runs := 0, 0
	for _, e := range entries {
		if ticks += e.Ticks; e.Run != nil {
			runs++
		}
	}
	if ticks != 99 || runs != 2 { // the last one may still be served
		t.Errorf("%d ticks, %d runs: %+v", ticks, runs, entries)
	}
	if want := "p before 2026-11-30 10:21:00: it had too many runs or ticks since 2026-11-15 12:00:30 to judge all"; note != want {
		t.Errorf("%s, not %s", note, want)
	}
}
