package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

// open opens the database of dir until the test ends.
func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// query returns all rows of a query, each as its columns joined by |.
func query(t testing.TB, s *Store, text string, args ...any) []string {
	t.Helper()
	rows, err := s.db.QueryContext(context.Background(), text, args...)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	lines, err := collect(rows, func(row scanner) (line string, err error) {
		values := make([]sql.NullString, len(columns))
		targets := make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		err = row.Scan(targets...)
		for i, v := range values {
			if i > 0 {
				line += "|"
			}
			if !v.Valid {
				v.String = "NULL"
			}
			line += v.String
		}
		return line, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func equal(t testing.TB, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

var tick = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

// timerRun is a run of the timer for the n-th tick.
func timerRun(id string, n int) montimer.Run {
	at := tick.Add(time.Duration(n) * time.Minute)
	return montimer.Run{ID: id, Profile: "hourly", Trigger: montimer.TriggerTimer, Scheduled: at, Started: at.Add(5 * time.Millisecond), Host: "alpha"}
}

func TestOpenOddNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b", "a?mode=memory", "a#b", "100%", "%3f", "ü", "a&b=c;d", ":memory:"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), name)
			if err := os.Mkdir(dir, 0o750); err != nil {
				t.Fatal(err)
			}
			open(t, dir, Options{})
			if _, err := os.Stat(filepath.Join(dir, FileName)); err != nil {
				t.Error(err)
			}
			entries, err := os.ReadDir(filepath.Dir(dir))
			if err != nil || len(entries) != 1 {
				t.Errorf("beside the directory: %v, %v", entries, err)
			}
		})
	}
}

// TestMode: neither a lax nor a strict umask has a say.
func TestMode(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, umask := range []string{"000", "077"} {
		dir := t.TempDir()
		cmd := exec.Command("sh", "-c", "umask "+umask+`; exec "$0"`, exe)
		cmd.Env = []string{childEnv + "=open " + dir}
		if out, _ := cmd.Output(); string(out) != "<nil>\n" {
			t.Fatalf("%s", out)
		}
		open(t, dir, Options{})
		for _, name := range []string{FileName, FileName + "-wal", FileName + "-shm"} {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode() != fileMode {
				t.Errorf("umask %s: %s has mode %v", umask, name, info.Mode())
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		lay  func(path string) error
	}{
		{"link to a file", func(path string) error {
			return errors.Join(os.WriteFile(path+".other", nil, 0o600), os.Symlink(path+".other", path))
		}},
		{"dangling link", func(path string) error { return os.Symlink(path+".other", path) }},
		{"directory", func(path string) error { return os.Mkdir(path, 0o700) }},
		{"no state directory", func(path string) error { return os.Remove(filepath.Dir(path)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := test.lay(filepath.Join(dir, FileName)); err != nil {
				t.Fatal(err)
			}
			for _, readOnly := range []bool{false, true} {
				if s, err := Open(t.Context(), dir, Options{ReadOnly: readOnly}); err == nil {
					s.Close()
					t.Errorf("opened, read-only %t", readOnly)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, FileName) + ".other"); test.name == "dangling link" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the target of the link: %v", err)
			}
		})
	}
}

func TestRunLife(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	ctx := t.Context()
	run, err := s.Begin(ctx, timerRun("a", 0))
	if err != nil {
		t.Fatal(err)
	}
	ok := montimer.TaskRun{Name: "ok", Status: montimer.TaskOK, Attempts: 1, Started: tick.Add(time.Second), Duration: 1500 * time.Millisecond}
	bad := montimer.TaskRun{Name: "bad", Status: montimer.TaskKilled, ExitCode: -9, Attempts: 2, Started: tick, Duration: 1, StdoutTail: "out", StderrTail: "err\nü"}
	for _, task := range []montimer.TaskRun{bad, ok} {
		if err := s.TaskEnded(ctx, run.ID, task); err != nil {
			t.Fatal(err)
		}
	}
	want := timerRun("a", 0)
	want.Attempt, want.State = 1, montimer.RunRunning
	equal(t, run, want)
	want.Tasks = []montimer.TaskRun{bad, ok}
	got, err := s.Run(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)

	want.Tasks = []montimer.TaskRun{ok, bad, {Name: "never", Status: montimer.TaskNotRun}}
	want.State, want.Ended, want.Commit, want.Reason, want.AlreadyServed = montimer.RunFailed, tick.Add(time.Minute), "abc", "because", true
	alert := &montimer.Alert{Kind: montimer.AlertFailure, Profile: "hourly", RunID: "a", Incident: "a", First: true, Text: "*bad*\xff", Created: tick}
	if err := s.Finish(ctx, want, alert); err != nil {
		t.Fatal(err)
	}
	got, err = s.Run(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
	equal(t, query(t, s, "SELECT * FROM alert_events"), []string{
		"1|2026-11-30T08:00:00.000000Z|automation_digest|automation|automation|NULL|*bad*\uFFFD|0|0|generated|NULL|NULL|NULL|NULL|{}",
	})
	pending, err := s.Pending(ctx)
	if err != nil {
		t.Fatal(err)
	}
	alert.Text = "*bad*\uFFFD"
	equal(t, pending, []montimer.Alert{*alert})
	if alert.ID != 1 || alert.EventID != 1 || !alert.NextTry.Equal(tick) {
		t.Errorf("alert not filled in: %+v", *alert)
	}
}

func TestParallelTasks(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	if _, err := s.Begin(t.Context(), timerRun("a", 0)); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if err := s.TaskEnded(t.Context(), "a", montimer.TaskRun{Status: montimer.TaskOK}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	run, err := s.Run(t.Context(), "a")
	if err != nil || len(run.Tasks) != 50 {
		t.Errorf("%d tasks, %v", len(run.Tasks), err)
	}
}

func TestBeginConflicts(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	begin := func(id string, n int, trigger montimer.Trigger, known bool) montimer.Run {
		run := timerRun(id, n)
		run.Trigger = trigger
		if !known {
			run.Scheduled = time.Time{}
		}
		got, err := s.Begin(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, test := range []struct {
		id      string
		n       int
		trigger montimer.Trigger
		known   bool
		attempt int
	}{
		{"a", 0, montimer.TriggerTimer, true, 1},
		{"b", 0, montimer.TriggerTimer, true, 2},
		{"c", 0, montimer.TriggerTimer, true, 3},
		{"d", 1, montimer.TriggerTimer, true, 1},
		{"e", 0, montimer.TriggerManual, true, 1},
		{"f", 0, montimer.TriggerTimer, false, 1},
		{"g", 0, montimer.TriggerTimer, false, 1},
	} {
		if got := begin(test.id, test.n, test.trigger, test.known); got.Attempt != test.attempt || got.ID != test.id {
			t.Errorf("%s: id %s, attempt %d; want %d", test.id, got.ID, got.Attempt, test.attempt)
		}
	}
	again := begin("a", 2, montimer.TriggerTimer, true)
	if len(again.ID) != 32 {
		t.Errorf("an id that was taken became %q", again.ID)
	}
	if err := s.TaskEnded(t.Context(), "nobody", montimer.TaskRun{}); !errors.Is(err, ErrNoRun) {
		t.Errorf("a task of no run: %v", err)
	}
}

func TestFinishWithoutBegin(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	run := timerRun("a", 0)
	run.State, run.Ended, run.Tasks = montimer.RunOK, tick, []montimer.TaskRun{{Name: "x", Status: montimer.TaskOK}}
	if err := s.Finish(t.Context(), run, nil); err != nil {
		t.Fatal(err)
	}
	run.Attempt = 1
	got, err := s.Run(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, run)
	equal(t, query(t, s, "SELECT count(*) FROM montimer_outbox"), []string{"0"})
}

func TestLost(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	ctx := t.Context()
	for i, profile := range []string{"held", "free", "free", "late", "over"} {
		run := timerRun(fmt.Sprint(i), i)
		run.Profile = profile
		run, err := s.Begin(ctx, run)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.TaskEnded(ctx, run.ID, montimer.TaskRun{Name: "t", Status: montimer.TaskFailed, ExitCode: 3}); err != nil {
			t.Fatal(err)
		}
		if profile == "over" {
			run.State = montimer.RunOK
			if err := s.Finish(ctx, run, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	free := func(profile string) bool { return profile != "held" }
	report := func(r montimer.Run) *montimer.Alert {
		switch r.ID {
		case "1":
			return nil
		case "3": // ends at the last moment
			r.State = montimer.RunOK
			if err := s.Finish(ctx, r, nil); err != nil {
				t.Fatal(err)
			}
		}
		return &montimer.Alert{Kind: montimer.AlertLost, RunID: r.ID, Text: fmt.Sprintf("%d failed", len(r.Failures()))}
	}
	lost, err := s.Lost(ctx, free, report)
	if err != nil {
		t.Fatal(err)
	}
	if len(lost) != 2 || lost[0].ID != "1" || lost[1].ID != "2" || lost[0].State != montimer.RunLost || len(lost[1].Tasks) != 1 {
		t.Errorf("lost: %+v", lost)
	}
	if lost, err := s.Lost(ctx, free, report); err != nil || len(lost) != 0 {
		t.Errorf("lost twice: %+v, %v", lost, err)
	}
	equal(t, query(t, s, "SELECT id, state, event_id FROM montimer_runs ORDER BY seq"), []string{"0|running|NULL", "1|lost|NULL", "2|lost|1", "3|ok|NULL", "4|ok|NULL"})
	equal(t, query(t, s, "SELECT run_id, message FROM montimer_outbox"), []string{"2|1 failed"})
}
