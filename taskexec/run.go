// Package taskexec runs the tasks of a profile: what `montimer exec` does at a
// tick.
//
// run.go is one run from the lock to the summary, task.go one task with its
// retries, process.go one process. What they decide is in files of its own,
// free of side effects: schedule.go, command.go, output.go, tail.go, redact.go.
package taskexec

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/montimer/montimer"
)

// Runner runs profiles on this host.
type Runner struct {
	Checkout string        // absolute; the tasks' working directory
	StateDir string        // absolute and there; the locks live in it
	Environ  []string      // what tasks inherit
	Grace    time.Duration // between asking a task to end and making it; 0: 10 s

	// Load reads jobs.yaml. It is called once a run, under the lock.
	Load     func(context.Context) (montimer.Jobs, error)
	Sink     Sink      // takes what tasks print
	Redactor *Redactor // hides secrets from the sink, the log and the result
	Log      *slog.Logger
}

// Trigger says who asked for a run.
type Trigger string

// The two who can ask.
const (
	TriggerTimer  Trigger = "timer"
	TriggerManual Trigger = "manual"
)

// Request is one run to do.
type Request struct {
	Profile     string
	Tasks       []string // only these, even where disabled; nil: all that are enabled
	RunID       string   // see [NewRunID]
	Trigger     Trigger
	ScheduledAt time.Time // of the tick; zero: not known
	DryRun      bool      // say what would run; no lock is taken
}

// Exec runs a profile: one run of it at a time, all tasks whatever becomes of
// the others. When ctx ends, what runs is stopped and the rest is not run. The
// error is ErrLocked, a *UsageError, or what kept the run from beginning; how
// the tasks fared is in the Result.
func (r Runner) Exec(ctx context.Context, req Request) (Result, error) {
	if !req.DryRun {
		release, err := lock(r.StateDir, req.Profile)
		if err != nil {
			return Result{}, err
		}
		defer release()
	}
	profile, err := r.load(ctx, req)
	if err != nil {
		return Result{}, err
	}
	run := r.begin(req, profile)
	result := Result{Profile: profile.Name, RunID: req.RunID, Started: time.Now()}
	switch {
	case !profile.Enabled:
		run.Log.Info(fmt.Sprintf("profile '%s' is disabled, skipping", profile.Name))
		return result, nil
	case req.DryRun:
		result.Tasks = run.rehearse()
		return result, nil
	}

	result.Tasks = run.tasks(ctx)
	result.Duration = time.Since(result.Started)
	result.Interrupted = ctx.Err() != nil && len(result.Failures()) > 0
	run.report(result)
	return result, nil
}

// load returns the profile as it is to be run: its Tasks are those that run.
func (r Runner) load(ctx context.Context, req Request) (montimer.Profile, error) {
	jobs, err := r.Load(ctx)
	if err != nil {
		return montimer.Profile{}, &UsageError{err}
	}
	profile, ok := jobs.Profile(req.Profile)
	if !ok {
		var names []string
		for _, p := range jobs.Profiles {
			names = append(names, p.Name)
		}
		return profile, unknown("profile", req.Profile, names)
	}
	profile.Tasks, err = choose(profile, req.Tasks)
	return profile, err
}

// choose returns the named tasks of p in file order; without names, all that
// are enabled.
func choose(p montimer.Profile, names []string) ([]montimer.Task, error) {
	if names == nil {
		return p.EnabledTasks(), nil
	}
	var known []string
	var chosen []montimer.Task
	for _, t := range p.Tasks {
		known = append(known, t.Name)
		if slices.Contains(names, t.Name) {
			chosen = append(chosen, t)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, unknown("task", name, known)
		}
	}
	return chosen, nil
}

func unknown(kind, name string, known []string) error {
	return &UsageError{fmt.Errorf("unknown %s %q; known: %s", kind, name, strings.Join(known, ", "))}
}

// run is one run under way.
type run struct {
	Runner
	Request
	profile montimer.Profile
	python  string    // what runs .py files
	streams sync.Pool // of *stream
}

func (r Runner) begin(req Request, p montimer.Profile) *run {
	r.Grace = cmp.Or(r.Grace, 10*time.Second)
	r.Redactor = cmp.Or(r.Redactor, NewRedactor(nil))
	r.Log = r.Log.With("profile", p.Name, "run_id", req.RunID)
	python := filepath.Join(r.Checkout, ".venv/bin/python") // the checkout's own, where it has one
	if _, err := os.Stat(python); err != nil {
		python = "python3"
	}
	return &run{Runner: r, Request: req, profile: p, python: python}
}

// rehearse says what would run, with the names of variables but no values.
func (r *run) rehearse() []TaskResult {
	var results []TaskResult
	for _, t := range r.profile.Tasks {
		line := fmt.Sprintf("[would run] %s (env: %s)", quote(argv(t, r.Checkout, r.python)), envNames(r.profile, t))
		r.Log.Info(r.Redactor.String(line), "task", t.Name)
		results = append(results, TaskResult{Name: t.Name, Status: StatusSkipped})
	}
	return results
}

// tasks runs the tasks and returns what became of each.
func (r *run) tasks(ctx context.Context) []TaskResult {
	ctx, cancel := withLimit(ctx, r.profile.Timeout)
	defer cancel()
	tasks := r.profile.Tasks
	results := make([]TaskResult, len(tasks))
	for i, t := range tasks {
		results[i] = TaskResult{Name: t.Name, Status: StatusNotRun}
	}
	schedule, ended := newSchedule(tasks, r.profile.Parallel), make(chan int)
	for {
		for ctx.Err() == nil {
			i, ok := schedule.start()
			if !ok {
				break
			}
			go func() {
				results[i] = r.task(ctx, tasks[i])
				ended <- i
			}()
		}
		if schedule.running == 0 {
			return results
		}
		schedule.end(<-ended)
	}
}

// withLimit ends the context after limit, for errTimeout; 0: never.
func withLimit(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, limit, errTimeout)
}

// report sums the run up: one line for each failure, and one for all.
func (r *run) report(result Result) {
	failures := result.Failures()
	for _, t := range failures {
		line := fmt.Sprintf("FAIL %s: %s", t.Name, t.reason())
		r.Log.Error(r.Redactor.String(line), "task", t.Name, "result", string(t.Status))
	}
	line := fmt.Sprintf("%d tasks, %d failed, %.1fs", len(result.Tasks), len(failures), result.Duration.Seconds())
	if result.Interrupted {
		line += ", interrupted"
	}
	r.Log.Info(line)
}
