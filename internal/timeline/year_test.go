package timeline_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/testenv"
	"github.com/montimer/montimer/internal/timeline"
)

// A world lives through time minute by minute, and writes down what montimer
// would record together with how each tick really ended. It knows calendar
// events as predicates on the wall clock only, so that it shares no code with
// what it is compared with.
type world struct {
	rng     *rand.Rand
	zone    *time.Location
	now     time.Time
	catchUp bool
	due     func(hour, minute, weekday, day int) bool
	seconds time.Duration // what a start is late

	up, timer, paused bool
	boot              int
	missed            time.Time // the last tick since the timer has been off
	run               *montimer.Run
	ends              time.Time
	fate              montimer.RunState
	folded            time.Time // the last tick during the run

	history timeline.History
	truth   map[time.Time]timeline.State
	ids     int

	// For who looks on, once a minute before it passes.
	watch     func()
	activated time.Time // when the timer was started last
	scheduled time.Time // when its schedule changed last
	over      []over
	ticks     []time.Time // in order
}

// over is the end of a run.
type over struct {
	state montimer.RunState
	at    time.Time
}

// nominal reports whether a minute is a tick: of an hour that comes twice only the
// first pass is.
func (w *world) nominal(t time.Time) bool {
	l := t.In(w.zone)
	if !w.due(l.Hour(), l.Minute(), int(l.Weekday()), l.Day()) {
		return false
	}
	before := t.Add(-time.Hour).In(w.zone)
	return before.Hour() != l.Hour() || before.Minute() != l.Minute()
}

func (w *world) record(r montimer.Run) {
	w.ids++
	r.ID, r.Trigger, r.Attempt = fmt.Sprint("run", w.ids), montimer.TriggerTimer, 1
	w.history.Runs = append(w.history.Runs, r)
	if r.State == montimer.RunSkipped {
		w.over = append(w.over, over{r.State, w.now})
	}
}

// begin starts a run for a tick.
func (w *world) begin(tick time.Time, trigger montimer.Trigger) {
	started := w.now.Add(w.seconds)
	w.fate = []montimer.RunState{montimer.RunOK, montimer.RunOK, montimer.RunOK, montimer.RunFailed, montimer.RunInterrupted, montimer.RunLost}[w.rng.IntN(6)]
	w.record(montimer.Run{Scheduled: tick, Started: started, State: montimer.RunRunning})
	w.run = &w.history.Runs[len(w.history.Runs)-1]
	w.run.Trigger = trigger
	length := time.Duration(w.rng.IntN(50)) * time.Second
	if w.rng.IntN(40) == 0 {
		length = time.Duration(1+w.rng.IntN(40)) * time.Minute
	}
	w.ends = started.Add(length)
	if !tick.IsZero() {
		w.truth[tick] = timeline.Running
	}
}

// end ends the run under way.
func (w *world) end(state montimer.RunState) {
	w.run.State, w.run.Ended = state, w.ends
	if w.now.Before(w.ends) {
		w.run.Ended = w.now
	}
	w.over = append(w.over, over{state, w.run.Ended})
	if !w.run.Scheduled.IsZero() {
		w.truth[w.run.Scheduled] = map[montimer.RunState]timeline.State{
			montimer.RunOK: timeline.OK, montimer.RunLost: timeline.Lost,
		}[state]
		if w.truth[w.run.Scheduled] == "" {
			w.truth[w.run.Scheduled] = timeline.Failed
		}
	}
	w.run = nil
	if !w.folded.IsZero() { // the start right after it is skipped, for the last of them
		w.record(montimer.Run{Scheduled: w.folded, Started: w.now.Add(w.seconds), Ended: w.now.Add(w.seconds), State: montimer.RunSkipped, Skip: montimer.SkipOverlap})
		w.folded = time.Time{}
	}
}

// minute lets one pass.
func (w *world) minute() {
	if w.run != nil && !w.now.Before(w.ends) {
		w.end(w.fate)
	}
	if w.nominal(w.now) {
		w.tick(w.now)
	} else if w.watch != nil {
		w.watch()
	}
	w.now = w.now.Add(time.Minute)
	if w.up {
		w.history.Boots[w.boot].To = w.now
	}
}

func (w *world) tick(t time.Time) {
	w.ticks = append(w.ticks, t)
	switch {
	case !w.up:
		w.truth[t], w.missed = timeline.HostDown, t
	case w.run != nil && !w.timer: // nobody could tell
		w.truth[t] = timeline.Skipped
	case !w.timer:
		w.truth[t], w.missed = timeline.Missed, t
	case w.run != nil:
		w.truth[t], w.folded = timeline.Skipped, t
	case w.paused:
		w.truth[t] = timeline.Paused
		w.record(montimer.Run{Scheduled: t, Started: t, Ended: t, State: montimer.RunSkipped, Skip: montimer.SkipPaused})
	default:
		w.begin(t, montimer.TriggerTimer)
	}
}

// back starts the timer again: a profile that catches up runs for the last tick
// that was missed, another one finds that nothing is due.
func (w *world) back() {
	if w.missed.IsZero() || w.run != nil {
		return
	}
	tick := w.missed
	w.missed = time.Time{}
	if w.catchUp {
		w.begin(tick, montimer.TriggerTimer)
		return
	}
	w.record(montimer.Run{Scheduled: tick, Started: w.now, Ended: w.now, State: montimer.RunSkipped, Skip: montimer.SkipNotDue})
}

func (w *world) powerOff() {
	if w.run != nil {
		w.ends = w.now.Add(w.seconds)
		w.folded = time.Time{}
		w.end(montimer.RunLost)
	}
	w.up, w.history.Boots[w.boot].ToIsEnd = false, true
}

func (w *world) powerOn() {
	w.up, w.timer, w.activated = true, true, w.now
	w.boot = len(w.history.Boots)
	w.history.Boots = append(w.history.Boots, timeline.Boot{ID: fmt.Sprint("boot", w.boot), From: w.now, To: w.now})
	w.back()
}

// schedule changes the schedule that is in force.
func (w *world) schedule(due func(hour, minute, weekday, day int) bool, events ...string) {
	s := montimer.Timetable{Since: w.now, Local: w.zone}
	for _, text := range events {
		e, err := calendar.Parse(text)
		if err != nil {
			panic(err)
		}
		s.Events = append(s.Events, e)
	}
	w.due, w.scheduled = due, w.now
	w.history.Timetables = append(w.history.Timetables, s)
}

// until lets time pass to a date of 2026, in UTC, with random faults of the given
// kinds in between.
func (w *world) until(month time.Month, day, hour int, faults bool) {
	for end := time.Date(2026, month, day, hour, 0, 0, 0, time.UTC); w.now.Before(end); {
		w.minute()
		if !faults || w.rng.IntN(3000) != 0 {
			continue
		}
		switch w.rng.IntN(5) {
		case 0: // systemctl stop and start of the timer
			w.timer = false
			w.pass(1 + w.rng.IntN(300))
			w.timer, w.activated = true, w.now
			w.back()
		case 1:
			w.paused = true
			w.pass(1 + w.rng.IntN(600))
			w.paused = false
		case 2:
			w.powerOff()
			w.pass(1 + w.rng.IntN(600))
			w.powerOn()
		case 3: // a run by hand, and what comes during it
			if w.run == nil {
				w.begin(time.Time{}, montimer.TriggerManual)
				w.run.Started = w.now.Add(-30 * time.Second)
			}
		case 4: // the clock jumps ahead: systemd starts the last tick that it passed
			jump := w.now.Add(time.Duration(1+w.rng.IntN(200)) * time.Minute)
			if w.run != nil {
				continue
			}
			for ; w.now.Before(jump) || w.nominal(w.now); w.now = w.now.Add(time.Minute) {
				if w.nominal(w.now) {
					w.truth[w.now], w.missed = timeline.Missed, w.now
					w.ticks = append(w.ticks, w.now)
				}
			}
			w.history.Boots[w.boot].To = w.now
			w.back()
		}
	}
}

// pass lets minutes pass, and a few more if a tick would come at their very end.
func (w *world) pass(minutes int) {
	for ; minutes > 0 || w.nominal(w.now); minutes-- {
		w.minute()
	}
}

func newWorld(seed uint64, catchUp bool) *world {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return &world{
		rng: rand.New(rand.NewPCG(seed, 1)), zone: zone, catchUp: catchUp, timer: true,
		now:     time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
		seconds: 3 * time.Second,
		truth:   map[time.Time]timeline.State{},
	}
}

// live lives through a year: both clock changes, three edits of the schedule, and
// faults all the time.
func (w *world) live() {
	w.powerOn()
	w.schedule(func(h, m, _, _ int) bool { return m%5 == 0 }, "*:0/5")
	w.until(time.March, 20, 3, true)
	w.schedule(func(h, m, _, _ int) bool { return m%2 == 0 && h >= 1 && h < 20 }, "*-*-* 01..19:0/2:00")
	w.until(time.June, 5, 17, true)
	w.schedule(func(h, m, wd, _ int) bool { return h == 2 && m == 30 || wd == 1 && m == 10 }, "*-*-* 02:30:00", "Mon *-*-* *:10:00")
	w.until(time.August, 9, 4, true)
	w.schedule(func(h, m, _, d int) bool { return m%3 == 1 || d == 31 && h == 4 && m == 0 }, "*:1/3", "*-*-31 04:00:00")
	w.until(time.December, 31, 23, true)
	if w.run != nil {
		w.end(w.fate)
	}
}

// TestYear compares the true end of each tick of a year with what the records of
// that year give.
func TestYear(t *testing.T) {
	count, of := 0, map[timeline.State]int{}
	seeds := uint64(1)
	if testenv.Soak() {
		seeds = 12
	}
	for seed := range seeds {
		w := newWorld(seed, seed%2 == 0)
		w.live()
		begin := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
		ticks, _ := timeline.Ticks(w.history, begin, w.now, w.now.Add(time.Hour))
		wrong := 0
		seen := map[time.Time]bool{}
		for _, tick := range ticks {
			at := tick.At.UTC()
			if seen[at] {
				t.Errorf("seed %d: %s is there twice", seed, at)
			}
			seen[at] = true
			of[tick.State]++
			if want := w.truth[at]; tick.State != want {
				if wrong++; wrong <= 10 {
					t.Errorf("seed %d: %s is %s, was %q (run %+v)", seed, at, tick.State, want, tick.Run)
				}
			}
		}
		for at, state := range w.truth {
			if !seen[at] {
				if wrong++; wrong <= 10 {
					t.Errorf("seed %d: %s, which was %s, is not there", seed, at, state)
				}
			}
		}
		count += len(w.truth)
		spanned := 0
		for _, s := range timeline.Spans(ticks) {
			spanned += len(s.Ticks)
		}
		if spanned != len(ticks) {
			t.Errorf("seed %d: spans hold %d of %d ticks", seed, spanned, len(ticks))
		}
	}
	t.Logf("%d ticks: %v", count, of)
	if count < 100_000 || len(of) < 7 {
		t.Errorf("%d ticks in %d states are too few", count, len(of))
	}
}
