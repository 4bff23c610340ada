package look

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

// TestTallies counts from a database: a month of counters that begins between two
// ticks, also of a profile whose ticks are rare, and the time of a report.
func TestTallies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := func(day, hour int) time.Time { return time.Date(2026, 6, day, hour, 0, 0, 0, time.UTC) }
	for profile, text := range map[string]string{"weekly": "Fri 12:00", "hourly": "hourly"} {
		event, err := calendar.Parse(text)
		if err == nil {
			err = s.InForce(t.Context(), profile, montimer.Timetable{Since: at(-40, 0), Local: time.UTC, Events: []calendar.Event{event}}, "")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run := func(profile string, tick time.Time, state montimer.RunState, took time.Duration) {
		r := montimer.Run{ID: fmt.Sprint(profile, tick), Profile: profile, Trigger: montimer.TriggerTimer, Attempt: 1, Scheduled: tick, Started: tick, Ended: tick.Add(took), State: state}
		if err := s.Finish(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
	}
	// Each Friday but the last of May, and each hour but four.
	for day := -40; day <= 5; day++ {
		if at(day, 0).Weekday() == time.Friday && day != -2 {
			run("weekly", at(day, 12), montimer.RunOK, time.Minute)
		}
	}
	for hour := range 6 * 24 {
		switch tick := at(0, hour); {
		case hour == 23, hour == 30, hour == 31, hour == 6*24-1: // the last of May and of all
		case hour == 40:
			run("hourly", tick, montimer.RunFailed, time.Second)
		default:
			run("hourly", tick, montimer.RunOK, time.Duration(1+hour/72)*time.Second)
		}
	}
	now := at(5, 23).Add(30 * time.Minute)
	h := montimer.Host{StateDir: dir}
	v := view.Overview{At: now, Profiles: []view.Profile{{Name: "hourly"}, {Name: "new"}, {Name: "weekly"}}}
	boots := []journal.Boot{{ID: "boot", First: at(-60, 0), Last: at(60, 0)}}

	got, notes, err := counters(t.Context(), s, h.Instance, v.At, boots)
	counted := map[string]view.Tally{
		// The tick at 23:00 may still get a late run.
		"hourly": {Profile: "hourly", Runs: map[montimer.RunState]int{montimer.RunOK: 5*24 - 4, montimer.RunFailed: 1}, Missed: map[timeline.State]int{timeline.Missed: 3}},
		"weekly": {Profile: "weekly", Runs: map[montimer.RunState]int{montimer.RunOK: 1}, Missed: map[timeline.State]int{timeline.Missed: 1}},
	}
	if diff := cmp.Diff(counted, got); err != nil || diff != "" || len(notes) > 0 {
		t.Errorf("%v, %v\n%s", err, notes, diff)
	}
	reported, err := Window(t.Context(), h, v, boots, at(3, 0), now)
	want := []view.Tally{
		{Profile: "hourly", Runs: map[montimer.RunState]int{montimer.RunOK: 3*24 - 1}, Missed: map[timeline.State]int{timeline.Missed: 1}, Took: 2 * time.Second, Before: time.Second},
		{Profile: "weekly", Runs: map[montimer.RunState]int{montimer.RunOK: 1}, Missed: map[timeline.State]int{}},
	}
	if diff := cmp.Diff(want, reported); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}
