package taskexec

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// One row for each condition that a tick must meet to be passed over.
func TestOverlap(t *testing.T) {
	t.Parallel()
	at := func(clock string) time.Time {
		when, err := time.Parse(time.DateTime, "2026-06-10 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	hourly := Timer{Events: []calendar.Event{event(t, "*-*-* *:00")}, Local: time.UTC}
	long := montimer.Run{ID: "before", State: montimer.RunOK, Started: at("10:00:00"), Ended: at("11:10:00")}
	for _, tt := range []struct {
		reason string
		change func(*situation)
	}{
		{"the tick of", func(o *situation) {}},
		{"the tick of", func(o *situation) { o.last.State = montimer.RunFailed }},
		{"the tick of", func(o *situation) { o.tick = o.last.Ended }},
		{"does not ask", func(o *situation) { o.policy = montimer.OverlapQueue }},
		{"does not ask", func(o *situation) { o.policy = "" }},
		{"not started by", func(o *situation) { o.byTimer = false }},
		{"more than a calendar", func(o *situation) { o.timer.Boot = true }},
		{"more than a calendar", func(o *situation) { o.timer.Interval = true }},
		{"calendar is not known", func(o *situation) { o.tick = time.Time{} }},
		{"calendar is not known", func(o *situation) { o.next = time.Time{} }},
		{"calendar is not known", func(o *situation) { o.gap = 0 }},
		{"run is not known", func(o *situation) { o.last = montimer.Run{} }},
		{"run is not known", func(o *situation) { o.ago = -1 }},
		{"a while ago", func(o *situation) { o.ago = promptly + 1 }},
		{"was not served", func(o *situation) { o.last.State = montimer.RunSkipped }},
		{"was killed or stopped", func(o *situation) { o.last.State = montimer.RunInterrupted }},
		{"was killed or stopped", func(o *situation) { o.last.State = montimer.RunLost }},
		{"did not come during", func(o *situation) { o.tick = o.last.Started }},
		{"did not come during", func(o *situation) { o.tick = o.last.Ended.Add(1) }},
		{"did not come during", func(o *situation) { o.last.Ended = o.last.Started.Add(-time.Hour) }}, // the clock was set back
		{"too far away", func(o *situation) { o.next = o.now.Add(farthest + 1) }},
		{"too far away", func(o *situation) { o.gap = 10 * time.Minute }},
	} {
		o := newSituation(at("11:10:01"), hourly, long, time.Second)
		o.policy, o.catchUp = montimer.OverlapSkip, true
		tt.change(&o)
		if skip, reason := o.skips(); skip != strings.HasPrefix(tt.reason, "the tick of") || !strings.Contains(reason, tt.reason) {
			t.Errorf("%t, %s; want %s", skip, reason, tt.reason)
		}
	}
}

func TestSituation(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	timer := Timer{
		Events: []calendar.Event{event(t, "*-*-* 08:30"), event(t, "*-*-* 20:00")},
		Local:  berlin,
		Jitter: time.Minute,
	}
	now := time.Date(2026, 6, 10, 6, 30, 41, 0, time.UTC) // 08:30:41 in Berlin
	o := newSituation(now, timer, montimer.Run{}, -1)
	if want := time.Date(2026, 6, 10, 6, 30, 0, 0, time.UTC); !o.tick.Equal(want) {
		t.Errorf("tick %v, want %v", o.tick, want)
	}
	if want := time.Date(2026, 6, 10, 18, 1, 0, 0, time.UTC); !o.next.Equal(want) {
		t.Errorf("next %v, want %v", o.next, want)
	}
	if o.gap != 13*time.Hour+30*time.Minute { // in October
		t.Errorf("longest gap %v", o.gap)
	}
	if at := newSituation(o.tick, timer, montimer.Run{}, -1).tick; !at.Equal(o.tick) {
		t.Errorf("at the tick itself: %v", at)
	}
}

// What is passed over is recorded, with the reason, and is no failure.
func TestPassedOver(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("touch ran"))
	h.profile().Overlap = montimer.OverlapSkip
	h.Timer = func(context.Context, string) (Timer, error) {
		return Timer{Events: []calendar.Event{event(t, "*-*-* *:*:*")}, Local: time.UTC}, nil
	}
	h.kept.last = montimer.Run{ID: "before", State: montimer.RunOK, Started: time.Now().Add(-time.Hour), Ended: time.Now().Add(time.Second)}
	run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer})
	if err != nil || run.State != montimer.RunSkipped || ExitCode(run, err) != 0 || !strings.Contains(run.Reason, "run before was under way") {
		t.Errorf("%v, %+v", err, run)
	}
	if len(h.kept.runs) != 1 || h.kept.runs[0].Reason != run.Reason || h.kept.runs[0].Scheduled.IsZero() {
		t.Errorf("%+v", h.kept.runs)
	}
}

// A tick that the profile passes over waits for no sync and no checkout; one
// that the profile would serve waits.
func TestPassedOverBeforeTheSync(t *testing.T) {
	t.Parallel()
	for policy, want := range map[montimer.Overlap][]string{montimer.OverlapSkip: nil, montimer.OverlapQueue: {"sync", "hold", "release"}} {
		c := &checkout{}
		h := newHost(t, shell("true"))
		h.profile().Overlap, h.profile().SyncBeforeRun = policy, true
		h.Peek, h.Syncer = h.Load, c
		h.Timer = func(context.Context, string) (Timer, error) {
			return Timer{Events: []calendar.Event{event(t, "*-*-* *:*:*")}, Local: time.UTC}, nil
		}
		h.kept.last = montimer.Run{ID: "before", State: montimer.RunOK, Started: time.Now().Add(-time.Hour), Ended: time.Now().Add(time.Minute)}
		run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer})
		if diff := cmp.Diff(want, c.steps); diff != "" || err != nil || (run.State == montimer.RunSkipped) != (want == nil) {
			t.Errorf("%s: %v, %s: %s", policy, err, run.State, diff)
		}
	}
}

// Ticks during a run that systemd took for theirs: started by hand, perhaps.
func TestTicksWithoutARun(t *testing.T) {
	t.Parallel()
	at := func(clock string) time.Time {
		when, err := time.ParseInLocation(time.DateTime, "2026-06-10 "+clock, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	run := func(id string, trigger montimer.Trigger, tick, from, to string) montimer.Run {
		r := montimer.Run{ID: id, Trigger: trigger, State: montimer.RunOK, Started: at(from), Ended: at(to)}
		if tick != "" {
			r.Scheduled = at(tick)
		}
		return r
	}
	served := run("tick", montimer.TriggerTimer, "10:00:00", "10:00:01", "10:00:30")
	skipped := served
	skipped.State = montimer.RunSkipped
	for _, tt := range []struct {
		name string
		now  string
		runs []montimer.Run
		want string
	}{
		{"none came", "10:05:01", []montimer.Run{served}, ""},
		{"by hand, across two ticks", "10:15:01", []montimer.Run{served, run("hand", montimer.TriggerManual, "", "10:04:00", "10:11:00")},
			"the tick of 10:10:00, and one before it, came while run hand (started by hand) was under way, from 10:04:00 to 10:11:00"},
		{"by hand, between ticks", "10:10:01", []montimer.Run{served, run("hand", montimer.TriggerManual, "", "10:06:00", "10:09:00")}, ""},
		{"two by hand", "10:20:01", []montimer.Run{served,
			run("hand", montimer.TriggerManual, "", "10:04:00", "10:06:00"), run("again", montimer.TriggerManual, "", "10:14:00", "10:16:00")},
			"the tick of 10:05:00 came while run hand (started by hand) was under way, from 10:04:00 to 10:06:00\n" +
				"the tick of 10:15:00 came while run again (started by hand) was under way, from 10:14:00 to 10:16:00"},
		{"of the timer itself, and systemd passed over them", "10:20:01", []montimer.Run{run("tick", montimer.TriggerTimer, "10:00:00", "10:00:01", "10:18:00")},
			"the tick of 10:15:00, and 2 before it, came while run tick was under way, from 10:00:01 to 10:18:00"},
		{"the last of them is served late", "10:18:01", []montimer.Run{run("tick", montimer.TriggerTimer, "10:00:00", "10:00:01", "10:18:00")}, ""},
		{"missed, and nothing ran", "10:20:01", []montimer.Run{served}, ""},
		{"skipped", "10:20:01", []montimer.Run{skipped}, ""},
		{"the clock was set back", "10:20:01", []montimer.Run{run("tick", montimer.TriggerTimer, "10:00:00", "10:12:01", "10:02:00")}, ""},
	} {
		timer := Timer{Events: []calendar.Event{event(t, "*:00/5")}, Local: time.Local}
		s := newSituation(at(tt.now), timer, tt.runs[0], time.Minute)
		var got []string
		for _, m := range s.passedOver(tt.runs) {
			got = append(got, m.reason())
		}
		if got := strings.Join(got, "\n"); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// They are recorded before the run that finds them.
func TestTicksWithoutARunAreRecorded(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("true"))
	h.Timer = func(context.Context, string) (Timer, error) {
		return Timer{Events: []calendar.Event{event(t, "*-*-* *:*:*")}, Local: time.UTC}, nil
	}
	now := time.Now()
	h.kept.last = montimer.Run{ID: "tick", Trigger: montimer.TriggerTimer, State: montimer.RunOK,
		Scheduled: now.Add(-time.Hour).Truncate(time.Second), Started: now.Add(-time.Hour), Ended: now.Add(-50 * time.Minute)}
	h.kept.since = []montimer.Run{h.kept.last,
		{ID: "hand", Trigger: montimer.TriggerManual, State: montimer.RunFailed, Started: now.Add(-40 * time.Minute), Ended: now.Add(-30 * time.Minute)}}
	run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer})
	if err != nil || run.State != montimer.RunOK {
		t.Fatalf("%v, %+v", err, run)
	}
	if len(h.kept.runs) != 3 {
		t.Fatalf("recorded %+v", h.kept.runs)
	}
	for i, during := range []string{"run tick was", "run hand (started by hand) was", ""} {
		r := h.kept.runs[i]
		if skipped := during != ""; (r.State == montimer.RunSkipped) != skipped || !strings.Contains(r.Reason, during) || r.Scheduled.IsZero() || r.ID == "" {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if !strings.Contains(h.log.String(), "skipped: the tick of") {
		t.Errorf("said %s", h.log.String())
	}
}

func event(t *testing.T, text string) calendar.Event {
	t.Helper()
	e, err := calendar.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
