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
	Checkout string        // absolute; the tasks' working directory
	StateDir string        // absolute and there; the locks live in it
	Environ  []string      // what tasks inherit
	Grace    time.Duration // between asking a task to end and making it; 0: 10 s
	Host     string        // the name of this machine, as it is recorded
	Patience time.Duration // how long a tick waits for a run by hand to end; 0: 5 min

	// MaxOutput is how many bytes of a task's output go to Sink; 0:
	// [DefaultMaxOutput], negative: all.
	MaxOutput int64

	// Load reads jobs.yaml. It is called once a run, under the lock.
	Load func(context.Context) (montimer.Jobs, error)
	// Peek does so before the sync, and tells nobody of mistakes.
	Peek     func(context.Context) (montimer.Jobs, error)
	Syncer   Syncer // nil: the checkout is not synced
	Recorder Recorder
	Sink     Sink               // takes what tasks print
	Outlet   *Outlet            // what Sink is called through, and Log by its caller; nil: one for the run does both
	Redactor *safetext.Redactor // nil: one that knows the [safetext.SecretValues] of Environ
	Log      *slog.Logger

	Boot string // tells one boot from another

	// Timer tells how systemd has the profile's timer loaded; nil: not known.
	Timer func(ctx context.Context, profile string) (Timer, error)
	// Alert makes the alert that tells of a run that has ended; nil: none.
	Alert func(montimer.Run) *montimer.Alert
	// Began is told of a run whose tasks are about to run; it may be nil.
	Began func(montimer.Profile, montimer.Run)
	// Watch is told where a run stands: at every change and at least once a
	// second. That it no longer is means that the run hangs. It may be nil.
	Watch func(Progress)
}

// Request is one run to do.
type Request struct {
	ID      string // of the run; "": see [RunID]
	Profile string
	Tasks   []string // only these, even where disabled; nil: all that are enabled
	Trigger montimer.Trigger
	Pause   string // why ticks are not served just now; "": they are
	Refused string // why no task may run: the run is recorded as failed; "": they may
	DryRun  bool   // say what would run; no lock is taken
}

// Exec runs a profile: one run of it at a time, all tasks whatever becomes of
// the others. When ctx ends, what runs is stopped and the rest is not run. The
// error is ErrLocked, a *UsageError, what else kept the run from beginning,
// ErrUnrecorded, or a *UsageError and ErrUnrecorded; how the tasks fared is in the
// Run.
func (r Runner) Exec(ctx context.Context, req Request) (montimer.Run, error) {
	if r.Outlet == nil {
		r.Outlet = NewOutlet()
		r.Log = slog.New(r.Outlet.Handler(r.Log.Handler()))
		defer r.Outlet.Close(standsStill)
	}
	run := r.prepare(req)
	if req.DryRun {
		return run.record, run.rehearse(ctx)
	}
	run.findTimer(ctx)
	mine, release, err := run.acquire(ctx)
	if err != nil && ctx.Err() != nil && run.isTick() { // it waited
		run.end(montimer.RunInterrupted, "told to stop while waiting for another run")
		run.finish(ctx)
		run.report()
		return run.record, run.unrecorded
	}
	if err != nil {
		return montimer.Run{}, err
	}
	defer release()
	run.findLost(ctx, mine)
	err = run.serve(ctx)
	if run.unrecorded != nil {
		err = errors.Join(err, run.unrecorded)
	}
	return run.record, err
}

// serve does what the run is for, under the lock.
func (r *run) serve(ctx context.Context) error {
	r.record.Started = time.Now()
	r.findTick(ctx)
	if r.isTick() && r.request.Pause != "" {
		r.skip(ctx, r.request.Pause)
		return nil
	}
	if r.request.Refused == "" {
		if skip, reason := r.skipsUnseen(ctx); skip {
			r.skip(ctx, reason)
			return nil
		}
		release, err := r.prepareCheckout(ctx)
		defer release()
		if err != nil {
			r.request.Refused = err.Error()
		}
	}
	if err := r.load(ctx); err != nil {
		return r.refuse(ctx, err)
	}
	if !r.profile.Enabled && r.request.Tasks == nil {
		r.Log.Info(fmt.Sprintf("profile '%s' is disabled, skipping", r.profile.Name))
		r.skip(ctx, "the profile is disabled")
		return nil
	}
	if skip, reason := r.situation.of(r.profile).skip(); skip {
		r.skip(ctx, reason)
		return nil
	}
	r.start(ctx)
	if r.request.Refused != "" {
		r.runNothing(ctx)
		return nil
	}
	if r.Began != nil {
		r.Began(r.profile, r.record)
	}
	ended := r.tasks(ctx)
	r.record.Tasks = append(r.record.Tasks, r.synced...)
	r.end(state(r.record, ctx.Err() != nil), r.record.Reason)
	r.record.Ended = ended
	r.finish(ctx)
	r.report()
	return nil
}
