package taskexec

import (
	"fmt"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// A timer that elapses while its service runs starts it again as soon as it
// ends: however many ticks have passed, once. Where the profile says so that
// tick is passed over; but only if it is certain that this does no harm.

const (
	promptly = 5 * time.Second // what follows a run at once
	farthest = time.Hour       // the longest that a tick may be put off
)

// overlap is what is known about a tick and the run before it. Zero is not
// known, and whatever is not known leads to a run.
type overlap struct {
	policy    montimer.Overlap
	byTimer   bool // a tick of the profile's own timer: nobody else started it
	monotonic bool // the timer also counts from boot, or from run to run
	deferred  bool // systemd passes over such ticks itself

	now     time.Time     // when the run begins
	tick    time.Time     // the one that it would serve
	next    time.Time     // when the timer elapses again
	longest time.Duration // between two ticks

	last montimer.Run  // the last run of the timer that is over
	ago  time.Duration // since its end, whatever the clock did; negative: not known
}

// situation derives the tick and those around it from the loaded timer. All
// that were missed are folded into one, the last. With jitter a run begins
// after its tick, but before the next one: jitter is shorter than any gap.
func situation(now time.Time, t Timer, last montimer.Run, ago time.Duration) overlap {
	o := overlap{byTimer: true, monotonic: t.Monotonic, deferred: t.Deferred, now: now, last: last, ago: ago}
	o.tick, _ = calendar.Prev(t.Events, now.Add(time.Microsecond), t.Local)
	if next, ok := calendar.Next(t.Events, now, t.Local); ok {
		o.next = next.Add(t.Jitter)
	}
	_, o.longest, _ = calendar.Gaps(t.Events, now, t.Local)
	return o
}

// skip decides whether the tick is passed over, and says why or why not.
func (o overlap) skip() (skip bool, reason string) {
	switch {
	case o.policy != montimer.OverlapSkip:
		return false, "the profile does not ask for it"
	case !o.byTimer:
		return false, "not started by the profile's timer"
	case o.deferred:
		return false, "systemd passes over ticks by itself"
	case o.monotonic:
		return false, "the timer has more than a calendar"
	case o.tick.IsZero() || o.next.IsZero() || o.longest <= 0:
		return false, "the timer's calendar is not known"
	case o.last.ID == "" || o.ago < 0:
		return false, "the run before is not known"
	case o.ago > promptly:
		return false, "the run before ended a while ago"
	case o.last.State == montimer.RunSkipped:
		return false, "the tick before was not served"
	case o.last.State != montimer.RunOK && o.last.State != montimer.RunFailed:
		return false, "the run before did not end by itself"
	case !o.tick.After(o.last.Started) || o.tick.After(o.last.Ended):
		return false, "the tick did not come during the run before"
	case o.next.Sub(o.now) > min(o.longest, farthest):
		return false, "the next tick is too far away"
	}
	return true, fmt.Sprintf("the tick of %s came while run %s was under way, from %s to %s; next at %s",
		clock(o.tick), o.last.ID, clock(o.last.Started), clock(o.last.Ended), clock(o.next))
}

func clock(t time.Time) string { return t.Local().Format(time.TimeOnly) }
