package timeline

import (
	"slices"
	"time"

	"github.com/montimer/montimer"
)

// A judge finds the state of one tick after the other, in order.
type judge struct {
	now    time.Time
	serves map[int64]*montimer.Run // by the tick, in ns: the last attempt
	free   []montimer.Run          // that did not know their tick, by start
	busy   []montimer.Run          // by begin
	brief  []montimer.Run          // that were skipped, by start: most have no length
	served time.Time               // the last tick that has a run: those before cannot get one any more
	pauses []Pause
	boots  []Boot
}

func newJudge(h History, expected []expected, now time.Time) *judge {
	own := map[string]bool{}
	for _, e := range expected {
		if e.run != nil {
			own[e.run.ID] = true
		}
	}
	j := &judge{now: now, serves: make(map[int64]*montimer.Run, len(h.Runs)), busy: make([]montimer.Run, 0, len(h.Runs)), pauses: h.Pauses, boots: h.Boots}
	for i, r := range h.Runs {
		if r.State != montimer.RunSkipped {
			r.Ended = j.ended(r)
			j.busy = append(j.busy, r)
		} else if r.Ended.After(r.Started) {
			j.brief = append(j.brief, r)
		}
		switch {
		case ignored(r):
		case !r.Scheduled.IsZero():
			if r.Scheduled.After(j.served) {
				j.served = r.Scheduled
			}
			if last, ok := j.serves[r.Scheduled.UnixNano()]; !ok || last.Attempt <= r.Attempt {
				j.serves[r.Scheduled.UnixNano()] = &h.Runs[i]
			}
		case r.Trigger == montimer.TriggerTimer && !own[r.ID]:
			j.free = append(j.free, h.Runs[i])
		}
	}
	sortBy(j.free, started)
	sortBy(j.brief, started)
	sortBy(j.busy, begin)
	return j
}

// ended returns when a run was over at the latest. Of one that was lost, the record
// has when that was found out, which may be in a later boot.
func (j *judge) ended(r montimer.Run) time.Time {
	if r.State != montimer.RunLost || len(j.boots) == 0 {
		return r.Ended
	}
	b, up := during(j.boots, r.Started)
	if !up {
		return earlier(r.Ended, r.Started)
	}
	return earlier(r.Ended, b.To)
}

// judge returns the tick with its state; ok is false if that is not settled yet.
func (j *judge) judge(e expected) (t Tick, ok bool) {
	t.At = e.at
	run, found := j.run(e)
	if found {
		t.Run, t.State = run, StateOf(run)
		if run.State != montimer.RunSkipped {
			t.Late = max(0, run.Started.Sub(e.at))
			t.CatchUp = t.Late > e.jitter+Grace && !j.waited(run, e)
		} else if by, ok := j.under(e.at); ok && t.State == Skipped && by.ID != run.ID {
			t.Instead = by.ID
		}
		return t, true
	}
	if by, ok := j.under(e.at); ok {
		t.State, t.Instead = Skipped, by.ID
		return t, true
	}
	if e.at.Add(e.jitter+Grace).After(j.now) && !e.at.Before(j.served) {
		return t, false
	}
	t.State = j.without(e.at)
	return t, true
}

// run returns the run of a tick. One that did not know its tick belongs to the
// last one that it may have been started for.
func (j *judge) run(e expected) (montimer.Run, bool) {
	if e.run != nil {
		return *e.run, true
	}
	if r, ok := j.serves[e.at.UnixNano()]; ok {
		return *r, true
	}
	i := from(j.free, started, e.at)
	latest := e.at.Add(e.jitter + Grace)
	if !e.next.IsZero() && e.next.Before(latest) {
		latest = e.next
	}
	if i == len(j.free) || !j.free[i].Started.Before(latest) {
		return montimer.Run{}, false
	}
	return j.free[i], true
}

// from returns the index of the first run whose time is at or later.
func from(runs []montimer.Run, of func(montimer.Run) time.Time, at time.Time) int {
	i, _ := slices.BinarySearchFunc(runs, at, func(r montimer.Run, at time.Time) int {
		if of(r).Before(at) {
			return -1
		}
		return 1
	})
	return i
}

func started(r montimer.Run) time.Time { return r.Started }

// begin returns the time from which on a tick finds a run under way: that of the
// tick that started it, since systemd may take a while to start the service.
func begin(r montimer.Run) time.Time {
	if r.Trigger == montimer.TriggerTimer && !r.Scheduled.IsZero() {
		return r.Scheduled
	}
	return r.Started
}

// StateOf returns the state of a tick that has this run.
func StateOf(r montimer.Run) State {
	switch r.State {
	case montimer.RunOK:
		return OK
	case montimer.RunRunning:
		return Running
	case montimer.RunLost:
		return Lost
	case montimer.RunSkipped:
		if r.Skip == montimer.SkipPaused || r.Skip == montimer.SkipElsewhere {
			return Paused
		}
		return Skipped
	}
	return Failed
}

// under returns the run that was under way at a time. One that was skipped in the
// end may have waited for a lock until then.
func (j *judge) under(at time.Time) (montimer.Run, bool) {
	if r, ok := last(j.busy, begin, at); ok && (r.State == montimer.RunRunning || r.Ended.After(at)) {
		return r, true
	}
	r, ok := last(j.brief, started, at)
	return r, ok && r.Ended.After(at)
}

// last returns the last run whose time is not after at.
func last(runs []montimer.Run, of func(montimer.Run) time.Time, at time.Time) (montimer.Run, bool) {
	i := from(runs, of, at.Add(1))
	if i == 0 {
		return montimer.Run{}, false
	}
	return runs[i-1], true
}

// waited reports whether a run is late because the run before it was still
// under way.
func (j *judge) waited(r montimer.Run, e expected) bool {
	before, ok := j.under(e.at.Add(e.jitter))
	return ok && before.ID != r.ID && r.Started.Sub(before.Ended) <= Grace
}

// without returns the state of a tick that has no run.
func (j *judge) without(at time.Time) State {
	boot, up := during(j.boots, at)
	paused := slices.ContainsFunc(j.pauses, func(p Pause) bool { return !at.Before(p.From) && at.Before(p.Until) })
	switch {
	case up && paused:
		return Paused
	case up:
		return Missed
	case boot.ToIsEnd:
		return HostDown
	}
	return Unknown
}

// during returns a boot during which the host was up at a time. If it was not known
// to be, it returns the last boot before.
func during(boots []Boot, at time.Time) (last Boot, up bool) {
	for _, b := range boots {
		if b.From.After(at) {
			break
		}
		if last = b; at.Before(b.To) || at.Equal(b.To) && !b.ToIsEnd {
			return b, true
		}
	}
	return last, false
}
