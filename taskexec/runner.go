// Package taskexec runs the tasks of a profile: one run, from its lock to its
// record. Read runner.go first (what a run is made of, and the order of its
// steps), then acquire.go and lock.go (one run at a time), timer.go, due.go and
// overlap.go (is the tick due?), sync.go and load.go (the checkout and the
// profile), pool.go, schedule.go and task.go (which task runs when, and its
// attempts; package proc has one process), output.go, outlet.go and
// sink.go (what it prints), result.go and recorder.go (what is kept of
// it).
package taskexec

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
)

// Runner runs profiles on this host.
type Runner struct {
	Checkout    string        // absolute; the tasks' working directory
	StateDir    string        // absolute, exists; holds the locks
	Environ     []string      // what tasks inherit
	Grace       time.Duration // between SIGTERM and SIGKILL; 0: 10 s
	Host        string        // the name of this machine, as it is recorded
	LockTimeout time.Duration // how long a tick waits for the lock of another run; 0: 5 min

	// MaxOutput is how many bytes of a task's output go to Sink; 0:
	// [DefaultMaxOutput], negative: all.
	MaxOutput int64

	// Load reads jobs.yaml. It is called once a run, under the lock.
	Load func(context.Context) (montimer.Jobs, error)
	// Peek does so before the sync, and reports no mistakes.
	Peek     func(context.Context) (montimer.Jobs, error)
	Syncer   Syncer // nil: the checkout is not synced
	Recorder Recorder
	Sink     Sink               // takes what tasks print
	Outlet   *Outlet            // queues the calls of Sink, and of Log by the caller; nil: one for the run does both
	Redactor *safetext.Redactor // nil: one that knows the [safetext.SecretValues] of Environ
	Log      *slog.Logger

	Boot string // identifies the boot

	// Timer returns the profile's timer as systemd has loaded it; nil: not known.
	Timer func(ctx context.Context, profile string) (Timer, error)
	// Timetable returns the one that was recorded last for a profile, for when Timer
	// fails; nil: not known.
	Timetable func(ctx context.Context, profile string) (montimer.Timetable, error)
	// Alert makes the alert that reports a run that has ended; nil: none.
	Alert func(montimer.Run) *montimer.Alert
	// Began is called for a run before its first task; it may be nil.
	Began func(montimer.Profile, montimer.Run)
	// Watch gets the progress of the run: at every change and at least once a
	// second. Without calls the run hangs. It may be nil.
	Watch func(Progress)
}

// Request is one run to do.
type Request struct {
	ID      string // of the run; "": see [RunID]
	Profile string
	Tasks   []string // only these, even where disabled; nil: all that are enabled
	Trigger montimer.Trigger
	Pause   string // why ticks are skipped now; "": they are not
	// Elsewhere says which host runs the profile in place of this one: every run is
	// skipped, also one by hand, and nothing is said of lost runs, which that host has
	// reported. "": this one does.
	Elsewhere string
	Refused   string // why no task may run: the run is recorded as failed; "": they may
	DryRun    bool   // log what would run; no lock is taken
}

// Exec runs a profile: one run of it at a time; a failed task does not stop the
// others. When ctx ends, running tasks are stopped and the rest is not run. The
// error is ErrLocked, a *UsageError, another error that kept the run from
// beginning, ErrUnrecorded, or a *UsageError and ErrUnrecorded; the results of
// the tasks are in the Run.
func (r Runner) Exec(ctx context.Context, req Request) (montimer.Run, error) {
	if r.Outlet == nil {
		r.Outlet = NewOutlet()
		r.Log = slog.New(r.Outlet.Handler(r.Log.Handler()))
		defer r.Outlet.Close(readerTimeout)
	}
	run := r.prepare(req)
	if req.DryRun {
		return run.record, run.dryRun(ctx)
	}
	run.findTimer(ctx)
	mine, release, err := run.acquire(ctx)
	if err != nil && ctx.Err() != nil && run.isTick() { // it waited for the lock
		run.end(montimer.RunInterrupted, "stopped while waiting for another run")
		run.finish(ctx)
		run.report()
		return run.record, run.unrecorded
	}
	if err != nil {
		return montimer.Run{}, err
	}
	defer release()
	if req.Elsewhere != "" {
		run.record.Started = time.Now()
		run.findTick(ctx)
		run.skip(ctx, montimer.SkipElsewhere, req.Elsewhere)
		return run.record, run.unrecorded
	}
	run.findLost(ctx, mine)
	err = run.serve(ctx)
	if run.unrecorded != nil {
		err = errors.Join(err, run.unrecorded)
	}
	return run.record, err
}

// serve runs or skips the profile, under the lock.
func (r *run) serve(ctx context.Context) error {
	r.record.Started = time.Now()
	r.findTick(ctx)
	if r.isTick() && r.request.Pause != "" {
		r.skip(ctx, montimer.SkipPaused, r.request.Pause)
		return nil
	}
	if r.request.Refused == "" {
		if cause, reason := r.skipsBeforeSync(ctx); cause != "" {
			r.skip(ctx, cause, reason)
			return nil
		}
		release, err := r.prepareCheckout(ctx)
		defer release()
		if err != nil {
			r.request.Refused = err.Error()
		}
	}
	return r.serveCheckout(ctx)
}

// serveCheckout runs or skips the profile by jobs.yaml, in the checkout as the
// sync has left it.
func (r *run) serveCheckout(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		return r.refuse(ctx, err)
	}
	if !r.profile.Enabled && r.request.Tasks == nil {
		r.Log.Info(fmt.Sprintf("profile '%s' is disabled, skipping", r.profile.Name))
		r.skip(ctx, montimer.SkipDisabled, "the profile is disabled")
		return nil
	}
	if cause, reason := r.situation.of(r.profile).skip(); cause != "" {
		r.skip(ctx, cause, reason)
		return nil
	}
	r.start(ctx)
	if r.request.Refused != "" {
		r.runNothing(ctx)
		return nil
	}
	r.runTasks(ctx)
	return nil
}

// runTasks runs the tasks, and records and reports how that ended.
func (r *run) runTasks(ctx context.Context) {
	if r.Began != nil {
		r.Began(r.profile, r.record)
	}
	ended := r.tasks(ctx)
	r.record.Tasks = append(r.record.Tasks, r.synced...)
	r.end(state(r.record, ctx.Err() != nil), r.record.Reason)
	r.record.Ended = ended
	r.finish(ctx)
	r.report()
}

// The values of the attribute "event" of the records of [Runner.Log]. Each has
// a MESSAGE_ID in the journal.
const (
	EventTaskStarted = "task started"
	EventTaskEnded   = "task ended"   // "result" is a montimer.TaskStatus
	EventRunEnded    = "run ended"    // "result" is a montimer.RunState
	EventFailure     = "failure"      // one task of a run that has ended
	EventUnrecorded  = "unrecorded"   // not in the database
	EventLost        = "run lost"     // an earlier run left no result
	EventTrouble     = "needs a look" // montimer itself has trouble
)
