package taskexec

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// TestTimetable holds which timetable a run records, and since when it counts.
func TestTimetable(t *testing.T) {
	t.Parallel()
	at := func(clock string) time.Time { return clockOf(t, clock) }
	hourly := Timer{Events: []calendar.Event{event(t, "hourly")}, Local: time.UTC, Jitter: time.Minute, Persistent: true, Triggered: at("11:00:00")}
	edited := func(clock string) Timer {
		timer := hourly
		timer.Changed = func(context.Context) time.Time { return at(clock) }
		return timer
	}
	want := montimer.Timetable{Events: hourly.Events, Local: time.UTC, Jitter: time.Minute, CatchUp: true}
	digest := want.Digest()
	for _, tt := range []struct {
		name  string
		timer Timer
		last  string // the timetable of the run before
		since string // "": none is recorded
	}{
		{"the first run", hourly, "", "11:00:00"},
		{"the first run after an edit is the first one that is known", edited("10:30:00"), "", "11:00:00"},
		{"as before", edited("10:30:00"), digest, ""},
		{"another one", edited("10:30:00"), "other", "10:30:00"},
		{"another one, the files are older", edited("09:30:00"), "other", "11:00:00"},
		{"another one, the files are from the future", edited("12:30:00"), "other", "11:00:00"},
		{"another one, by a drop-in that is gone", hourly, "other", "11:00:00"},
		{"none: the timer has been masked since it elapsed", Timer{Local: time.UTC, Triggered: at("11:00:00")}, digest, ""},
	} {
		m := &memory{last: montimer.Run{ID: "before", State: montimer.RunOK, Started: at("10:00:01"), Ended: at("10:00:02"), Scheduled: at("10:00:00"), Timetable: tt.last}, ago: time.Hour}
		r := &run{Runner: Runner{Recorder: m}, timer: &tt.timer, record: montimer.Run{Trigger: montimer.TriggerTimer, Started: at("11:00:03")}}
		r.findTick(t.Context())
		var recorded []montimer.Timetable
		if tt.since != "" {
			want.Since = at(tt.since)
			recorded = []montimer.Timetable{want}
		}
		if diff := cmp.Diff(recorded, m.timetables, cmp.Comparer(func(a, b *time.Location) bool { return a == b })); diff != "" || r.record.Timetable != digest {
			t.Errorf("%s: %s %s", tt.name, r.record.Timetable, diff)
		}
	}
}

func TestTimetableThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	timer := Timer{Events: []calendar.Event{event(t, "hourly")}, Local: time.UTC, Triggered: clockOf(t, "11:00:00")}
	m := &memory{fails: []string{"inforce"}}
	r := &run{Runner: Runner{Recorder: m, Log: slog.New(slog.DiscardHandler)}, timer: &timer, record: montimer.Run{Trigger: montimer.TriggerTimer, Started: clockOf(t, "11:00:03")}}
	if r.findTick(t.Context()); r.record.Timetable != "" || r.unrecorded != nil {
		t.Errorf("%+v, %v", r.record, r.unrecorded)
	}
}

func clockOf(t *testing.T, clock string) time.Time {
	when, err := time.Parse(time.DateTime, "2026-05-01 "+clock)
	if err != nil {
		t.Fatal(err)
	}
	return when
}
