package taskexec

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/testenv"
)

func init() { testenv.SameChance() }

// The promise of overlap: skip. Whatever has happened, from one full run to the
// next it takes no more than the longest gap of the calendar or, where longer,
// an hour more than the run took. What the machine itself has lost comes on
// top: while it was off, its clock was set, or a run by hand held up the timer's.
func TestNoGapIsTooLong(t *testing.T) {
	t.Parallel()
	skips := 0
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range 50 {
			w.happens(t)
		}
		skips += w.skips
	})
	if skips < 100 {
		t.Errorf("only %d ticks were passed over: this proves nothing", skips)
	}
}

// world is a machine with one timer.
type world struct {
	now   time.Duration // the true time
	shift time.Duration // of the clock against it
	boot  int
	log   []string

	timer   Timer
	since   time.Time // when the timer was started
	trigger time.Time // when it last elapsed, as systemd remembers it, also across boots (Persistent=)

	last  montimer.Run // of the timer, as the database has it
	ended struct {     // and its end, by the monotonic clock
		boot int
		at   time.Duration
	}

	full    bool          // there has been a full run
	began   time.Duration // when the last one did
	took    time.Duration // how long
	longest time.Duration // gap of the calendars since
	lost    time.Duration // by the machine since
	skips   int
}

var epoch = time.Date(2026, 10, 23, 22, 0, 0, 0, time.UTC) // the clocks of Berlin change two days later

func (w *world) clock() time.Time { return epoch.Add(w.now + w.shift) }

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%v %s: ", w.now.Round(time.Second), w.clock().Format(time.DateTime))+fmt.Sprintf(format, args...))
}

func newWorld(t *rapid.T) *world {
	w := &world{boot: 1}
	w.trigger, w.since = w.clock(), w.clock()
	w.reload(t)
	return w
}

// reload gives the timer another calendar, as a drop-in may.
func (w *world) reload(t *rapid.T) {
	lines := rapid.SampledFrom([][]string{
		{"*:*:00,30"}, {"*:00..55/5"}, {"*:00..50/10", "*:07"}, {"*:00"}, {"*:05", "*-*-* 08:19"}, {"00..22/2:17"},
		{"*-*-* 02:30"}, {"*-*-* 02:30", "*-*-* 03:10"}, {"*-*-* 00..18/6:00"}, {"Sun *-*-* 02:59"}, {"Mon..Fri *-*-* 09..17:00"},
	}).Draw(t, "calendar")
	w.timer = Timer{}
	for _, line := range lines {
		e, err := calendar.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		w.timer.Events = append(w.timer.Events, e)
	}
	var err error
	if w.timer.Local, err = time.LoadLocation(rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "Australia/Lord_Howe"}).Draw(t, "zone")); err != nil {
		t.Fatal(err)
	}
	shortest, longest, _ := calendar.Gaps(w.timer.Events, epoch, w.timer.Local)
	w.timer.Jitter = time.Duration(rapid.SampledFrom([]float64{0, 0.2, 0.99}).Draw(t, "jitter") * float64(shortest))
	w.longest = max(w.longest, longest+w.timer.Jitter)
	w.lost += w.now - w.began // the new one counts from now
	w.note("calendar %q in %v, jitter %v", lines, w.timer.Local, w.timer.Jitter)
}

// happens is the next thing that happens to the machine.
func (w *world) happens(t *rapid.T) {
	switch rapid.IntRange(0, 19).Draw(t, "event") {
	case 0:
		w.reload(t)
	case 1, 2:
		w.setClock(t)
	case 3:
		w.reboot(t)
	default:
		w.elapse(t)
		w.exec(t)
	}
}

func (w *world) setClock(t *rapid.T) {
	by := time.Duration(rapid.Int64Range(-7200, 7200).Draw(t, "clock")) * time.Second
	w.shift += by
	w.lost += by.Abs()
	if w.trigger.After(w.clock()) { // a timer that elapsed in the future takes it to be now
		w.trigger = w.clock()
	}
	w.note("the clock was set by %v", by)
}

func (w *world) reboot(t *rapid.T) {
	off := time.Duration(rapid.Int64Range(1, 200_000).Draw(t, "off")) * time.Second
	w.now += off
	w.lost += off
	w.boot++
	w.since = w.clock()
	w.note("off for %v", off)
}

// elapse waits until the timer starts its service.
func (w *world) elapse(t *rapid.T) {
	next, ok := calendar.Next(w.timer.Events, w.trigger, w.timer.Local)
	if !ok {
		t.Fatal("the calendar has ended")
	}
	if wait := next.Add(w.timer.Jitter).Sub(w.clock()); wait > 0 {
		w.now += wait
	}
	w.now += 10 * time.Millisecond
	w.trigger = w.clock()
}

// exec is what montimer exec does.
func (w *world) exec(t *rapid.T) {
	ago := time.Duration(-1)
	if w.ended.boot == w.boot {
		ago = w.now - w.ended.at
	}
	w.timer.Triggered, w.timer.Since = w.trigger, w.since
	o := newSituation(w.clock(), w.timer, w.last, ago)
	o.policy, o.catchUp = montimer.OverlapSkip, true
	run := montimer.Run{ID: "id", Trigger: montimer.TriggerTimer, Scheduled: o.tick, Started: o.now}
	if skip, reason := o.skips(); skip {
		w.skips++
		w.note("skipped: %s", reason)
		w.end(run, montimer.RunSkipped)
		return
	}
	w.note("a full run")
	if gap, most := w.now-w.began, max(w.longest, w.took+farthest)+w.lost+promptly+time.Second; w.full && gap > most {
		t.Fatalf("%v after the one before, more than %v\n%s", gap, most, strings.Join(w.log, "\n"))
	}
	w.full, w.began, w.longest, w.lost = true, w.now, 0, 0
	if _, longest, ok := calendar.Gaps(w.timer.Events, epoch, w.timer.Local); ok {
		w.longest = longest + w.timer.Jitter
	}
	w.run(t, run, o.gap)
}

// run is a full run of the tasks.
func (w *world) run(t *rapid.T, run montimer.Run, gap time.Duration) {
	if rapid.IntRange(0, 9).Draw(t, "a run by hand") == 0 {
		held := time.Duration(rapid.Int64Range(1, 300).Draw(t, "held")) * time.Second
		w.now += held
		w.lost += held
		run.Started = w.clock()
	}
	factor := rapid.SampledFrom([]float64{0.001, 0.5, 1, 1.01, 1.9, 3.5}).Draw(t, "took")
	w.took = time.Duration(factor*float64(gap)) + time.Second
	w.now += w.took
	if rapid.IntRange(0, 9).Draw(t, "set while it ran") == 0 {
		w.setClock(t)
	}
	switch rapid.IntRange(0, 9).Draw(t, "end") {
	case 0:
		w.end(run, montimer.RunInterrupted)
	case 1: // killed: when it ended is not known
		w.end(run, montimer.RunLost)
		w.ended.boot = 0
	case 2: // nothing was recorded
		w.note("unrecorded after %v", w.took)
	case 3, 4:
		w.end(run, montimer.RunFailed)
	default:
		w.end(run, montimer.RunOK)
	}
}

func (w *world) end(run montimer.Run, state montimer.RunState) {
	run.State, run.Ended = state, w.clock()
	w.last, w.ended.boot, w.ended.at = run, w.boot, w.now
	w.note("%s", state)
}
