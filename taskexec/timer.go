package taskexec

import (
	"context"
	"os"
	"strconv"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// Timer is a timer as systemd has it loaded, drop-ins included.
type Timer struct {
	Events    []calendar.Event
	Local     *time.Location // that events without a zone are read in
	Jitter    time.Duration
	Monotonic bool // it also counts from boot, or from run to run
	Deferred  bool // DeferReactivation=: a tick during a run starts nothing
}

// timerPatience is how long systemd may take to tell of a timer.
const timerPatience = 2 * time.Second

// StartedBy says who started this process: the timer unit, if systemd says that
// it started us for it ($TRIGGER_UNIT in systemd.exec(5)), or a person. An
// environment that was merely inherited from a service does not count.
func StartedBy(environ []string, timerUnit string) montimer.Trigger {
	if getenv(environ, "SYSTEMD_EXEC_PID") == strconv.Itoa(os.Getpid()) && getenv(environ, "TRIGGER_UNIT") == timerUnit {
		return montimer.TriggerTimer
	}
	return montimer.TriggerManual
}

// situate finds out which tick the run serves, and what came before it. With
// jitter a run starts after its tick, but before the next one: jitter is
// shorter than any gap.
func (r *run) situate(ctx context.Context) {
	if !r.isTick() || r.Timer == nil {
		return
	}
	now := r.record.Started
	r.overlap = overlap{byTimer: true, now: now, sinceLast: -1}
	last, ago, err := r.Recorder.LastOfTimer(context.WithoutCancel(ctx), r.record.Profile)
	if err != nil {
		r.Log.Warn("the run before is not known: " + err.Error())
	} else {
		r.overlap.last, r.overlap.sinceLast = last, ago
	}
	ctx, cancel := context.WithTimeout(ctx, timerPatience)
	defer cancel()
	timer, err := r.Timer(ctx, r.record.Profile)
	if err != nil {
		r.Log.Warn("which tick this run serves is not known: " + err.Error())
		return
	}
	r.overlap.deferred, r.overlap.monotonic = timer.Deferred, timer.Monotonic
	r.overlap.tick, _ = calendar.Prev(timer.Events, now.Add(time.Microsecond), timer.Local)
	r.record.Scheduled = r.overlap.tick
	if !r.overlap.prompt() { // the walk through thirty years of gaps is not free
		return
	}
	if next, ok := calendar.Next(timer.Events, now, timer.Local); ok {
		r.overlap.next = next.Add(timer.Jitter)
	}
	_, r.overlap.longest, _ = calendar.Gaps(timer.Events, now, timer.Local)
}
