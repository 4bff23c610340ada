package view

import (
	"slices"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timeline"
)

// Ended are the states of a run that has ended.
var Ended = []montimer.RunState{montimer.RunOK, montimer.RunFailed, montimer.RunLost, montimer.RunInterrupted, montimer.RunSkipped}

// NoRun are the states of a tick without a run that somebody may have counted on.
var NoRun = []timeline.State{timeline.Missed, timeline.HostDown, timeline.Unknown}

// Tally counts how the runs and the ticks of a profile ended in a time.
type Tally struct {
	Profile string
	Runs    map[montimer.RunState]int // that ended in it, by hand or by the timer
	Missed  map[timeline.State]int    // ticks without a run, by the states of NoRun
	Took    time.Duration             // the median of its good runs; 0: too few
	Before  time.Duration             // that of as long a time before; 0: too few
}

// leastMedian is how many runs a median is taken of at least.
const leastMedian = 5

// Median returns the median of the durations of the good runs that began from a
// time on and before another; 0: there are too few.
func Median(runs []montimer.Run, from, to time.Time) time.Duration {
	var all []time.Duration
	for _, r := range runs {
		if r.State == montimer.RunOK && !r.Started.Before(from) && r.Started.Before(to) {
			all = append(all, max(0, r.Ended.Sub(r.Started)))
		}
	}
	if len(all) < leastMedian {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// ran returns how many runs there were that were not skipped, and how many of them
// did not end well.
func (t Tally) ran() (all, failed int) {
	failed = t.Runs[montimer.RunFailed] + t.Runs[montimer.RunLost] + t.Runs[montimer.RunInterrupted]
	return t.Runs[montimer.RunOK] + failed, failed
}

// missed returns how many ticks have no run.
func (t Tally) missed() (n int) {
	for _, state := range NoRun {
		n += t.Missed[state]
	}
	return n
}

// Count counts ticks and runs. Only runs that ended from since on count.
func Count(profile string, ticks []timeline.Tick, runs []montimer.Run, since time.Time) Tally {
	t := Tally{Profile: profile, Runs: map[montimer.RunState]int{}, Missed: map[timeline.State]int{}}
	for _, tick := range ticks {
		if slices.Contains(NoRun, tick.State) {
			t.Missed[tick.State]++
		}
	}
	for _, r := range runs {
		if !r.Ended.IsZero() && !r.Ended.Before(since) {
			t.Runs[r.State]++
		}
	}
	return t
}

// CountersSince returns when the counters began that are shown at a time: with the
// month (UTC), which is on record as a whole whatever has been pruned. They start
// again from 0 then, as those of a process that was restarted.
func CountersSince(now time.Time) time.Time {
	now = now.UTC()
	return time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// Settled returns the ticks after which another one has come since a time, in
// order. Until then a late run may still serve a tick: its state is not final, and
// a counter must not go down.
func Settled(ticks []timeline.Tick, since time.Time) []timeline.Tick {
	for len(ticks) > 1 && ticks[1].At.Before(since) {
		ticks = ticks[1:]
	}
	return ticks[:max(0, len(ticks)-1)]
}
