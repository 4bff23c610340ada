package taskexec

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/montimer/montimer"
)

// run is one run under way.
type run struct {
	Runner
	profile montimer.Profile
	record  montimer.Run // what has become of it so far
	python  string       // what runs .py files
	streams sync.Pool    // of *stream
}

func (r Runner) begin(req Request, p montimer.Profile) *run {
	record := montimer.Run{
		ID:        runID(r.Environ, os.Getpid()),
		Profile:   p.Name,
		Trigger:   cmp.Or(req.Trigger, montimer.TriggerManual),
		Scheduled: req.Scheduled,
		Attempt:   1,
		Started:   time.Now(),
		State:     montimer.RunRunning,
	}
	r.Grace = cmp.Or(r.Grace, 10*time.Second)
	if r.Redactor == nil {
		r.Redactor = NewRedactor(SecretValues(r.Environ))
	}
	r.Log = slog.New(discreet{r.Log.Handler(), r.Redactor}).With("profile", p.Name, "run_id", record.ID)
	python := filepath.Join(r.Checkout, ".venv/bin/python") // the checkout's own, where it has one
	if _, err := os.Stat(python); err != nil {
		python = "python3"
	}
	return &run{Runner: r, profile: p, record: record, python: python}
}

func (r *run) end(s montimer.RunState, reason string) {
	r.record.State, r.record.Reason, r.record.Ended = s, reason, time.Now()
}

// rehearse says what would run, with the names of variables but no values.
func (r *run) rehearse() {
	for _, t := range r.profile.Tasks {
		r.Log.Info(fmt.Sprintf("[would run] %s (env: %s)", quote(argv(t, r.Checkout, r.python)), envNames(r.profile, t)), "task", t.Name)
		r.record.Tasks = append(r.record.Tasks, montimer.TaskRun{Name: t.Name, Status: montimer.TaskSkipped})
	}
}

// tasks runs the tasks, and records what became of each as it ends.
func (r *run) tasks(ctx context.Context) {
	ctx, cancel := withLimit(ctx, r.profile.Timeout)
	defer cancel()
	for _, t := range r.profile.Tasks {
		r.record.Tasks = append(r.record.Tasks, montimer.TaskRun{Name: t.Name, Status: montimer.TaskNotRun})
	}
	type ending struct {
		index int
		task  montimer.TaskRun
	}
	schedule, endings := newSchedule(r.profile.Tasks, r.profile.Parallel), make(chan ending)
	for {
		for ctx.Err() == nil {
			i, ok := schedule.start()
			if !ok {
				break
			}
			go func() { endings <- ending{i, r.task(ctx, r.profile.Tasks[i])} }()
		}
		if schedule.running == 0 {
			return
		}
		e := <-endings
		schedule.end(e.index)
		r.record.Tasks[e.index] = e.task
	}
}

// withLimit ends the context after limit, for errTimeout; 0: never.
func withLimit(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, limit, errTimeout)
}

// report sums the run up: a line for each failure, and one for all.
func (r *run) report() {
	failures := r.record.Failures()
	for _, t := range failures {
		r.Log.Error(fmt.Sprintf("FAIL %s: %s", t.Name, reason(t)), "task", t.Name, "result", string(t.Status))
	}
	took := seconds(r.record.Ended.Sub(r.record.Started))
	r.Log.Info(fmt.Sprintf("%s: %d tasks, %d failed, %s", r.record.State, len(r.record.Tasks), len(failures), took), "result", string(r.record.State))
}
