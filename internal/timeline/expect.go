package timeline

import (
	"math"
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

// expect returns the ticks of all schedules in the window, in order, and those
// of runs that no schedule explains. Of more than most, it returns the newest, and
// since when these are all; else from.
func expect(h History, from, to, now time.Time, most int) (all []expected, since time.Time) {
	since = from
	add := func(ticks []expected, all bool) []expected {
		if !all && len(ticks) > 0 && ticks[0].at.After(since) {
			since = ticks[0].at
		}
		return ticks
	}
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
		all = append(all, add(elapses(s, begin, end, most))...)
		all = append(all, atBoots(s, h.Boots, h.Runs, begin, end)...)
		all = append(all, add(intervals(s, h.Runs, h.Boots, begin, end, most))...)
	}
	all = append(all, served(h.Runs, from, to)...)
	slices.SortStableFunc(all, func(a, b expected) int { return a.at.Compare(b.at) })
	all = slices.CompactFunc(all, func(a, b expected) bool { return a.at.Equal(b.at) && a.run == nil && b.run == nil })
	if len(all) > most {
		add(all[len(all)-most:], false)
	}
	all = slices.DeleteFunc(all, func(e expected) bool { return e.at.Before(since) })
	for i := range all[:max(0, len(all)-1)] {
		all[i].next = all[i+1].at
	}
	return all, since
}

// elapses returns the calendar ticks; of more than most, the newest.
func elapses(s montimer.Timetable, begin, end time.Time, most int) (ticks []expected, all bool) {
	if len(s.Events) == 0 {
		return nil, true
	}
	if ticks, all = elapsesUpTo(s, begin, end, most); all {
		return ticks, true
	}
	// The window that ends where it did and has enough of them is found by doubling.
	for length := time.Hour; ; length *= 2 {
		if _, all = elapsesUpTo(s, end.Add(-length), end, most); !all {
			ticks, _ = elapsesUpTo(s, end.Add(-length), end, math.MaxInt)
			return ticks[len(ticks)-most:], false
		}
	}
}

// elapsesUpTo returns the calendar ticks; all is false if there are more than most.
func elapsesUpTo(s montimer.Timetable, begin, end time.Time, most int) (ticks []expected, all bool) {
	for at := begin.Add(-time.Microsecond); ; {
		next, ok := calendar.Next(s.Events, at, s.Local)
		if !ok || !next.Before(end) {
			return ticks, true
		}
		if len(ticks) == most {
			return ticks, false
		}
		ticks = append(ticks, expected{at: next, jitter: s.Jitter})
		at = next
	}
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
// the start of a run on or, if it took longer than the interval, its end. Of more
// than most, the newest.
func intervals(s montimer.Timetable, runs []montimer.Run, boots []Boot, begin, end time.Time, most int) (ticks []expected, all bool) {
	if s.Every <= 0 {
		return nil, true
	}
	all = true
	next := begin.Add(s.Every)
	idle := func(until time.Time) {
		if n := int64(until.Sub(next) / s.Every); n > 2*int64(most) { // an interval of a second over a year has 31 million
			next = next.Add(time.Duration(n-2*int64(most)) * s.Every)
			ticks, all = nil, false
		}
		for ; next.Before(until); next = next.Add(s.Every) {
			// The first one of a boot counts from the boot.
			if b, ok := during(boots, next); !ok || !next.Before(b.From.Add(s.Every+s.Jitter+Grace)) {
				ticks = append(ticks, expected{at: next, jitter: s.Jitter})
			}
		}
	}
	for i, r := range runs {
		if r.Trigger != montimer.TriggerTimer || ignored(r) || r.Started.Before(begin) || !r.Started.Before(end) {
			continue
		}
		idle(r.Started.Add(-Grace - s.Jitter))
		ticks = append(ticks, expected{at: r.Started, run: &runs[i]})
		next = r.Started.Add(s.Every)
		if r.Ended.After(next) {
			next = r.Ended
		}
	}
	idle(end)
	if len(ticks) > most {
		return ticks[len(ticks)-most:], false
	}
	return ticks, all
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
