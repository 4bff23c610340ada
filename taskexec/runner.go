// Package taskexec runs the tasks of a profile: what `montimer exec` does at a
// tick.
//
// runner.go is a run from the lock to its result, run.go the part of it where
// tasks run, task.go one task with its retries, process.go one process. What
// they go by is decided in files without side effects: schedule.go, command.go,
// result.go and exit.go for the run; output.go, tail.go, priority.go, redact.go
// and display.go for what it prints.
package taskexec

import (
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
	Load     func(context.Context) (montimer.Jobs, error)
	Sink     Sink      // takes what tasks print
	Redactor *Redactor // nil: one that knows the [SecretValues] of Environ
	Log      *slog.Logger
}

// Request is one run to do.
type Request struct {
	Profile   string
	Tasks     []string // only these, even where disabled; nil: all that are enabled
	Trigger   montimer.Trigger
	Scheduled time.Time // of the tick that it serves; zero: not known
	DryRun    bool      // say what would run; no lock is taken
}

// Exec runs a profile: one run of it at a time, all tasks whatever becomes of
// the others. When ctx ends, what runs is stopped and the rest is not run. The
// error is ErrLocked, a *UsageError, or what kept the run from beginning; how
// the tasks fared is in the Run.
func (r Runner) Exec(ctx context.Context, req Request) (montimer.Run, error) {
	if !req.DryRun {
		release, err := lock(r.StateDir, req.Profile)
		if err != nil {
			return montimer.Run{}, err
		}
		defer release()
	}
	profile, err := r.load(ctx, req)
	if err != nil {
		return montimer.Run{}, err
	}
	run := r.begin(req, profile)
	switch {
	case !profile.Enabled:
		run.Log.Info(fmt.Sprintf("profile '%s' is disabled, skipping", profile.Name))
		run.end(montimer.RunSkipped, "the profile is disabled")
	case req.DryRun:
		run.rehearse()
		run.end(montimer.RunSkipped, "dry run")
	default:
		run.tasks(ctx)
		run.end(state(run.record, ctx.Err() != nil), "")
		run.report()
	}
	return run.record, nil
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
