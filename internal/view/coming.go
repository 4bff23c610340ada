package view

import (
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// comingPart is the part of the next day in which ticks are not told apart.
const comingPart = 15 * time.Minute

// coming returns when a profile is to run in the next day, as far as its timer
// says: the first tick of each part. Of an interval these are estimates, since it
// counts from run to run.
func (p ProfileFacts) coming(v Profile, now time.Time) (all []time.Time) {
	if p.Timer == nil || v.Next.IsZero() || v.State == Paused && p.Pause.Until.Sub(now) > 24*time.Hour {
		return nil
	}
	from, end := now, now.Add(24*time.Hour)
	if p.Pause.Until.After(from) {
		from = p.Pause.Until
	}
	t := p.Timer.Timetable
	switch {
	case len(t.Events) > 0:
		return coming(t, from, end, int(24*time.Hour/comingPart))
	case t.Every > 0:
		step := max(t.Every, (comingPart+t.Every-1)/t.Every*t.Every)
		for at := v.Next; at.Before(end); at = at.Add(step) {
			if !at.Before(from) {
				all = append(all, at)
			}
		}
	case v.Next.Before(end) && !v.Next.Before(from):
		all = append(all, v.Next)
	}
	return all
}

// coming returns the first calendar tick of each part of a time, at most so many.
func coming(t montimer.Timetable, from, to time.Time, most int) (all []time.Time) {
	for at := from.Add(-time.Microsecond); len(all) < most; {
		next, ok := calendar.Next(t.Events, at, t.Local)
		if !ok || !next.Before(to) {
			break
		}
		all = append(all, next)
		at = next.Truncate(comingPart).Add(comingPart - time.Microsecond)
	}
	return all
}
