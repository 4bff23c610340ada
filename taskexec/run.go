// Package taskexec runs the tasks of a profile: what `montimer exec` does at a
// tick.
package taskexec

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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
	Load func(context.Context) (montimer.Jobs, error)
	Sink Sink // takes what tasks print
	Log  *slog.Logger
}

// Request is one run to do.
type Request struct {
	Profile string
	Tasks   []string // only these, even where disabled; nil: all that are enabled
	RunID   string
	DryRun  bool // say what would run; no lock is taken
}

// Exec runs a profile: one run at a time, tasks in file order, going on after
// a failure. When ctx ends, the running task is stopped and the others are not
// run. The error is ErrLocked, a *UsageError, or what kept the run from
// beginning; how the tasks fared is in the Result.
func (r Runner) Exec(ctx context.Context, req Request) (Result, error) {
	if !req.DryRun {
		held, err := lock(r.StateDir, req.Profile)
		if err != nil {
			return Result{}, err
		}
		defer held.Close()
	}
	profile, err := r.load(ctx, req)
	if err != nil {
		return Result{}, err
	}
	r.Grace = cmp.Or(r.Grace, 10*time.Second)
	r.Log = r.Log.With("profile", profile.Name, "run_id", req.RunID)
	result := Result{Profile: profile.Name, RunID: req.RunID, Started: time.Now()}
	switch {
	case !profile.Enabled:
		r.Log.Info(fmt.Sprintf("profile '%s' is disabled, skipping", profile.Name))
		return result, nil
	case req.DryRun:
		result.Tasks = r.rehearse(profile)
		return result, nil
	}

	result.Tasks = r.tasks(ctx, profile)
	result.Duration = time.Since(result.Started)
	result.Interrupted = ctx.Err() != nil
	r.report(result)
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
		return profile, &UsageError{unknown("profile", req.Profile, jobs.Profiles, func(p montimer.Profile) string { return p.Name })}
	}
	if req.Tasks == nil {
		profile.Tasks = profile.EnabledTasks()
		return profile, nil
	}
	taskName := func(t montimer.Task) string { return t.Name }
	for _, name := range req.Tasks {
		if !slices.ContainsFunc(profile.Tasks, func(t montimer.Task) bool { return t.Name == name }) {
			return profile, &UsageError{unknown("task", name, profile.Tasks, taskName)}
		}
	}
	profile.Tasks = slices.DeleteFunc(slices.Clone(profile.Tasks), func(t montimer.Task) bool { return !slices.Contains(req.Tasks, t.Name) })
	return profile, nil
}

// unknown is the error for a name that is not among the known.
func unknown[T any](kind, name string, known []T, nameOf func(T) string) error {
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = nameOf(k)
	}
	return fmt.Errorf("unknown %s %q; known: %s", kind, name, strings.Join(names, ", "))
}

// rehearse says what would run.
func (r Runner) rehearse(p montimer.Profile) []TaskResult {
	python := r.python()
	var results []TaskResult
	for _, t := range p.Tasks {
		r.Log.Info(fmt.Sprintf("[would run] %s (env: %s)", quote(argv(t, r.Checkout, python)), envNames(p, t)), "task", t.Name)
		results = append(results, TaskResult{Name: t.Name, Status: StatusSkipped})
	}
	return results
}

// report sums the run up: one line, and one for each failure.
func (r Runner) report(result Result) {
	failures := result.Failures()
	for _, t := range failures {
		r.Log.Error(fmt.Sprintf("FAIL %s: %s", t.Name, t.reason()), "task", t.Name, "result", string(t.Status))
	}
	r.Log.Info(fmt.Sprintf("%d tasks, %d failed, %.1fs", len(result.Tasks), len(failures), result.Duration.Seconds()))
}
