package taskexec

import (
	"fmt"
	"time"

	"github.com/montimer/montimer"
)

// A timer that elapses while its service runs starts it again as soon as it
// ends; however many ticks have passed, once. That tick is passed over where
// the profile says overlap: skip and it is certain that this does no harm.

const (
	promptly = 5 * time.Second // what follows a run at once
	farthest = time.Hour       // the longest that a tick may be put off
)

// overlap is what is known about a tick and the run before it. Zero is not
// known, and whatever is not known leads to a run.
type overlap struct {
	policy   montimer.Overlap
	byTimer  bool // a tick of the profile's own timer, which nobody else started
	deferred bool // systemd passes over such ticks itself

	monotonic bool          // the timer also counts from boot, or from run to run
	tick      time.Time     // the tick to be served
	next      time.Time     // when the next one comes
	now       time.Time     // when the timer started us
	longest   time.Duration // between two ticks

	last      montimer.Run  // the last run of the timer that is over
	sinceLast time.Duration // from its end until now, whatever the clock did; negative: not known
}

// skip decides whether the tick is passed over, and says why or why not.
func (o overlap) skip() (skip bool, reason string) {
	switch {
	case o.policy != montimer.OverlapSkip:
		return false, "overlap is not skip"
	case !o.byTimer:
		return false, "not started by the profile's timer"
	case o.deferred:
		return false, "systemd passes over ticks by itself"
	case o.last.ID == "":
		return false, "no run before is known"
	case o.last.State == montimer.RunSkipped:
		return false, "the tick before was passed over"
	case o.last.State != montimer.RunOK && o.last.State != montimer.RunFailed:
		return false, "the run before did not end by itself"
	case !o.prompt():
		return false, "not right after the run before"
	case o.monotonic:
		return false, "the timer has more than a calendar"
	case o.tick.IsZero() || o.next.IsZero() || o.longest <= 0:
		return false, "the timer's calendar is not known"
	case !o.tick.After(o.last.Started) || o.tick.After(o.last.Ended):
		return false, "the tick did not come during the run before"
	case o.next.Sub(o.now) > min(o.longest, farthest):
		return false, "the next tick is too far away"
	}
	return true, fmt.Sprintf("the tick of %s came while run %s was under way (%s to %s); next at %s",
		clock(o.tick), o.last.ID, clock(o.last.Started), clock(o.last.Ended), clock(o.next))
}

// prompt reports whether the tick is served right after the run before.
func (o overlap) prompt() bool { return o.sinceLast >= 0 && o.sinceLast <= promptly }

func clock(t time.Time) string { return t.Local().Format(time.TimeOnly) }
