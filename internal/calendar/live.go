package calendar

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// proofYears is how far Prove looks ahead.
const proofYears = 10

// A FaultKind says what systemd makes of a schedule at a change of the clock.
type FaultKind int

// The kinds of faults.
const (
	Dead    FaultKind = iota + 1 // the timer has no next elapse any more
	Lost                         // an elapse is left out
	Doubled                      // an elapse happens once more in the second pass of a repeated hour
)

// A Fault is one that Prove has found.
type Fault struct {
	Kind  FaultKind
	Event int       // index of an event in the zone where it happens
	At    time.Time // the last elapse before it gets stuck, or the elapse that is lost or doubled
	Clock time.Time // when the clock changes
}

// Error says what happens, and when.
func (f *Fault) Error() string {
	at, day := f.At.Format("2006-01-02 15:04:05"), f.Clock.Format(time.DateOnly)
	zone := f.At.Location().String()
	switch f.Kind {
	case Dead:
		return fmt.Sprintf("systemd would stop the timer for good after the run at %s, for the change of the clock (%s) on %s", at, zone, day)
	case Lost:
		return fmt.Sprintf("systemd would leave out the run at %s, for the change of the clock (%s) on %s", at, zone, day)
	}
	return fmt.Sprintf("the run at %s would happen twice: the clock (%s) goes back on %s, and a run in another time zone falls into the hour that is repeated", at, zone, day)
}

// Hint says how to write the schedule.
func (f *Fault) Hint() string {
	if f.Kind == Doubled {
		return "give each time zone a profile of its own"
	}
	return "write the times that the clock skips on that day as an expression of their own, choose other times, or write them for UTC (timezone: UTC)"
}

// Prove follows a timer with these events over every clock change of their
// zones within ten years of from, as systemd computes its elapses, and compares
// them with the times that the events name. It returns the first fault, nil if
// there is none. Events without a zone are read in local.
//
// No fault is what every clock change does: times that the clock skips do not
// occur, and those that occur twice elapse once: in the first pass, or in the
// second where the day is counted from the end of the month.
//
// Only the elapse after the last one before a change can go wrong: the
// search of Next resolves the fields from the year down and never returns to a
// time before its base. And it comes across a change only where a day next to
// it is one that the events name. TestProveFindsAll holds both.
func Prove(events []Event, from time.Time, local *time.Location) *Fault {
	groups := groupsOf(events, local)
	for i := range groups {
		if f := groups[i].prove(from, groups); f != nil {
			return f
		}
	}
	return nil
}

func groupsOf(events []Event, local *time.Location) (groups []group) {
	eachIn(events, local, func(e *Event, zone *time.Location) {
		i := slices.IndexFunc(groups, func(g group) bool { return g.zone.String() == zone.String() })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{zone: zone, first: slices.IndexFunc(events, func(o Event) bool { return o.Zone == e.Zone })})
		}
		groups[i].events = append(groups[i].events, e)
	})
	return groups
}

// A group holds the events of one zone.
type group struct {
	zone   *time.Location
	first  int // index of its first event
	events []*Event
}

func (g *group) prove(from time.Time, all []group) *Fault {
	if g.zone == time.UTC {
		return nil
	}
	dated := slices.ContainsFunc(g.events, (*Event).hasDate)
	var seen []change
	next := int64(0)
	w := walk{clock: clock{zone: g.zone}}
	end := from.AddDate(proofYears, 0, 0).Unix()
	for c := w.changeAfter(from.Unix()); c.wall < end; c = w.changeAfter(c.instant) {
		if !dated { // what recurs each week sees no difference between two changes at the same hour of the week
			const week = 7 * 86400
			kind := change{0, c.wall % week, c.shift}
			if slices.Contains(seen, kind) {
				continue
			}
			seen = append(seen, kind)
		}
		if !g.near(c) || c.instant*Second < next {
			continue
		}
		var f *Fault
		if next, f = g.over(c); f != nil {
			return f
		}
		for i := range all {
			if o := &all[i]; o.first != g.first {
				if f := g.inRepeatedHour(o, c); f != nil {
					return f
				}
			}
		}
	}
	return nil
}

// near reports whether the events name the day of a change or one next to it.
func (g *group) near(c change) bool {
	for _, distance := range []int64{-86400, 0, 86400} {
		day := civilOf(c.wall + distance)
		for _, e := range g.events {
			if e.dates(day[yearField], day[monthField])>>day[dayField]&1 != 0 {
				return true
			}
		}
	}
	return false
}

// over follows the timer from its last elapse before a change to the next one,
// which it returns.
func (g *group) over(c change) (int64, *Fault) {
	last, found := g.prev(c.instant * Second)
	if !found {
		last = c.instant*Second - 1
	}
	next, ok := g.next(last)
	if !ok {
		if end, _ := g.prev(year2200 * Second); end > last {
			return 0, g.fault(Dead, last, c)
		}
		return math.MaxInt64, nil
	}
	if named, _ := g.prev(next + 1); named != next {
		return 0, g.fault(Doubled, next, c)
	}
	if lost, ok := g.prev(next); ok && lost > last {
		return 0, g.fault(Lost, lost, c)
	}
	return next, nil
}

// inRepeatedHour looks at a repeated hour in which events of another zone elapse:
// systemd counts from the last elapse of any, and so those of g that follow in
// the second pass happen again.
func (g *group) inRepeatedHour(o *group, c change) *Fault {
	first, ok := o.next(c.instant*Second - 1)
	if !ok || c.shift >= 0 || first >= (c.instant-c.shift)*Second {
		return nil
	}
	next, ok := g.next(first)
	if !ok {
		return nil
	}
	if named, _ := g.prev(next + 1); named != next {
		return g.fault(Doubled, next, c)
	}
	return nil
}

// Again returns a time that can elapse twice within the next year because of a
// random delay of up to jitter: one before the clock goes back that is delayed
// beyond it, so that systemd counts on from within the repeated hour.
func Again(events []Event, jitter time.Duration, from time.Time, local *time.Location) (at time.Time, ok bool) {
	for _, g := range groupsOf(events, local) {
		w := walk{clock: clock{zone: g.zone}}
		for c := w.changeAfter(from.Unix()); c.wall < from.AddDate(1, 0, 0).Unix(); c = w.changeAfter(c.instant) {
			if last, ok := g.prev(c.instant * Second); !ok || c.shift >= 0 || last+jitter.Microseconds() <= c.instant*Second {
				continue
			}
			if next, ok := g.next(c.instant * Second); ok && next < (c.instant-c.shift)*Second {
				return time.UnixMicro(next).In(g.zone), true
			}
		}
	}
	return time.Time{}, false
}

func (g *group) next(after int64) (best int64, ok bool) {
	for _, e := range g.events {
		if t, found := e.next(after, g.zone); found && (!ok || t < best) {
			best, ok = t, true
		}
	}
	return best, ok
}

func (g *group) prev(before int64) (best int64, ok bool) {
	for _, e := range g.events {
		if t, found := e.prev(before, g.zone); found && (!ok || t > best) {
			best, ok = t, true
		}
	}
	return best, ok
}

func (g *group) fault(kind FaultKind, at int64, c change) *Fault {
	return &Fault{kind, g.first, time.UnixMicro(at).In(g.zone), time.Unix(c.instant, 0).In(g.zone)}
}
