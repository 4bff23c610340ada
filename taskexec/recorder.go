package taskexec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/montimer/montimer"
)

// A Recorder keeps runs and their results.
type Recorder interface {
	// Begin records that a run has started, and returns it as recorded: its
	// id and attempt may be others.
	Begin(context.Context, montimer.Run) (montimer.Run, error)

	// InForce records the timetable of a profile and the commit at the time, unless
	// it is the last one recorded.
	InForce(ctx context.Context, profile string, t montimer.Timetable, commit string) error

	// TaskEnded records the results of tasks of a run that has begun.
	TaskEnded(ctx context.Context, runID string, tasks ...montimer.TaskRun) error

	// Finish records how a run ended and, both or neither, the alert that reports
	// it (nil: none). The tasks of the run replace those recorded so far, unless
	// it has none. It takes runs that have not begun, too.
	Finish(context.Context, montimer.Run, *montimer.Alert) error

	// Lost finishes the runs that are recorded as running although free reports
	// that their profile's lock is not held; report makes the alert.
	Lost(ctx context.Context, free func(profile string) bool, report func(montimer.Run) *montimer.Alert) ([]montimer.Run, error)

	// Running returns a run of the profile that is recorded as running.
	Running(ctx context.Context, profile string) (run montimer.Run, ok bool, err error)

	// LastOfTimer returns the last run of a profile that the timer began
	// and that is over, skipped ones included, and how long ago it ended by the
	// monotonic clock; negative if that is not known. The zero Run: there is none.
	LastOfTimer(ctx context.Context, profile string) (run montimer.Run, ago time.Duration, err error)

	// Since returns the given run and the runs of its profile that began after it,
	// by the timer or by hand, the oldest first.
	Since(ctx context.Context, run montimer.Run) ([]montimer.Run, error)
}

// Unrecorded returns a record of a run that has ended without one, for a
// process that systemd starts after it in the same service. timer is that of
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

// keep calls write, and logs and remembers its error: a run goes on without a
// record. It also writes after the run was stopped.
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
