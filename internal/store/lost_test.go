package store

import (
	"strings"
	"testing"

	"github.com/montimer/montimer"
)

// A row that cannot be read keeps no other lost run from being found, and is
// reported itself.
func TestUnreadableRowOfLostRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	execute(t, dir, `INSERT INTO montimer_runs (id, profile, trigger, attempt, started_at, state) VALUES
		('bad', 'x', 'timer', 1, 'yesterday', 'running'), ('worse', 'x', 'timer', 'one', '2026-11-30T00:00:00Z', 'running'),
		('good', 'y', 'timer', 1, '2026-11-30T00:00:00Z', 'running')`)
	told := map[string]string{}
	lost, err := s.Lost(t.Context(), func(string) bool { return true }, func(run montimer.Run) *montimer.Alert {
		told[run.ID] = run.Reason
		return nil
	})
	if err != nil || len(lost) != 3 || len(told) != 3 {
		t.Fatalf("%v, %+v, told %q", err, lost, told)
	}
	for id, want := range map[string]bool{"bad": false, "worse": true, "good": false} {
		if strings.Contains(told[id], "its row could not be read, and was repaired") != want {
			t.Errorf("%s: %q", id, told[id])
		}
	}
	if _, err := s.History(t.Context(), Filter{}); err != nil {
		t.Error(err)
	}
}

// Rows of others are lost once, and their tasks keep no run from being found.
func TestForgedRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	execute(t, dir, `
		INSERT INTO montimer_runs (seq, id, profile, trigger, attempt, started_at, state) VALUES
			(1, 'tasks', 'x', 'timer', 1, '2026-11-30T00:00:00Z', 'running'), (2, x'ff', x'ff', x'ff', 1, '2026-11-30T00:00:00Z', 'running');
		INSERT INTO montimer_task_runs (run, name, status, exit_code, error, attempts, started_at, duration, stdout_tail, stderr_tail)
			VALUES (1, 'x', 'ok', 'none', '', 'x', 'yesterday', 'long', '', '')`)
	told := 0
	for range 2 {
		_, err := s.Lost(t.Context(), func(string) bool { return true }, func(run montimer.Run) *montimer.Alert {
			told++
			return &montimer.Alert{RunID: run.ID, Profile: run.Profile, Text: run.Reason}
		})
		if err != nil {
			t.Error(err)
		}
	}
	if told != 2 {
		t.Errorf("%d alerts of 2 runs", told)
	}
}

// Many rows do not hold up who looks for them: the rest is found the next time.
func TestManyLostRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	execute(t, dir, `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 250)
		INSERT INTO montimer_runs (id, profile, trigger, attempt, started_at, state)
		SELECT 'r' || i, 'p' || (i % 2), 'timer', 1, '2026-11-30T00:00:00Z', 'running' FROM c`)
	asked := 0
	for _, want := range []int{100, 100, 50, 0} {
		lost, err := s.Lost(t.Context(), func(string) bool { asked++; return true }, func(montimer.Run) *montimer.Alert { return nil })
		if err != nil || len(lost) != want {
			t.Errorf("%d found, want %d: %v", len(lost), want, err)
		}
	}
	if asked != 6 { // once for each profile
		t.Errorf("the locks were asked for %d times", asked)
	}
}
