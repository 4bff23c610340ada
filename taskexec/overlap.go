package taskexec

import (
	"fmt"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// A timer that elapses while its service runs starts it again as soon as it
// ends: once, for any number of ticks. If the profile says so that tick is
// skipped; but only if this certainly does no harm.
//
// From systemd 257 on a timer could skip such ticks itself
// (DeferReactivation=). The units do not ask for it: it counts from the end of
// the service, and so repeats a tick when the clocks are set back, drops the
// tick after a run by hand where there is jitter, and leaves no trace.

const (
	promptly = 5 * time.Second // the start of a service right after the run before
	farthest = time.Hour       // how far away the next tick may be
)

// situation is what is known about a start of the service, the tick that it
// serves and the run before it. Zero is not known, and then the profile runs.
type situation struct {
	byTimer bool // the profile's own timer has started it
	policy  montimer.Overlap
	catchUp bool // missed ticks run late

	timer  Timer
	now    time.Time // when the run begins
	began  time.Time // when the timer started it: earlier if it waited for a lock
	tick   time.Time // the one that it would serve
	onTime bool      // the timer elapsed at its tick
	next   time.Time // when the timer elapses again
	gap    time.Duration

	last montimer.Run  // the last run of the timer that has ended
	ago  time.Duration // since its end, by the monotonic clock; negative: not in this boot, or not known
}

// newSituation derives the tick and those around it from the loaded timer. All
// that were missed are folded into one, the last. With jitter a run begins
// after its tick, but before the next one: jitter is shorter than any gap.
func newSituation(now time.Time, t Timer, last montimer.Run, ago time.Duration) situation {
	s := situation{byTimer: true, timer: t, now: now, began: now, last: last, ago: ago}
	if !t.Triggered.IsZero() && t.Triggered.Before(now) {
		s.began = t.Triggered
	}
	s.findTick()
	if next, ok := calendar.Next(t.Events, now, t.Local); ok {
		s.next = next.Add(t.Jitter)
	}
	_, s.gap, _ = calendar.Gaps(t.Events, now, t.Local)
	return s
}

// findTick looks for a tick that has just come first: Prev does not know those
// in the second pass of an hour that comes twice, at which a timer elapses that
// was started within it.
func (s *situation) findTick() {
	events, local := s.timer.Events, s.timer.Local
	for t := s.began.Add(-s.timer.Jitter - promptly - time.Microsecond); ; {
		next, ok := calendar.Next(events, t, local)
		if !ok || next.After(s.began) {
			break
		}
		s.tick, s.onTime, t = next, true, next
	}
	if !s.onTime {
		s.tick, _ = calendar.Prev(events, s.began.Add(time.Microsecond), local)
	}
}

// of adds the settings of the profile. A timer that is persistent
// catches up, too: a drop-in may have made it so.
func (s situation) of(p montimer.Profile) situation {
	s.policy, s.catchUp = p.Overlap, p.CatchUp || s.timer.Persistent
	return s
}

// skip decides whether the start is skipped, and says why or why not. The cause
// is "" if it is not.
func (s situation) skip() (cause montimer.SkipCause, reason string) {
	if !s.byTimer {
		return "", "not started by the profile's timer"
	}
	if skip, reason := s.notDue(); skip {
		return montimer.SkipNotDue, reason
	}
	skip, reason := s.overlaps()
	if skip {
		cause = montimer.SkipOverlap
	}
	return cause, reason
}

// overlaps decides whether the tick is skipped because it came during the
// previous run.
func (s situation) overlaps() (skip bool, reason string) {
	switch {
	case s.policy != montimer.OverlapSkip:
		return false, "the profile does not ask for it"
	case s.timer.Boot || s.timer.Interval:
		return false, "the timer has more than a calendar"
	case s.tick.IsZero() || s.next.IsZero() || s.gap <= 0:
		return false, "the timer's calendar is not known"
	case s.last.ID == "" || s.ago < 0:
		return false, "the previous run is not known"
	case s.ago > promptly:
		return false, "the previous run ended a while ago"
	case s.last.State == montimer.RunSkipped:
		return false, "the previous tick was not served"
	case s.last.State != montimer.RunOK && s.last.State != montimer.RunFailed:
		return false, "the previous run was killed or stopped"
	case !s.tick.After(s.last.Started) || s.tick.After(s.last.Ended):
		return false, "the tick did not come during the previous run"
	case s.next.Sub(s.now) > min(s.gap, farthest):
		return false, "the next tick is too far away"
	}
	return true, fmt.Sprintf("%s; next at %s", missed{s.last, s.tick, s.timer.ticksBefore(s.last, s.tick)}.reason(), clock(s.next))
}

func clock(t time.Time) string { return t.Local().Format(time.TimeOnly) }

// A missed is ticks that came during a run, folded into the last of them.
type missed struct {
	run  montimer.Run
	tick time.Time
	more int // ticks before it in the same run
}

func (m missed) reason() string {
	ticks := "the tick of " + clock(m.tick)
	switch m.more {
	case 0:
	case 1:
		ticks += ", and one before it,"
	default:
		ticks += fmt.Sprintf(", and %d before it,", m.more)
	}
	by := ""
	if m.run.Trigger == montimer.TriggerManual {
		by = " (started by hand)"
	}
	return fmt.Sprintf("%s came while run %s%s was under way, from %s to %s",
		ticks, m.run.ID, by, clock(m.run.Started), clock(m.run.Ended))
}

// mostTicks bounds the count of ticks within one run.
const mostTicks = 100_000

// ticksBefore counts the ticks during a run before one of them.
func (t Timer) ticksBefore(run montimer.Run, tick time.Time) (n int) {
	for at := since(run); n < mostTicks; n++ {
		next, ok := calendar.Next(t.Events, at, t.Local)
		if !ok || !next.Before(tick) {
			break
		}
		at = next
	}
	return n
}

// since returns the time from which on a tick finds the run under way.
func since(run montimer.Run) time.Time {
	if run.Trigger == montimer.TriggerTimer && !run.Scheduled.IsZero() {
		return run.Scheduled // it may have waited for a lock
	}
	return run.Started
}

// passedOver returns the ticks that came during runs and were never served:
// systemd takes a service that runs already, started by hand perhaps, for
// started. runs are those since the last one of the timer, oldest first. Ticks
// before the one that is served now, in the same run, are folded into it.
func (s situation) passedOver(runs []montimer.Run) (all []missed) {
	if s.tick.IsZero() {
		return nil
	}
	for _, run := range runs {
		tick, ok := calendar.Prev(s.timer.Events, run.Ended.Add(time.Microsecond), s.timer.Local)
		if !ok || run.State == montimer.RunSkipped || !s.tick.After(run.Ended) || !tick.After(s.last.Scheduled) || !tick.After(since(run)) {
			continue
		}
		all = append(all, missed{run, tick, s.timer.ticksBefore(run, tick)})
	}
	return all
}
