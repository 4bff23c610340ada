// Package timeline says how each time at which a profile was to run ended: it
// joins the schedules that were in force with the recorded runs, the pauses
// and the times at which the host was up. It has no side effects.
//
// Read timeline.go (the states), then expect.go (which ticks there were), judge.go
// (the state of each), span.go (neighbours merged) and boots.go (when the host
// was up).
package timeline

import (
	"cmp"
	"slices"
	"time"

	"github.com/montimer/montimer"
)

// A State says how a tick ended. Each has exactly one.
type State string

// The states.
const (
	OK       State = "ok"
	Failed   State = "failed"    // the run failed, or was stopped
	Skipped  State = "skipped"   // another run of the profile was under way
	Missed   State = "missed"    // the host was up and nothing ran: the timer was stopped, masked or overtaken by the clock
	Paused   State = "paused"    // an operator had paused the profile, or another host ran it
	HostDown State = "host_down" // the host was off
	Running  State = "running"
	Lost     State = "lost"    // the run died without a result
	Unknown  State = "unknown" // nothing is recorded, and nothing says whether the host was up
)

// States has all of them, the worst first.
var States = []State{Failed, Lost, Missed, HostDown, Unknown, Skipped, Paused, Running, OK}

// Grace is how late systemd may start a service on a slow machine. A tick
// without a run is judged after that and the jitter of its schedule.
const Grace = time.Minute

// Boot is the time during which the host was up.
type Boot struct {
	ID       string
	From, To time.Time
	// ToIsEnd says that To is the end of the boot, or now; otherwise it is only
	// known to have been up until then.
	ToIsEnd bool
}

// Pause is a time during which no tick was to run.
type Pause struct{ From, Until time.Time }

// History is what is known of one profile; each list is in order of time.
type History struct {
	Timetables []montimer.Timetable // each ends where the next begins; before the first one nothing is expected
	Runs       []montimer.Run
	Pauses     []Pause // besides those that the runs say
	Boots      []Boot
	Most       int // so many ticks are judged at once; 0: a million. An interval of a second over a year has 31 million
}

// Tick is one time at which the profile was to run.
type Tick struct {
	At      time.Time // the nominal time
	State   State
	Run     montimer.Run  // the run that served or skipped it; zero: none
	Late    time.Duration // from At to the start of its run, which served it; jitter included
	CatchUp bool          // the run was started late for it, and for those before it that have Instead
	Instead string        // the id of the run that stands for it: one under way at the time, or a late one
}

// Ticks returns all ticks of a profile from from on and before to, in order,
// with their states. A tick that may still be served at now is left out. Of more
// than h.Most it returns the newest, and since when these are all; else from.
func Ticks(h History, from, to, now time.Time) (ticks []Tick, since time.Time) {
	beyond := Grace // a run that did not know its tick belongs to the last one before it
	for _, s := range h.Timetables {
		beyond = max(beyond, s.Jitter+Grace)
	}
	expected, since := expect(h, from, to.Add(beyond), now, cmp.Or(h.Most, 1_000_000))
	j := newJudge(h, expected, now)
	ticks = make([]Tick, 0, len(expected))
	for _, e := range expected {
		if t, ok := j.judge(e); ok && t.At.Before(to) {
			ticks = append(ticks, t)
		}
	}
	standFor(ticks)
	return ticks, since
}

// standFor notes which late run stands for the ticks before the one it served.
// They are those without a run since the tick before.
func standFor(ticks []Tick) {
	late := ""
	for i := len(ticks) - 1; i >= 0; i-- {
		switch t := &ticks[i]; {
		case t.CatchUp:
			late = t.Run.ID
		case t.Run.ID != "" || t.State == Unknown:
			late = ""
		case t.Instead == "" && (t.State == Missed || t.State == HostDown):
			t.Instead = late
		}
	}
}

// sortBy sorts runs in the order of a time. A clock that was set back can have
// recorded them in another one.
func sortBy(runs []montimer.Run, of func(montimer.Run) time.Time) {
	slices.SortStableFunc(runs, func(a, b montimer.Run) int { return of(a).Compare(of(b)) })
}
