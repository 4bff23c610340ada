package taskexec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/montimer/montimer"
)

// A Recorder keeps what becomes of runs.
type Recorder interface {
	// Begin records that a run has started, and returns it as recorded: its
	// id and attempt may be others.
	Begin(context.Context, montimer.Run) (montimer.Run, error)

	// TaskEnded records what became of tasks of a run that has begun.
	TaskEnded(ctx context.Context, runID string, tasks ...montimer.TaskRun) error

	// Finish records how a run ended and, both or neither, the alert that
	// tells of it (nil: none). The tasks of the run replace those recorded so
	// far, unless it has none. It takes runs that have not begun, too.
	Finish(context.Context, montimer.Run, *montimer.Alert) error

	// Lost finishes the runs that are said to be under way although free
	// says that nobody holds their profile's lock.
	Lost(ctx context.Context, free func(profile string) bool, tell func(montimer.Run) *montimer.Alert) ([]montimer.Run, error)

	// Running returns a run of the profile that is said to be under way.
	Running(ctx context.Context, profile string) (run montimer.Run, ok bool, err error)

	// LastOfTimer returns the last run of a profile that the timer began
	// and that is over, skipped ones included, and how long ago it ended by
	// a clock that nobody can set; negative where that is not known. The
	// zero Run: there is none.
	LastOfTimer(ctx context.Context, profile string) (run montimer.Run, ago time.Duration, err error)

	// Since returns the given run and the runs of its profile that began
	// after it, whoever began them, the oldest first.
	Since(ctx context.Context, run montimer.Run) ([]montimer.Run, error)
}

// Unrecorded returns the record of a run that has ended and left none, for a
// process that systemd has started after it in the same service. timer is that of
// the profile; nil: not known.
func Unrecorded(environ []string, profile, timerUnit string, timer *Timer, reason string) montimer.Run {
	now := time.Now()
	run := montimer.Run{
		ID: RunID(environ), Profile: profile, Trigger: StartedBy(environ, timerUnit), Attempt: 1,
		Started: now, Ended: now, State: montimer.RunLost, Reason: reason,
	}
	if timer != nil && timer.hasStarted() { // which systemd may have forgotten: see findTimer
		run.Trigger = montimer.TriggerTimer
	}
	switch {
	case run.Trigger != montimer.TriggerTimer || timer == nil:
	case !timer.Triggered.IsZero():
		s := newSituation(now, *timer, montimer.Run{}, -1)
		run.Scheduled, run.Started = s.serves(), s.began
	}
	return run
}

// ErrUnrecorded says that a run, or a part of it, could not be recorded. The
// run has been done all the same.
var ErrUnrecorded = errors.New("unrecorded")

// keep calls write and remembers when it fails: a run goes on whatever
// becomes of its record, but not in silence. What is to be recorded is so
// although the run has been told to stop.
func (r *run) keep(ctx context.Context, write func(context.Context) error) {
	err := write(context.WithoutCancel(ctx))
	if err == nil {
		return
	}
	r.Log.Error("unrecorded: "+err.Error(), "event", EventUnrecorded)
	if r.unrecorded == nil {
		r.unrecorded = fmt.Errorf("%w: %w", ErrUnrecorded, err)
	}
}

// start records the run as under way.
func (r *run) start(ctx context.Context) {
	r.keep(ctx, func(ctx context.Context) error {
		recorded, err := r.Recorder.Begin(ctx, r.record)
		if err == nil {
			r.record = recorded
		}
		return err
	})
	r.keepTrigger()
}

// finish records how the run ended. Its tasks are recorded again unless all are
// there already, in order.
func (r *run) finish(ctx context.Context) {
	record := r.record
	if slices.EqualFunc(record.Tasks, r.recorded, func(t montimer.TaskRun, name string) bool { return t.Name == name }) {
		record.Tasks = nil
	}
	r.keep(ctx, func(ctx context.Context) error { return r.Recorder.Finish(ctx, record, r.alert(r.record)) })
	r.keepTrigger()
}
