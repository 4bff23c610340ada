package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

// writeRuns records runs of eight tasks, each with an alert that is sent, until
// ctx ends; it returns how many.
func writeRuns(ctx context.Context, s *Store, profile string) (runs int, err error) {
	for ; ctx.Err() == nil; runs++ {
		ctx := context.WithoutCancel(ctx)
		run := timerRun(fmt.Sprintf("%s-%d", profile, runs), runs)
		run.Profile = profile
		if run, err = s.Begin(ctx, run); err != nil {
			return runs, err
		}
		for n := range 8 {
			task := montimer.TaskRun{Name: fmt.Sprint(n), Status: montimer.TaskFailed}
			if err := s.TaskEnded(ctx, run.ID, task); err != nil {
				return runs, err
			}
			run.Tasks = append(run.Tasks, task)
		}
		run.State = montimer.RunFailed
		alert := &montimer.Alert{Kind: montimer.AlertFailure, RunID: run.ID, Text: run.ID}
		err := errors.Join(s.Finish(ctx, run, alert), s.Delivered(ctx, *alert, "", time.Now()))
		if err != nil {
			return runs, err
		}
	}
	return runs, nil
}

// TestTogether has two stores and two Python programs write to one database,
// and a reader look on.
func TestTogether(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t, "sqlite3")
	long := 400 * time.Millisecond
	if testenv.Soak() {
		long = time.Minute
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	var group sync.WaitGroup
	var ours [2]int
	for n := range ours {
		s := open(t, dir, Options{})
		group.Go(func() {
			var err error
			if ours[n], err = writeRuns(ctx, s, fmt.Sprint("p", n)); err != nil {
				t.Errorf("store %d: %v", n, err)
			}
		})
	}
	reader := open(t, dir, Options{ReadOnly: true})
	group.Go(func() {
		for ctx.Err() == nil {
			if _, err := reader.History(context.WithoutCancel(ctx), Filter{Limit: 100}); err != nil {
				t.Errorf("reader: %v", err)
				return
			}
		}
	})
	var theirs [2]struct {
		Alerts, Sent, Values int
		Errors               []string
	}
	for n := range theirs {
		group.Go(func() {
			var stderr bytes.Buffer
			cmd := exec.Command(python, "testdata/tasks.py", filepath.Join(dir, FileName), fmt.Sprint(long.Seconds()), fmt.Sprint("t", n))
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil || json.Unmarshal(out, &theirs[n]) != nil || len(theirs[n].Errors) > 0 {
				t.Errorf("tasks.py: %v\n%s%s", err, out, &stderr)
			}
		})
	}
	group.Wait()

	for n, runs := range ours {
		equal(t, cli(t, dir, fmt.Sprintf(`SELECT count(*) FROM montimer_runs WHERE profile = 'p%d' AND state = 'failed' AND attempt = 1;
			SELECT count(*) FROM montimer_task_runs JOIN montimer_runs ON run = seq WHERE profile = 'p%[1]d';
			SELECT count(*) FROM alert_events WHERE message LIKE 'p%[1]d-%%' AND delivery_status = 'delivered'`, n)),
			fmt.Sprintf("%d\n%d\n%d", runs, 8*runs, runs))
	}
	for n, did := range theirs {
		equal(t, cli(t, dir, fmt.Sprintf(`SELECT count(*) FROM alert_events WHERE protocol = 't%d';
			SELECT count(*) FROM alert_events WHERE protocol = 't%[1]d' AND delivery_status = 'delivered';
			SELECT coalesce(max(CAST(value AS INTEGER)), -1) FROM monitor_state WHERE namespace = 't%[1]d'`, n)),
			fmt.Sprintf("%d\n%d\n%d", did.Alerts, did.Sent, did.Values-1))
	}
	equal(t, cli(t, dir, "PRAGMA integrity_check; SELECT count(*) FROM montimer_outbox"), "ok\n0")
	t.Logf("runs of ours %v, of Python %+v", ours, theirs)
}
