package taskexec

import (
	"fmt"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// When a timer comes back (start, unmask, daemon-reload with another calendar),
// systemd may start its service for what passed meanwhile, or a second time
// after the boot, although the timer is not persistent: it counts from when the
// timer was last started (timer.c, timer_enter_waiting), and forgets what it has
// triggered as soon as the stopped unit is unloaded. No directive prevents that,
// so the run looks at why it was started.

// maxDelay is how late systemd may start a service on a slow machine.
const maxDelay = time.Minute

// notDue decides whether nothing is due, and says why.
func (s situation) notDue() (skip bool, reason string) {
	switch {
	case s.timer.Interval: // one that has passed is due
		return false, ""
	case s.timer.Boot && s.ago < 0: // the first run in this boot
		return false, ""
	case s.alreadyServed():
		return true, fmt.Sprintf("nothing is due: run %s served the tick of %s, and the timer was started again at %s",
			s.last.ID, date(s.tick), date(s.timer.Since))
	case s.onTime && s.repeats():
		return true, fmt.Sprintf("nothing is due: run %s served the tick of %s before the clocks were set back",
			s.last.ID, date(s.last.Scheduled))
	case s.onTime, s.continues():
		return false, ""
	case s.timer.Boot && !(s.catchUp && s.tick.After(s.last.Started)):
		return true, "nothing is due: this boot already had its run"
	case s.catchUp, s.tick.IsZero():
		return false, ""
	}
	return true, fmt.Sprintf("nothing is due: the tick of %s was missed, and catch_up is false", date(s.tick))
}

func date(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }

// alreadyServed reports whether the previous run served the same tick, or the
// boot after it, and the timer was started again since. If that run was
// skipped, so is this one.
func (s situation) alreadyServed() bool {
	if !s.byTimer || s.timer.Interval || s.timer.Boot && s.ago < 0 {
		return false
	}
	same := s.last.Scheduled.Equal(s.tick) || s.last.Scheduled.IsZero() && s.last.Started.After(s.tick)
	return same && !s.tick.IsZero() && s.completed() && s.startedSince()
}

// completed reports whether the previous run was done, or skipped.
func (s situation) completed() bool {
	switch s.last.State {
	case montimer.RunOK, montimer.RunFailed, montimer.RunSkipped:
		return true
	}
	return false
}

// startedSince reports whether the timer was started after the tick. A start in
// the future says nothing: the clock was set.
func (s situation) startedSince() bool {
	return !s.timer.Since.IsZero() && !s.timer.Since.Before(s.tick) && !s.timer.Since.After(s.began)
}

// continues reports whether the timer was active when the tick came, and
// systemd started the service as soon as it could.
func (s situation) continues() bool {
	if s.tick.IsZero() || s.startedSince() {
		return false
	}
	free := s.tick.Add(s.timer.Jitter)
	if s.timer.Freed.After(free) && !s.timer.Freed.After(s.began) {
		free = s.timer.Freed
	}
	return s.began.Sub(free) <= maxDelay
}

// repeats reports whether the tick shows the same time as the one that was
// served last, because the clocks were set back in between. A skipped tick was
// not served: to skip its repetition, too, would leave a gap. A timer that
// counts from the served tick skips it itself; but with much jitter, or when it
// is started in between, it counts from later.
func (s situation) repeats() bool {
	served := s.last.Scheduled
	unserved := s.last.State == montimer.RunSkipped && !s.last.AlreadyServed
	if !s.completed() || unserved || served.IsZero() || !served.Before(s.tick) {
		return false
	}
	if next, ok := calendar.Next(s.timer.Events, served, s.timer.Local); ok && !next.After(s.tick) {
		return false
	}
	for _, e := range s.timer.Events {
		zone := s.timer.Local
		if e.Zone != "" {
			var err error
			if zone, err = time.LoadLocation(e.Zone); err != nil {
				continue
			}
		}
		if served.In(zone).Format(time.DateTime) == s.tick.In(zone).Format(time.DateTime) {
			return true
		}
	}
	return false
}

// serves returns the tick that the run serves; zero if it runs because of the
// boot.
func (s situation) serves() time.Time {
	switch {
	case !s.timer.Boot:
	case s.ago < 0 && (s.startedSince() || !s.onTime), !s.onTime && !s.continues() && !s.catchUp:
		return time.Time{}
	}
	return s.tick
}
