package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// benchTask has tails as long as they get.
var benchTask = montimer.TaskRun{
	Name: "a task", Status: montimer.TaskFailed, ExitCode: 1, Attempts: 1, Started: tick, Duration: time.Second,
	StdoutTail: strings.Repeat("x", 500), StderrTail: strings.Repeat("y", 500),
}

// BenchmarkRun is what a tick costs, by its number of tasks: open, begin, each
// task, finish without an alert, close.
func BenchmarkRun(b *testing.B) {
	for _, tasks := range []int{1, 40, 1000} {
		b.Run(fmt.Sprint(tasks), func(b *testing.B) {
			dir := b.TempDir()
			open(b, dir, Options{}).Close()
			for n := 0; b.Loop(); n++ {
				s, err := Open(b.Context(), dir, Options{})
				if err != nil {
					b.Fatal(err)
				}
				run, err := s.Begin(b.Context(), timerRun(fmt.Sprint(n), n))
				for range tasks {
					if err == nil {
						err = s.TaskEnded(b.Context(), run.ID, benchTask)
					}
					run.Tasks = append(run.Tasks, benchTask)
				}
				run.State = montimer.RunOK
				if err == nil {
					err = s.Finish(b.Context(), run, nil)
				}
				if err == nil {
					err = s.Close()
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	open(b, dir, Options{}).Close()
	for b.Loop() {
		s, err := Open(b.Context(), dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

func BenchmarkTaskEnded(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	run, err := s.Begin(b.Context(), timerRun("a", 0))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.TaskEnded(b.Context(), run.ID, benchTask); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHistory asks what a tick asks, of a database with 100,000 runs of
// ten profiles, of which the first has failed ever since.
func BenchmarkHistory(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	_, err := s.db.Exec(`
		WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 99999)
		INSERT INTO montimer_runs (id, profile, trigger, scheduled_at, attempt, started_at, state, event_id)
		SELECT 'r' || i, 'p' || (i % 10), 'timer', strftime('%Y-%m-%dT%H:%M:%fZ', 1790000000 + 6*i, 'unixepoch'), 1,
			strftime('%Y-%m-%dT%H:%M:%fZ', 1790000000 + 6*i, 'unixepoch'),
			CASE WHEN i >= 10 AND i % 10 = 0 THEN 'failed' ELSE 'ok' END, i FROM n`)
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	for name, ask := range map[string]func() error{
		"incident of 10,000":  func() error { _, err := s.Incident(ctx, "p0"); return err },
		"incident of none":    func() error { _, err := s.Incident(ctx, "p1"); return err },
		"last of the timer":   func() error { _, _, _, err := s.LastOfTimer(ctx, "p0"); return err },
		"lost":                func() error { _, err := s.Lost(ctx, nil, nil); return err },
		"newest of a profile": func() error { _, err := s.History(ctx, Filter{Profile: "p0", Limit: 50}); return err },
		"prune nothing":       func() error { _, err := s.Prune(ctx, Keep{90, 1000}, 500); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
