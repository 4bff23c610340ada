package imports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

const (
	nextRuns   = 10            // that are shown
	proofYears = 10            // over which clock changes are looked at, as in calendar.Prove
	around     = 5 * time.Hour // a change of the clock, within which a daemon has rules of its own
)

// A follower returns the runs after one instant and up to another, in a zone.
type follower func(from, to time.Time, zone *time.Location) []time.Time

// elapses follows the timer of systemd.
func elapses(events []calendar.Event) follower {
	return func(from, to time.Time, zone *time.Location) []time.Time {
		return firstElapses(events, math.MaxInt, from, to, zone)
	}
}

// firstElapses is elapses for at most n of them.
func firstElapses(events []calendar.Event, n int, from, to time.Time, zone *time.Location) (runs []time.Time) {
	for at := from; len(runs) < n; {
		next, ok := calendar.Next(events, at, zone)
		if !ok || next.After(to) {
			break
		}
		runs, at = append(runs, next.In(zone)), next
	}
	return runs
}

// A prover compares when the old system runs a job and when montimer does.
type prover struct {
	zone  *time.Location
	from  time.Time
	known map[proofKey]proof // jobs often share a schedule
}

type proofKey struct{ dialect, schedule, zone string }

type proof struct {
	before, after []time.Time
	changes       []Change
}

// prove completes the receipt of a job by the schedule that was read back.
func (p *prover) prove(j *job, s montimer.Schedule) {
	r := j.receipt
	r.Words = s.Words
	for _, e := range s.Events {
		r.OnCalendar = append(r.OnCalendar, e.String())
	}
	if j.before == nil || len(s.Events) == 0 {
		return
	}
	key := proofKey{s.Dialect, strings.Join(s.Source, "\n"), s.Timezone}
	known, ok := p.known[key]
	if !ok {
		zone := p.zone
		if name := cmp.Or(j.Schedule.Timezone, j.zone); name != "" {
			zone, _ = time.LoadLocation(name) // the decoder has loaded it
		}
		known = proof{
			before:  p.next(j.before, s.Events, zone),
			after:   firstElapses(s.Events, nextRuns, p.from, p.from.AddDate(proofYears, 0, 0), zone),
			changes: p.changes(j.before, s.Events, zone),
		}
		p.known[key] = known
	}
	r.NextBefore, r.Next, r.Changes = known.before, known.after, known.changes
	if len(r.Changes) > 0 || !slices.EqualFunc(r.Next, r.NextBefore, time.Time.Equal) {
		r.Result = Differs
	}
}

// next returns the next runs by the old system: by the calendar, but by its own rules
// near a change of the clock.
func (p *prover) next(before follower, events []calendar.Event, zone *time.Location) (runs []time.Time) {
	from, end := p.from, p.from.AddDate(proofYears, 0, 0)
	for c := range clockChanges(from.Add(-around), end, zone) {
		if start := c.at.Add(-around); start.After(from) {
			runs = append(runs, firstElapses(events, nextRuns-len(runs), from, start, zone)...)
		}
		if len(runs) == nextRuns {
			return runs
		}
		for _, at := range before(c.at.Add(-around), c.at.Add(around), zone) {
			if at.After(from) {
				runs = append(runs, at)
			}
		}
		if from = c.at.Add(around); len(runs) >= nextRuns {
			return runs[:nextRuns]
		}
	}
	return append(runs, firstElapses(events, nextRuns-len(runs), from, end, zone)...)
}

// changes returns the changes of the clock at which the two differ. What happens at
// one is the same at all that set the same clock back or forward by as much at the same
// time of the week, where the events name the same of the days around it: each such kind
// is followed once.
func (p *prover) changes(before follower, events []calendar.Event, zone *time.Location) (changes []Change) {
	dated := slices.ContainsFunc(events, func(e calendar.Event) bool { return e.Year != nil || e.Month != nil || e.Day != nil })
	after := elapses(events)
	type difference struct {
		at             time.Time // of the change that was followed
		before, after  []time.Time
		same, reported bool
	}
	known := map[string]*difference{}
	for c := range clockChanges(p.from, p.from.AddDate(proofYears, 0, 0), zone) {
		kind := fmt.Sprint(c.was.Weekday(), c.was.Format(time.TimeOnly), c.is.Sub(c.was), c.was.Sub(c.at), daysAround(events, c.was))
		d := known[kind]
		if d == nil {
			start, end := c.at.Add(-around), c.at.Add(around)
			old, new := before(start, end, zone), after(start, end, zone)
			d = &difference{at: c.at, before: without(old, new), after: without(new, old), same: slices.EqualFunc(old, new, time.Time.Equal)}
			known[kind] = d
		}
		if d.same || d.reported && !dated { // what recurs each week sees no difference
			continue
		}
		d.reported = true
		changes = append(changes, Change{At: c.at, Clock: c.words(), Recurs: !dated, Before: moved(d.before, c.at.Sub(d.at)), After: moved(d.after, c.at.Sub(d.at))})
	}
	return changes
}

// daysAround says for each event on which of the days around a time it elapses.
func daysAround(events []calendar.Event, at time.Time) string {
	const days = 1 // before and after: the window is shorter, and no clock has ever been changed by more
	var b strings.Builder
	for _, e := range events {
		e.Zone = ""
		for n := -days; n <= days; n++ {
			day := at.Truncate(24*time.Hour).AddDate(0, 0, n)
			next, ok := e.Next(day.Add(-time.Microsecond), time.UTC)
			if ok && next.Before(day.AddDate(0, 0, 1)) {
				b.WriteByte('1')
			} else {
				b.WriteByte('0')
			}
		}
	}
	return b.String()
}

// moved returns times later by d.
func moved(times []time.Time, d time.Duration) []time.Time {
	all := slices.Clone(times)
	for i := range all {
		all[i] = all[i].Add(d)
	}
	return all
}

// without returns the times of a list that another does not have, each as often as
// it has more of them.
func without(list, other []time.Time) (left []time.Time) {
	count := map[int64]int{}
	for _, t := range other {
		count[t.UnixMicro()]++
	}
	for _, t := range list {
		if count[t.UnixMicro()]--; count[t.UnixMicro()] < 0 {
			left = append(left, t)
		}
	}
	return left
}

// clockChange is what a clock shows before and after a change, as times in UTC.
type clockChange struct{ at, was, is time.Time }

// clockChanges yields the changes of a zone's clock.
func clockChanges(from, to time.Time, zone *time.Location) func(yield func(clockChange) bool) {
	return func(yield func(clockChange) bool) {
		for t := from.In(zone); ; {
			_, before := t.Zone()
			if _, t = t.ZoneBounds(); t.IsZero() || t.After(to) {
				return
			}
			_, after := t.Zone()
			wall := func(offset int) time.Time { return t.UTC().Add(time.Duration(offset) * time.Second) }
			if before != after && !yield(clockChange{t, wall(before), wall(after)}) {
				return
			}
		}
	}
}

func (c clockChange) words() string {
	direction := "forward"
	if c.is.Before(c.was) {
		direction = "back"
	}
	return fmt.Sprintf("%s: the clock goes %s from %s to %s", c.was.Format(time.DateOnly), direction, c.was.Format("15:04"), c.is.Format("15:04"))
}
