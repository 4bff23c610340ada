package timeline

import (
	"slices"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// expected is a tick before it is judged.
type expected struct {
	at     time.Time
	jitter time.Duration
	run    *montimer.Run // that is known to be its own
	next   time.Time     // the tick after it; zero: not known
}

// most bounds the ticks of one schedule without a run between two runs, or in
// the whole: an interval of a second over a year has 31 million.
const most = 1_000_000

// expect returns the ticks of all schedules in the window, in order, and those
// of runs that no schedule explains.
func expect(h History, from, to, now time.Time) []expected {
	var all []expected
	for i, s := range h.Timetables {
		begin, end := s.Since, to
		if i+1 < len(h.Timetables) && h.Timetables[i+1].Since.Before(end) {
			end = h.Timetables[i+1].Since
		}
		if begin.Before(from) {
			begin = from
		}
		if now.Before(end) {
			end = now.Add(time.Microsecond)
		}
		if !begin.Before(end) {
			continue
		}
		all = append(all, elapses(s, begin, end)...)
		all = append(all, atBoots(s, h.Boots, h.Runs, begin, end)...)
		all = append(all, intervals(s, h.Runs, h.Boots, begin, end)...)
	}
	all = append(all, served(h.Runs, from, to)...)
	slices.SortStableFunc(all, func(a, b expected) int { return a.at.Compare(b.at) })
	all = slices.CompactFunc(all, func(a, b expected) bool { return a.at.Equal(b.at) && a.run == nil && b.run == nil })
	for i := range all[:max(0, len(all)-1)] {
		all[i].next = all[i+1].at
	}
	return all
}

// elapses returns the calendar ticks.
func elapses(s montimer.Timetable, begin, end time.Time) (all []expected) {
	if len(s.Events) == 0 {
		return nil
	}
	for at := begin.Add(-time.Microsecond); len(all) < most; {
		next, ok := calendar.Next(s.Events, at, s.Local)
		if !ok || !next.Before(end) {
			break
		}
		all = append(all, expected{at: next, jitter: s.Jitter})
		at = next
	}
	return all
}

// atBoots returns one tick for each boot.
func atBoots(s montimer.Timetable, boots []Boot, runs []montimer.Run, begin, end time.Time) (all []expected) {
	if !s.Boot {
		return nil
	}
	for _, b := range boots {
		if !b.From.Before(begin) && b.From.Before(end) {
			e := expected{at: b.From, jitter: s.Jitter}
			first := func(r montimer.Run) bool {
				return r.Trigger == montimer.TriggerTimer && r.Scheduled.IsZero() && !ignored(r) && !r.Started.Before(b.From) && !r.Started.After(b.To)
			}
			if i := slices.IndexFunc(runs, first); i >= 0 {
				e.run = &runs[i]
			}
			all = append(all, e)
		}
	}
	return all
}

// intervals returns a tick for each run, and those that passed without one: from
// the start of a run on or, if it took longer than the interval, its end.
func intervals(s montimer.Timetable, runs []montimer.Run, boots []Boot, begin, end time.Time) (all []expected) {
	if s.Every <= 0 {
		return nil
	}
	next := begin.Add(s.Every)
	idle := func(until time.Time) {
		for ; next.Before(until) && len(all) < most; next = next.Add(s.Every) {
			// The first one of a boot counts from the boot.
			if b, ok := during(boots, next); !ok || !next.Before(b.From.Add(s.Every+s.Jitter+Grace)) {
				all = append(all, expected{at: next, jitter: s.Jitter})
			}
		}
	}
	for i, r := range runs {
		if r.Trigger != montimer.TriggerTimer || ignored(r) || r.Started.Before(begin) || !r.Started.Before(end) {
			continue
		}
		idle(r.Started.Add(-Grace - s.Jitter))
		all = append(all, expected{at: r.Started, run: &runs[i]})
		next = r.Started.Add(s.Every)
		if r.Ended.After(next) {
			next = r.Ended
		}
	}
	idle(end)
	return all
}

// served returns the ticks of which runs say that they served them.
func served(runs []montimer.Run, from, to time.Time) (all []expected) {
	for _, r := range runs {
		if !r.Scheduled.IsZero() && !ignored(r) && !r.Scheduled.Before(from) && r.Scheduled.Before(to) {
			all = append(all, expected{at: r.Scheduled})
		}
	}
	return all
}

// ignored reports whether a run says nothing about a tick: it found that nothing
// was due.
func ignored(r montimer.Run) bool {
	return r.AlreadyServed || r.Skip == montimer.SkipNotDue
}
