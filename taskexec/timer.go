package taskexec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/safefile"
)

// Timer is a timer as systemd has it loaded, drop-ins included.
type Timer struct {
	Events     []calendar.Event
	Local      *time.Location // of events without a zone
	Jitter     time.Duration
	Boot       bool          // it elapses once after each boot
	Interval   bool          // it also counts from run to run
	Every      time.Duration // the interval
	Persistent bool          // missed ticks start late

	// Changed returns when its files last changed; zero: not known. nil: never.
	Changed func(context.Context) time.Time

	// On the clock of the host; zero: not known.
	Triggered time.Time // when it last started its service
	Since     time.Time // since when it is active
	Freed     time.Time // when its service last ended

	// On the monotonic clock; 0: not known.
	Trigger time.Duration // when it last started its service: identifies that start
	Began   time.Duration // when its service was last started
}

// hasStarted reports whether the timer, as it seems, started the current run of
// its service.
func (t Timer) hasStarted() bool {
	wait := t.Began - t.Trigger
	return t.Trigger != 0 && t.Began != 0 && wait >= 0 && wait <= maxDelay
}

// timerTimeout is how long systemd may take to describe a timer. It answers one
// request after the other: 200 in the same second take long.
const timerTimeout = 20 * time.Second

// StartedBy says what started this process: the timer unit, if systemd says so
// ($TRIGGER_UNIT in systemd.exec(5)), else a person.
func StartedBy(environ []string, timerUnit string) montimer.Trigger {
	if IsService(environ) && getenv(environ, "TRIGGER_UNIT") == timerUnit {
		return montimer.TriggerTimer
	}
	return montimer.TriggerManual
}

// findTimer finds the timer that started the run. $TRIGGER_UNIT alone does not
// prove it: systemd (252 to 257, tried) sets it again when a service that a
// timer has started before is started by hand. Nor does its absence prove the
// opposite: systemd (252, tried) forgets it at a daemon-reload.
func (r *run) findTimer(ctx context.Context) {
	service := IsService(r.Environ) && r.request.Tasks == nil
	if !r.isTick() && !service || r.Timer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timerTimeout)
	defer cancel()
	timer, err := r.Timer(ctx, r.record.Profile)
	if err != nil {
		r.Log.Warn("what started this run is not known, it counts as a tick: " + err.Error())
		r.assumeTick(ctx)
		return
	}
	if !r.isTick() && !timer.hasStarted() {
		return
	}
	r.record.Trigger = montimer.TriggerTimer
	if r.repeatsTrigger(timer) {
		r.record.Trigger = montimer.TriggerManual
	}
	if timer.Triggered.IsZero() {
		timer.Triggered = r.record.Started
	}
	r.timer = &timer
}

// assumeTick is for a run of the service while systemd does not answer. It counts as a
// tick: see repeatsTrigger. By the timetable of the last run it serves the tick that has
// just come, if one has; nothing is skipped by that.
func (r *run) assumeTick(ctx context.Context) {
	r.record.Trigger = montimer.TriggerTimer
	if r.Timetable == nil {
		return
	}
	t, err := r.Timetable(context.WithoutCancel(ctx), r.record.Profile)
	if err != nil || len(t.Events) == 0 {
		return
	}
	r.record.Timetable = t.Digest()
	tick, ok := calendar.Prev(t.Events, r.record.Started.Add(time.Microsecond), t.Local)
	if ok && r.record.Started.Sub(tick) <= t.Jitter+maxDelay {
		r.record.Scheduled = tick
	}
}

// repeatsTrigger reports whether an earlier run has served the timer's last
// trigger, so that this run is by hand. If that is not known, the run is a
// tick: a run by hand that is reported does no harm, a tick that is not
// reported does.
//
// When the service ended before says nothing about that: a tick may come while
// the run before is still being stopped.
func (r *run) repeatsTrigger(timer Timer) bool {
	if timer.Trigger == 0 {
		return false
	}
	r.trigger = fmt.Sprintf("%s %s", r.Boot, timer.Trigger) // a timer may elapse at the same moment after each boot
	served, err := safefile.Read(r.triggerFile(), maxCopy)
	return err == nil && string(served) == r.trigger
}

func (r *run) triggerFile() string {
	return filepath.Join(r.StateDir, montimer.LastGoodDir, r.record.Profile+".trigger")
}

// keepTrigger saves the timer's last trigger for later runs. It comes after the
// record of the run: if a run is killed between the two, the next run by hand
// counts as a tick, and not a tick as a run by hand.
func (r *run) keepTrigger() {
	if r.trigger == "" || !r.isTick() {
		return
	}
	path := r.triggerFile()
	err := os.Mkdir(filepath.Dir(path), 0o700)
	if err == nil || errors.Is(err, os.ErrExist) {
		err = safefile.Replace(path, []byte(r.trigger), 0o600)
	}
	if err != nil {
		r.Log.Info("a run by hand after this one will count as a tick: " + err.Error())
	}
	r.trigger = ""
}

// findTick finds out which tick the run serves, and what came before it.
func (r *run) findTick(ctx context.Context) {
	if !r.isTick() || r.timer == nil {
		return
	}
	last, ago, err := r.Recorder.LastOfTimer(context.WithoutCancel(ctx), r.record.Profile)
	if err != nil {
		r.Log.Warn("the previous run is not known: " + err.Error())
	}
	r.situation = newSituation(r.record.Started, *r.timer, last, ago)
	r.record.Scheduled = r.situation.serves()
	r.record.AlreadyServed = r.situation.alreadyServed()
	r.recordTimetable(ctx, last)
	r.recordPassedOver(ctx)
}

// recordTimetable records the timetable by which the run was started, if the last
// run of the timer was not. It came into force between the two: when the files of
// the timer changed, as far as that is known.
func (r *run) recordTimetable(ctx context.Context, last montimer.Run) {
	t := r.timer.Timetable()
	if t.Empty() { // it was masked or removed since it elapsed, which missed ticks are to show
		r.record.Timetable = last.Timetable
		return
	}
	digest := t.Digest()
	if digest != last.Timetable {
		t.Since = r.record.Scheduled
		if t.Since.IsZero() || t.Since.After(r.record.Started) {
			t.Since = r.record.Started
		}
		if changed := r.timer.changed(ctx); last.Timetable != "" && changed.After(last.Started) && changed.Before(t.Since) {
			t.Since = changed
		}
		if err := r.Recorder.InForce(context.WithoutCancel(ctx), r.record.Profile, t, r.record.Commit); err != nil {
			r.Log.Warn("the history cannot tell missed ticks from a change of the schedule: " + err.Error())
			return
		}
	}
	r.record.Timetable = digest
}

// Timetable is the schedule of the timer.
func (t Timer) Timetable() montimer.Timetable {
	return montimer.Timetable{
		Events: t.Events, Local: t.Local, Boot: t.Boot, Every: t.Every, Jitter: t.Jitter, CatchUp: t.Persistent,
	}
}

func (t Timer) changed(ctx context.Context) time.Time {
	if t.Changed == nil {
		return time.Time{}
	}
	ctx, cancel := context.WithTimeout(ctx, timerTimeout)
	defer cancel()
	return t.Changed(ctx)
}

// recordPassedOver records the ticks since the last run of the timer that had
// no run, as skipped.
func (r *run) recordPassedOver(ctx context.Context) {
	s := r.situation
	if s.last.Scheduled.IsZero() {
		return
	}
	if next, ok := calendar.Next(s.timer.Events, s.last.Scheduled, s.timer.Local); !ok || !next.Before(s.tick) {
		return
	}
	runs, err := r.Recorder.Since(context.WithoutCancel(ctx), s.last)
	if err != nil {
		r.Log.Warn("skipped ticks are not recorded: " + err.Error())
		return
	}
	for _, m := range s.passedOver(runs) {
		r.recordOverlap(ctx, m.tick, m.reason())
	}
}

// recordOverlap records a tick that came during another run, as skipped.
func (r *run) recordOverlap(ctx context.Context, tick time.Time, reason string) {
	skipped := montimer.Run{
		ID:        RunID(nil),
		Profile:   r.record.Profile,
		Trigger:   montimer.TriggerTimer,
		Scheduled: tick,
		Attempt:   1,
		Started:   r.record.Started,
		Ended:     r.record.Started,
		State:     montimer.RunSkipped,
		Skip:      montimer.SkipOverlap,
		Reason:    reason,
	}
	r.keep(ctx, func(ctx context.Context) error { return r.Recorder.Finish(ctx, skipped, nil) })
	r.Log.Info("skipped: " + reason)
}
