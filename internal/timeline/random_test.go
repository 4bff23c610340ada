package timeline

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/testenv"
)

func init() { testenv.SameChance() }

// TestRandomHistories holds over histories that no host would have (runs that
// overlap, boots out of order, pauses of no length) that each tick of each
// schedule is there once, in order, with a state, and that a window has the same
// ticks as the whole.
func TestRandomHistories(t *testing.T) {
	texts := []string{"*:0/10", "*:05", "03:30", "Mon *-*-* 12:00", "*-*-* 02:30 Europe/Berlin"}
	begin := time.Date(2026, time.October, 24, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			return begin.Add(time.Duration(rapid.IntRange(0, 3*24*60).Draw(t, "minute")) * time.Minute)
		})
		var h History
		since := begin
		for range rapid.IntRange(0, 3).Draw(t, "schedules") {
			s := montimer.Timetable{Since: since, Local: time.UTC, Events: events(rapid.SampledFrom(texts).Draw(t, "event"))}
			h.Timetables = append(h.Timetables, s)
			since = since.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "hours")) * time.Hour)
		}
		for i := range rapid.IntRange(0, 30).Draw(t, "runs") {
			r := montimer.Run{
				ID: fmt.Sprint(i), Attempt: rapid.IntRange(1, 2).Draw(t, "attempt"),
				Trigger: rapid.SampledFrom([]montimer.Trigger{montimer.TriggerTimer, montimer.TriggerManual}).Draw(t, "trigger"),
				State: rapid.SampledFrom([]montimer.RunState{
					montimer.RunOK, montimer.RunFailed, montimer.RunLost, montimer.RunInterrupted, montimer.RunSkipped, montimer.RunRunning,
				}).Draw(t, "state"),
				Skip:    rapid.SampledFrom([]montimer.SkipCause{"", montimer.SkipPaused, montimer.SkipOverlap, montimer.SkipNotDue}).Draw(t, "skip"),
				Started: moment.Draw(t, "started"),
			}
			if rapid.Bool().Draw(t, "known") {
				r.Scheduled = moment.Draw(t, "scheduled")
			}
			if r.State != montimer.RunRunning {
				r.Ended = r.Started.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "length")) * time.Minute)
			}
			h.Runs = append(h.Runs, r)
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "boots") {
			h.Boots = append(h.Boots, Boot{fmt.Sprint(i), moment.Draw(t, "from"), moment.Draw(t, "to"), rapid.Bool().Draw(t, "ended")})
		}
		h.Boots = Boots(h.Boots...)
		if rapid.Bool().Draw(t, "paused") {
			h.Pauses = []Pause{{moment.Draw(t, "from"), moment.Draw(t, "until")}}
		}

		now := begin.Add(4 * 24 * time.Hour)
		ticks, since := Ticks(h, begin, now, now)
		if !since.Equal(begin) {
			t.Fatalf("all ticks since %s", since)
		}
		most := rapid.IntRange(1, 40).Draw(t, "most")
		bounded := h
		bounded.Most = most
		newest, since := Ticks(bounded, begin, now, now)
		if n := slices.IndexFunc(ticks, func(tick Tick) bool { return !tick.At.Before(since) }); len(newest) > most || since.After(begin) != (len(newest) < len(ticks)) ||
			!slices.EqualFunc(newest, ticks[max(0, n):][:len(newest)], func(a, b Tick) bool {
				return a.At.Equal(b.At) && a.State == b.State && a.Run.ID == b.Run.ID && a.Late == b.Late && a.CatchUp == b.CatchUp && a.Instead == b.Instead
			}) {
			t.Fatalf("of %d ticks the newest %d since %s: %v\nof %v", len(ticks), most, since, newest, ticks)
		}
		states := map[time.Time]State{}
		for i, tick := range ticks {
			if i > 0 && !ticks[i-1].At.Before(tick.At) {
				t.Fatalf("%s comes after %s", tick.At, ticks[i-1].At)
			}
			known := false
			for _, s := range States {
				known = known || s == tick.State
			}
			if !known {
				t.Fatalf("%s is %q", tick.At, tick.State)
			}
			states[tick.At.UTC()] = tick.State
		}
		for i, s := range h.Timetables {
			end := now.Add(-Grace - time.Microsecond)
			if i+1 < len(h.Timetables) {
				end = h.Timetables[i+1].Since
			}
			for at := s.Since.Add(-time.Microsecond); ; {
				next, ok := calendar.Next(s.Events, at, s.Local)
				if !ok || !next.Before(end) {
					break
				}
				if at = next; states[at.UTC()] == "" {
					t.Fatalf("the tick of %s is not there", at)
				}
			}
		}
		from, to := moment.Draw(t, "window"), moment.Draw(t, "its end")
		window, _ := Ticks(h, from, to, now)
		for _, tick := range window {
			if states[tick.At.UTC()] != tick.State {
				t.Fatalf("%s is %s in a window, %s in the whole", tick.At, tick.State, states[tick.At.UTC()])
			}
		}
	})
}
