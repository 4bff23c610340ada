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
		change func(*overlap)
	}{
		{"the tick of", func(o *overlap) {}},
		{"the tick of", func(o *overlap) { o.last.State = montimer.RunFailed }},
		{"the tick of", func(o *overlap) { o.tick = o.last.Ended }},
		{"does not ask", func(o *overlap) { o.policy = montimer.OverlapQueue }},
		{"does not ask", func(o *overlap) { o.policy = "" }},
		{"not started by", func(o *overlap) { o.byTimer = false }},
		{"by itself", func(o *overlap) { o.deferred = true }},
		{"more than a calendar", func(o *overlap) { o.monotonic = true }},
		{"calendar is not known", func(o *overlap) { o.tick = time.Time{} }},
		{"calendar is not known", func(o *overlap) { o.next = time.Time{} }},
		{"calendar is not known", func(o *overlap) { o.longest = 0 }},
		{"before is not known", func(o *overlap) { o.last = montimer.Run{} }},
		{"before is not known", func(o *overlap) { o.ago = -1 }},
		{"a while ago", func(o *overlap) { o.ago = promptly + 1 }},
		{"was not served", func(o *overlap) { o.last.State = montimer.RunSkipped }},
		{"did not end by itself", func(o *overlap) { o.last.State = montimer.RunInterrupted }},
		{"did not end by itself", func(o *overlap) { o.last.State = montimer.RunLost }},
		{"did not come during", func(o *overlap) { o.tick = o.last.Started }},
		{"did not come during", func(o *overlap) { o.tick = o.last.Ended.Add(1) }},
		{"did not come during", func(o *overlap) { o.last.Ended = o.last.Started.Add(-time.Hour) }}, // the clock was set back
		{"too far away", func(o *overlap) { o.next = o.now.Add(farthest + 1) }},
		{"too far away", func(o *overlap) { o.longest = 10 * time.Minute }},
	} {
		o := situation(at("11:10:01"), hourly, long, time.Second)
		o.policy = montimer.OverlapSkip
		tt.change(&o)
		if skip, reason := o.skip(); skip != strings.HasPrefix(tt.reason, "the tick of") || !strings.Contains(reason, tt.reason) {
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
	o := situation(now, timer, montimer.Run{}, -1)
	if want := time.Date(2026, 6, 10, 6, 30, 0, 0, time.UTC); !o.tick.Equal(want) {
		t.Errorf("tick %v, want %v", o.tick, want)
	}
	if want := time.Date(2026, 6, 10, 18, 1, 0, 0, time.UTC); !o.next.Equal(want) {
		t.Errorf("next %v, want %v", o.next, want)
	}
	if o.longest != 13*time.Hour+30*time.Minute { // in October
		t.Errorf("longest %v", o.longest)
	}
	if at := situation(o.tick, timer, montimer.Run{}, -1).tick; !at.Equal(o.tick) {
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

func event(t *testing.T, text string) calendar.Event {
	t.Helper()
	e, err := calendar.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
