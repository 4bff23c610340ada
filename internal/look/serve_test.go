package look

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

// served is a host with a profile whose timer elapsed each minute for the ten up to
// begin: run 3 failed, and no run served tick 6.
func served(t *testing.T) (r *Reader, begin time.Time) {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	event, err := calendar.Parse("*:*:00")
	if err != nil {
		t.Fatal(err)
	}
	begin = time.Now().UTC().Truncate(time.Minute).Add(-30 * time.Minute)
	if err := s.InForce(t.Context(), "p", montimer.Timetable{Since: begin.Add(-time.Second), Events: []calendar.Event{event}, Local: time.UTC}, ""); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if i == 6 {
			continue
		}
		at := begin.Add(time.Duration(i) * time.Minute)
		run, err := s.Begin(t.Context(), montimer.Run{
			ID: fmt.Sprintf("%032d", i), Profile: "p", Trigger: montimer.TriggerTimer, Scheduled: at, Started: at.Add(time.Millisecond), State: montimer.RunRunning, Attempt: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		run.Ended, run.State = run.Started.Add(time.Second), montimer.RunOK
		run.Tasks = []montimer.TaskRun{{Name: "always", Status: montimer.TaskOK}}
		if i == 3 {
			run.State = montimer.RunFailed
			run.Tasks = append(run.Tasks, montimer.TaskRun{Name: "rare", Status: montimer.TaskFailed, ExitCode: 7})
		}
		if err := s.Finish(t.Context(), run, nil); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "jobs.yaml")
	if err := os.WriteFile(file, []byte("profiles: {p: {cron: '* * * * *'}, idle: {cron: '5 4 * * *'}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Reader{Host: montimer.Host{StateDir: dir, JobsFile: file, UnitDir: dir, Checkout: dir, User: "root"}}, begin
}

// TestTimeline: neighbouring ticks of one state are one span, with its first and
// last run.
func TestTimeline(t *testing.T) {
	t.Parallel()
	r, begin := served(t)
	v, err := r.Timeline(t.Context(), "p", begin.Add(time.Minute), begin.Add(9*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	at := func(i int) time.Time { return begin.Add(time.Duration(i) * time.Minute) }
	id := func(i int) string { return fmt.Sprintf("%032d", i) }
	want := []view.Stretch{
		{State: timeline.OK, From: at(1), To: at(2), Ticks: 2, FirstRun: id(1), LastRun: id(2)},
		{State: timeline.Failed, From: at(3), To: at(3), Ticks: 1, FirstRun: id(3), LastRun: id(3)},
		{State: timeline.OK, From: at(4), To: at(5), Ticks: 2, FirstRun: id(4), LastRun: id(5)},
		{State: timeline.Missed, From: at(6), To: at(6), Ticks: 1},
		{State: timeline.OK, From: at(7), To: at(8), Ticks: 2, FirstRun: id(7), LastRun: id(8)},
	}
	for i := range v.Stretches { // whether the host was up is not known everywhere
		if v.Stretches[i].State == timeline.Unknown {
			v.Stretches[i].State = timeline.Missed
		}
	}
	if diff := cmp.Diff(want, v.Stretches); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var unknown *view.UnknownError
	if _, err := r.Timeline(t.Context(), "other", at(0), at(9)); !errors.As(err, &unknown) {
		t.Errorf("an unknown profile: %v", err)
	}
	if v, err := r.Timeline(t.Context(), "idle", at(0), at(9)); err != nil || len(v.Stretches) != 0 {
		t.Errorf("a profile that has not run: %+v, %v", v, err)
	}
	if err := os.WriteFile(r.Host.JobsFile, []byte("profiles: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err = r.Timeline(t.Context(), "other", at(0), at(9))
	if err != nil || !strings.Contains(strings.Join(v.NotSeen, "\n"), "whether there is a profile other: jobs.yaml:") {
		t.Errorf("a profile that may be in a broken jobs.yaml: %+v, %v", v, err)
	}
}

// TestNobodyWaits: a request whose client has gone waits for no other, and takes no turn.
func TestNobodyWaits(t *testing.T) {
	t.Parallel()
	r, begin := served(t)
	for _, lock := range []*turn{&r.judging, &r.boards.turn, &r.overview.turn, &r.counted.turn} {
		if err := lock.take(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for name, read := range map[string]func(context.Context) error{
		"overview": func(ctx context.Context) error { _, err := r.Overview(ctx); return err },
		"counted":  func(ctx context.Context) error { _, _, err := r.Counted(ctx); return err },
		"boards":   func(ctx context.Context) error { _, err := r.Board(ctx, "", ""); return err },
		"a board":  func(ctx context.Context) error { _, err := r.Board(ctx, "p", ""); return err },
		"timeline": func(ctx context.Context) error {
			_, err := r.Timeline(ctx, "p", begin, begin.Add(time.Hour))
			return err
		},
		"a history": func(ctx context.Context) error { _, _, _, err := r.History(ctx, "p", view.Filter{}); return err },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if err := read(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDeleted: a database that was deleted is not one that is not there yet.
func TestDeleted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := &Reader{
		Host:  montimer.Host{StateDir: dir, JobsFile: dir + "/jobs.yaml", UnitDir: dir, Checkout: dir, EnvFile: dir + "/env", User: "root"},
		Units: host.Source{Getenv: func(string) string { return "" }},
	}
	deleted := func() bool {
		t.Helper()
		v, err := r.Overview(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.overview.at = time.Time{}
		return strings.Contains(strings.Join(v.NotSeen, "\n"), "the database was deleted")
	}
	if deleted() {
		t.Error("before anything has run")
	}
	copies := filepath.Join(r.Host.StateDir, montimer.LastGoodDir)
	if err := errors.Join(os.Mkdir(copies, 0o700), os.WriteFile(filepath.Join(copies, "p.json"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if !deleted() {
		t.Error("after a run: it is not said")
	}
}

// TestRuns: pages of runs have each run once, those that failed with their failed
// tasks.
func TestRuns(t *testing.T) {
	t.Parallel()
	r, _ := served(t)
	var got []string
	for before := ""; ; {
		runs, err := r.Runs(t.Context(), store.Filter{Profile: "p", Before: before, Limit: 4})
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) == 0 {
			break
		}
		for _, run := range runs {
			text := run.Profile + " " + run.ID[31:]
			for _, task := range run.Tasks {
				text += fmt.Sprintf(" %s %d", task.Name, task.ExitCode)
			}
			got, before = append(got, text), run.ID
		}
	}
	if diff := cmp.Diff([]string{"p 9", "p 8", "p 7", "p 5", "p 4", "p 3 rare 7", "p 2", "p 1", "p 0"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := r.Runs(t.Context(), store.Filter{Before: "none"}); !errors.Is(err, store.ErrNoRun) {
		t.Errorf("an unknown cursor: %v", err)
	}
	none := Reader{Host: montimer.Host{StateDir: t.TempDir()}}
	if runs, err := none.Runs(t.Context(), store.Filter{Limit: 4}); err != nil || len(runs) != 0 {
		t.Errorf("without a database: %v, %v", runs, err)
	}
}

// TestKept: what was read is returned again while it is fresh, but no error is.
func TestKept(t *testing.T) {
	t.Parallel()
	var k kept[int]
	n := 0
	read := func() (int, error) {
		if n++; n == 1 {
			return 0, errors.New("none")
		}
		return n, nil
	}
	if _, err := k.get(t.Context(), read); err == nil {
		t.Error("no error")
	}
	first, _ := k.get(t.Context(), read)
	k.at = time.Now().Add(fresh) // however slow the machine is
	again, _ := k.get(t.Context(), read)
	k.at = time.Now().Add(-2 * fresh)
	later, err := k.get(t.Context(), read)
	if first != 2 || again != 2 || later != 3 || err != nil {
		t.Errorf("%d, %d, %d, %v", first, again, later, err)
	}
}
