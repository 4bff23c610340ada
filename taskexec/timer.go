package taskexec

import (
	"context"
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
// it started us for it ($TRIGGER_UNIT in systemd.exec(5)), or a person.
func StartedBy(environ []string, timerUnit string) montimer.Trigger {
	if IsService(environ) && getenv(environ, "TRIGGER_UNIT") == timerUnit {
		return montimer.TriggerTimer
	}
	return montimer.TriggerManual
}

// situate finds out which tick the run serves, and what came before it.
func (r *run) situate(ctx context.Context) {
	if !r.isTick() || r.Timer == nil {
		return
	}
	last, ago, err := r.Recorder.LastOfTimer(context.WithoutCancel(ctx), r.record.Profile)
	if err != nil {
		r.Log.Warn("the run before is not known: " + err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, timerPatience)
	defer cancel()
	timer, err := r.Timer(ctx, r.record.Profile)
	if err != nil {
		r.Log.Warn("which tick this run serves is not known: " + err.Error())
		return
	}
	r.overlap = situation(r.record.Started, timer, last, ago)
	r.record.Scheduled = r.overlap.tick
}
