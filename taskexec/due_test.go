package taskexec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// One row for each start that is due or not.
func TestDue(t *testing.T) {
	t.Parallel()
	at := func(clock string) time.Time {
		when, err := time.Parse(time.DateTime, "2026-06-10 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	daily := Timer{Events: []calendar.Event{event(t, "*-*-* 09:00")}, Local: time.UTC}
	before := montimer.Run{ID: "before", Trigger: montimer.TriggerTimer, State: montimer.RunOK,
		Scheduled: at("09:00:00").AddDate(0, 0, -1), Started: at("09:00:00").AddDate(0, 0, -1), Ended: at("09:10:00").AddDate(0, 0, -1)}
	for _, tt := range []struct {
		name   string
		skip   bool
		change func(t *Timer, last *montimer.Run, ago *time.Duration, catchUp *bool)
	}{
		{"on time", false, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) { t.Triggered = at("09:00:00") }},
		{"on time, nothing is known of the timer", false, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) { *t = Timer{} }},
		{"late, and the process even later", true, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) { t.Triggered = at("11:00:00") }},
		{"late", true, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) {}},
		{"late, and it catches up", false, func(_ *Timer, _ *montimer.Run, _ *time.Duration, catchUp *bool) { *catchUp = true }},
		{"late within the jitter", false, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) { t.Jitter = 4 * time.Hour }},
		{"a slow machine", false, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) { t.Triggered = at("09:00:50") }},
		{"after 50 s the timer came back", true, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) {
			t.Triggered, t.Since = at("09:00:50"), at("09:00:49")
		}},
		{"the service was busy", false, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) {
			t.Triggered, t.Freed, t.Since = at("11:00:00"), at("10:59:59"), at("08:00:00")
		}},
		{"the service was busy, then the timer was off", true, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) {
			t.Triggered, t.Freed, t.Since = at("11:00:00"), at("10:59:59"), at("10:59:58")
		}},
		{"the service was busy a while ago", true, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) {
			t.Triggered, t.Freed, t.Since = at("11:00:00"), at("10:30:00"), at("08:00:00")
		}},
		{"the timer was started in the future: the clock was set", false, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) {
			t.Triggered, t.Since = at("09:00:50"), at("20:00:00")
		}},
		{"an interval", false, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) { t.Interval, t.Events = true, nil }},
		{"the tick was served, then the timer was restarted", true, func(t *Timer, last *montimer.Run, _ *time.Duration, catchUp *bool) {
			t.Triggered, t.Since, last.Scheduled, *catchUp = at("09:00:03"), at("09:00:03"), at("09:00:00"), true
		}},
		{"its run was lost, then the timer was restarted", false, func(t *Timer, last *montimer.Run, _ *time.Duration, _ *bool) {
			t.Triggered, t.Since, last.Scheduled, last.State = at("09:00:03"), at("09:00:03"), at("09:00:00"), montimer.RunLost
		}},
		{"the tick was served, then the clock was set back", false, func(t *Timer, last *montimer.Run, _ *time.Duration, _ *bool) {
			t.Triggered, t.Since, last.Scheduled = at("09:00:00"), at("08:00:00"), at("09:00:00")
		}},
		{"the boot", false, func(t *Timer, _ *montimer.Run, ago *time.Duration, _ *bool) {
			t.Boot, t.Events, *ago = true, nil, -1
		}},
		{"a second time after the boot", true, func(t *Timer, _ *montimer.Run, _ *time.Duration, catchUp *bool) {
			t.Boot, t.Events, *catchUp = true, nil, true
		}},
		{"the tick of what also runs at boot", false, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) {
			t.Boot, t.Triggered = true, at("09:00:00")
		}},
		{"a missed tick of what also runs at boot", false, func(t *Timer, _ *montimer.Run, _ *time.Duration, catchUp *bool) {
			t.Boot, *catchUp = true, true
		}},
		{"what also runs at boot came back", true, func(t *Timer, last *montimer.Run, _ *time.Duration, catchUp *bool) {
			t.Boot, *catchUp, last.Started = true, true, at("09:00:00")
		}},
		{"what also runs at boot came back after a missed tick", true, func(t *Timer, _ *montimer.Run, _ *time.Duration, _ *bool) { t.Boot = true }},
	} {
		timer, last, ago, catchUp := daily, before, 26*time.Hour, false
		tt.change(&timer, &last, &ago, &catchUp)
		s := newSituation(at("11:30:00"), timer, last, ago)
		s.catchUp = catchUp
		if skip, reason := s.skips(); skip != tt.skip || skip != strings.HasPrefix(reason, "nothing is due: ") {
			t.Errorf("%s: skipped %t: %s", tt.name, skip, reason)
		}
	}
}

// skips is skip for tests that ask for no cause.
func (s situation) skips() (skip bool, reason string) {
	cause, reason := s.skip()
	return cause != "", reason
}

// A service that a timer has started before is started by hand: systemd says
// again that it was the timer. What is not known is a tick.
func TestStartedByHandAfterATick(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("true"))
	for i, tt := range []struct {
		trigger time.Duration
		want    montimer.Trigger
	}{
		{time.Second, montimer.TriggerTimer},
		{time.Second, montimer.TriggerManual},
		{2 * time.Second, montimer.TriggerTimer},
		{0, montimer.TriggerTimer},
		{2 * time.Second, montimer.TriggerManual},
	} {
		h.Timer = func(context.Context, string) (Timer, error) {
			return Timer{Events: []calendar.Event{event(t, "*-*-* *:*:*")}, Local: time.UTC, Trigger: tt.trigger}, nil
		}
		run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer})
		if err != nil || run.Trigger != tt.want || run.Scheduled.IsZero() != (tt.want == montimer.TriggerManual) {
			t.Errorf("%d: %v, %+v", i, err, run)
		}
	}
	h.Boot = "another" // the timer elapses at the same moment after it
	if run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer}); err != nil || run.Trigger != montimer.TriggerTimer {
		t.Errorf("the next boot: %v, %+v", err, run)
	}
	if err := os.Remove(filepath.Join(h.StateDir, "last-good", "p.trigger")); err != nil {
		t.Fatal(err)
	}
	if run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer}); err != nil || run.Trigger != montimer.TriggerTimer {
		t.Errorf("the file is gone: %v, %+v", err, run)
	}
}

// A daemon-reload makes systemd 252 forget who started a service that runs.
func TestForgottenTick(t *testing.T) {
	t.Parallel()
	service := []string{fmt.Sprintf("SYSTEMD_EXEC_PID=%d", os.Getpid())}
	for _, tt := range []struct {
		name           string
		environ, tasks []string
		trigger, began time.Duration
		want           montimer.Trigger
	}{
		{"a tick", service, nil, time.Hour, time.Hour + time.Second, montimer.TriggerTimer},
		{"by hand after it", service, nil, time.Hour, time.Hour + 10*time.Second, montimer.TriggerManual},
		{"the next tick", service, nil, 2 * time.Hour, 2*time.Hour + time.Minute, montimer.TriggerTimer},
		{"by hand, long after a tick without a run", service, nil, 3 * time.Hour, 4 * time.Hour, montimer.TriggerManual},
		{"a tick while that goes on", service, nil, 4 * time.Hour, 3 * time.Hour, montimer.TriggerManual},
		{"the timer has never elapsed", service, nil, 0, time.Second, montimer.TriggerManual},
		{"one task, by hand", service, []string{"t1"}, 5 * time.Hour, 5 * time.Hour, montimer.TriggerManual},
		{"not a service", nil, nil, 5 * time.Hour, 5 * time.Hour, montimer.TriggerManual},
	} {
		h := newHost(t, shell("true"))
		h.Environ = append(without(h.Environ, "SYSTEMD_EXEC_PID"), tt.environ...)
		h.Timer = func(context.Context, string) (Timer, error) {
			return Timer{Events: []calendar.Event{event(t, "*-*-* *:*:*")}, Local: time.UTC, Trigger: tt.trigger, Began: tt.began}, nil
		}
		if tt.name == "by hand after it" {
			h.exec(t)
		}
		run, err := h.Exec(t.Context(), Request{Profile: "p", Tasks: tt.tasks})
		if err != nil || run.Trigger != tt.want || run.Scheduled.IsZero() != (tt.want == montimer.TriggerManual) {
			t.Errorf("%s: %v, %+v", tt.name, err, run)
		}
	}
}

// While systemd does not answer, a run of the service counts as a tick, also where systemd
// has forgotten what started it, and serves the one that has just come.
func TestSilentSystemd(t *testing.T) {
	t.Parallel()
	service := "SYSTEMD_EXEC_PID=" + strconv.Itoa(os.Getpid())
	table := montimer.Timetable{Events: []calendar.Event{event(t, "*-*-* *:*:*")}, Local: time.UTC}
	rare := montimer.Timetable{Events: []calendar.Event{event(t, "2020-01-01")}, Local: time.UTC}
	for _, tt := range []struct {
		name    string
		environ string
		given   montimer.Trigger
		table   montimer.Timetable
		want    montimer.Trigger
		serves  bool
	}{
		{"a tick", service, montimer.TriggerTimer, table, montimer.TriggerTimer, true},
		{"a tick that systemd has forgotten", service, montimer.TriggerManual, table, montimer.TriggerTimer, true},
		{"no tick has just come", service, montimer.TriggerManual, rare, montimer.TriggerTimer, false},
		{"the first run", service, montimer.TriggerTimer, montimer.Timetable{}, montimer.TriggerTimer, false},
		{"not a service", "", montimer.TriggerManual, table, montimer.TriggerManual, false},
	} {
		h := newHost(t, shell("true"))
		h.Environ = append(without(h.Environ, "SYSTEMD_EXEC_PID"), tt.environ)
		h.Timer = func(context.Context, string) (Timer, error) { return Timer{}, errors.New("no answer") }
		h.Timetable = func(context.Context, string) (montimer.Timetable, error) { return tt.table, nil }
		run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: tt.given})
		if err != nil || run.State != montimer.RunOK || run.Trigger != tt.want || run.Scheduled.IsZero() == tt.serves {
			t.Errorf("%s: %v, %+v", tt.name, err, run)
		}
		if tt.serves && run.Timetable != tt.table.Digest() {
			t.Errorf("%s: timetable %q", tt.name, run.Timetable)
		}
	}
}

// A run that is killed before its record has not served the tick, so nothing says
// that it has.
func TestTriggerIsKeptAfterTheRecord(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("true"))
	file := filepath.Join(h.StateDir, "last-good", "p.trigger")
	h.Timer = func(context.Context, string) (Timer, error) {
		return Timer{Events: []calendar.Event{event(t, "*-*-* *:*:*")}, Local: time.UTC, Trigger: time.Second}, nil
	}
	kept := h.kept
	h.Recorder = beginning{kept, func() {
		if _, err := os.Stat(file); err == nil {
			t.Error("there before the record")
		}
	}}
	if _, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

// beginning is a Recorder that says when a run begins.
type beginning struct {
	*memory
	began func()
}

func (b beginning) Begin(ctx context.Context, run montimer.Run) (montimer.Run, error) {
	b.began()
	return b.memory.Begin(ctx, run)
}

// The night in which the clocks of Berlin are set back.
func TestSecondPass(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	utc := func(clock string) time.Time {
		when, err := time.Parse(time.DateTime, "2026-10-25 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	first, second := utc("00:30:00"), utc("01:30:00") // both are 02:30
	for _, tt := range []struct {
		name, event, zone string
		last, start       time.Time
		skip              bool
	}{
		{"the second 02:30", "*-*-* 02:30", "", first, second, true},
		{"in a zone of its own", "*-*-* 02:30 Europe/Berlin", "UTC", first, second, true},
		{"the first one was missed", "*-*-* 02:30", "", first.AddDate(0, 0, -1), second, false},
		{"the first 02:30", "*-*-* 02:30", "", first.AddDate(0, 0, -1), first, false},
		{"another time of the second pass", "*-*-* *:00/15", "", utc("00:45:00"), utc("01:15:00"), false},
		{"twice in UTC", "*-*-* *:30 UTC", "", first, second, false},
	} {
		timer := Timer{Events: []calendar.Event{event(t, tt.event)}, Local: berlin, Triggered: tt.start, Since: utc("01:10:00")}
		if tt.zone != "" {
			timer.Local = time.UTC
		}
		last := montimer.Run{ID: "before", Trigger: montimer.TriggerTimer, State: montimer.RunOK, Scheduled: tt.last, Started: tt.last, Ended: tt.last.Add(time.Minute)}
		s := newSituation(tt.start.Add(time.Second), timer, last, time.Hour)
		if skip, reason := s.skips(); skip != tt.skip || !s.tick.Equal(tt.start) {
			t.Errorf("%s: tick %v, skipped %t: %s", tt.name, s.tick, skip, reason)
		}
		// A skipped run counts as served if its tick was, whatever its reason says.
		s.last.State, s.last.Reason = montimer.RunSkipped, "run x dealt with the tick of"
		if skip, reason := s.skips(); skip {
			t.Errorf("%s, not served: skipped: %s", tt.name, reason)
		}
		s.last.AlreadyServed = true
		if skip, _ := s.skips(); skip != tt.skip {
			t.Errorf("%s, served by an earlier run: skipped %t", tt.name, skip)
		}
	}
}

// Whatever is done to a timer without catch_up: every tick that comes while it
// is active is served, no tick is served twice, and none is served late but by
// what kept the service busy. What runs at boot runs once in each.
func TestComingBack(t *testing.T) {
	t.Parallel()
	served, kept := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		h := newComeback(t)
		for range 40 {
			h.step(t)
		}
		served, kept = served+len(h.ticks), kept+h.kept
	})
	if served < 500 || kept < 500 {
		t.Errorf("%d ticks served, %d starts passed over: this proves nothing", served, kept)
	}
}

// comeback is a host whose timer is stopped, started and read again. What
// systemd remembers of it differs by version, and is drawn.
type comeback struct {
	now     time.Time
	timer   Timer
	memory  time.Time // systemd counts from here
	last    montimer.Run
	sameEra bool // the last run was in this boot
	booted  int  // runs because of this boot
	ticks   map[time.Time]bool
	kept    int
	log     []string
}

func newComeback(t *rapid.T) *comeback {
	h := &comeback{now: epoch, ticks: map[time.Time]bool{}}
	line := rapid.SampledFrom([]string{"*:00..55/5", "*:00", "*-*-* 02:30", "*-*-* 00..18/6:00"}).Draw(t, "calendar")
	e, err := calendar.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	h.timer = Timer{Events: []calendar.Event{e}, Local: time.UTC, Boot: rapid.Bool().Draw(t, "boot"),
		Jitter: time.Duration(rapid.SampledFrom([]int{0, 0, 60}).Draw(t, "jitter")) * time.Second}
	h.boot(t)
	return h
}

func (h *comeback) boot(t *rapid.T) {
	h.timer.Since, h.timer.Freed, h.memory, h.sameEra, h.booted = h.now, time.Time{}, h.now, false, 0
	h.log = append(h.log, fmt.Sprint(h.now, " boot"))
	if h.timer.Boot {
		h.start(t, false)
	}
}

func (h *comeback) step(t *rapid.T) {
	switch rapid.IntRange(0, 9).Draw(t, "step") {
	case 0:
		h.now = h.now.Add(time.Duration(rapid.IntRange(1, 200_000).Draw(t, "off")) * time.Second)
		h.boot(t)
	case 1, 2, 3:
		h.comeBack(t)
	default:
		next, _ := calendar.Next(h.timer.Events, h.memory, h.timer.Local)
		h.now = next.Add(h.delay(t))
		h.start(t, true)
	}
}

func (h *comeback) delay(t *rapid.T) time.Duration {
	return time.Duration(rapid.Float64Range(0, 0.99).Draw(t, "delay") * float64(h.timer.Jitter))
}

// comeBack stops the timer, and starts it after a while.
func (h *comeback) comeBack(t *rapid.T) {
	next, _ := calendar.Next(h.timer.Events, h.memory, h.timer.Local)
	off := time.Duration(rapid.IntRange(0, 20_000).Draw(t, "stopped")) * time.Second
	if rapid.Bool().Draw(t, "until shortly after its tick") {
		off = next.Sub(h.now) + time.Duration(rapid.IntRange(0, 90).Draw(t, "after"))*time.Second
	}
	h.now = h.now.Add(max(off, 0))
	h.timer.Since = h.now
	h.log = append(h.log, fmt.Sprint(h.now, " the timer is back"))
	again := h.timer.Boot && rapid.Bool().Draw(t, "the boot once more")
	old := rapid.Bool().Draw(t, "it remembers") && !next.After(h.now)
	if again || old || !h.last.Scheduled.IsZero() && rapid.IntRange(0, 3).Draw(t, "the tick once more") == 0 {
		h.start(t, false)
	}
	h.memory = h.now
}

// start has systemd start the service; wanted: for a tick of an active timer.
func (h *comeback) start(t *rapid.T, wanted bool) {
	h.timer.Triggered, h.memory = h.now, h.now
	ago := time.Duration(-1)
	if h.sameEra {
		ago = h.now.Sub(h.last.Ended)
	}
	s := newSituation(h.now.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "slow"))*time.Second), h.timer, h.last, ago)
	run := montimer.Run{ID: "id", Trigger: montimer.TriggerTimer, Scheduled: s.serves(), Started: s.now}
	skip, reason := s.skips()
	h.log = append(h.log, fmt.Sprintf("%v start for %v: skipped %t, %s", h.now, run.Scheduled, skip, reason))
	if skip {
		run.State, run.Reason, run.AlreadyServed = montimer.RunSkipped, reason, s.alreadyServed()
		h.kept++
		if wanted {
			h.fail(t, "a tick was not served")
		}
	} else {
		h.check(t, run)
		run.State = montimer.RunOK
	}
	run.Ended = s.now.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "took")) * time.Second)
	if skip {
		run.Ended = s.now
	}
	h.now, h.timer.Freed, h.last, h.sameEra = run.Ended, run.Ended, run, true
}

func (h *comeback) check(t *rapid.T, run montimer.Run) {
	if run.Scheduled.IsZero() {
		if h.booted++; h.booted > 1 {
			h.fail(t, "ran twice because of one boot")
		}
		return
	}
	if h.ticks[run.Scheduled] {
		h.fail(t, "a tick was served twice")
	}
	h.ticks[run.Scheduled] = true
	late := h.timer.Triggered.Sub(run.Scheduled) - h.timer.Jitter
	busy := !run.Scheduled.Before(h.timer.Since) && !h.timer.Freed.Before(run.Scheduled)
	if late > promptly && !busy {
		h.fail(t, fmt.Sprint("late by ", late))
	}
}

func (h *comeback) fail(t *rapid.T, why string) {
	t.Fatalf("%s\n%s", why, strings.Join(h.log, "\n"))
}
