package store

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
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

// BenchmarkBackup backs up a database of MONTIMER_BENCH_MIB (16) while a process commits
// all the time, and restores it: the time of each, and the longest commit alone and
// meanwhile.
func BenchmarkBackup(b *testing.B) {
	size, err := strconv.Atoi(cmp.Or(os.Getenv("MONTIMER_BENCH_MIB"), "16"))
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	s := open(b, dir, Options{})
	for range size {
		if _, err := s.db.Exec("INSERT INTO alert_events (created_at, source, protocol, message) SELECT '2026-01-01T00:00:00.000000Z', 's', 'p', hex(randomblob(512)) FROM json_each('[' || substr(replace(hex(zeroblob(1024)), '00', '1,'), 1, 2047) || ']')"); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := s.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, FileName))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		alone := commits(b, dir, func() { time.Sleep(5 * time.Second) })
		copied := filepath.Join(b.TempDir(), "copy.db")
		began := time.Now()
		meanwhile := commits(b, dir, func() {
			if err := Backup(b.Context(), "", dir, copied); err != nil {
				b.Error(err)
			}
		})
		took := time.Since(began)
		began = time.Now()
		kept, err := Restore(b.Context(), "", dir, copied, "beside")
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size()>>20), "MiB")
		b.ReportMetric(took.Seconds(), "s/backup")
		b.ReportMetric(time.Since(began).Seconds(), "s/restore")
		b.ReportMetric(float64(alone.longest.Microseconds())/1000, "ms/longest-alone")
		b.ReportMetric(float64(meanwhile.longest.Microseconds())/1000, "ms/longest-meanwhile")
		b.ReportMetric(float64(meanwhile.n)/took.Seconds(), "commits/s")
		os.Remove(kept)
	}
}

type commitTimes struct {
	n       int
	longest time.Duration
}

// commits has another connection commit as a run does until during has ended.
func commits(b *testing.B, dir string, during func()) (c commitTimes) {
	s, err := Open(b.Context(), dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			began := time.Now()
			if _, err := s.Begin(b.Context(), timerRun(freshID(), c.n)); err != nil {
				b.Error(err)
				return
			}
			c.longest = max(c.longest, time.Since(began))
			c.n++
		}
	}()
	during()
	close(stop)
	<-done
	return c
}
