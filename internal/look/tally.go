package look

import (
	"context"
	"slices"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

// Counted reads the state of a host, and counts for each profile the runs and the
// ticks of the month. boots are those of the journal. If the database cannot be
// read, there are no tallies, and the overview says so.
func Counted(ctx context.Context, h montimer.Host, units host.Source, boots []journal.Boot) (view.Overview, []view.Tally, error) {
	var of map[string]view.Tally // stays nil where nothing has run yet
	var notes []string
	var uncounted error
	f, unread, err := read(ctx, h, units, "", func(s *store.Store, f view.Facts) {
		of, notes, uncounted = counters(ctx, s, h.Instance, f.Now, boots)
	})
	v := view.Of(f)
	if v.NotSeen = append(v.NotSeen, notes...); uncounted != nil {
		v.NotSeen = append(v.NotSeen, "the counters: "+uncounted.Error())
	}
	if err != nil || unread != nil || uncounted != nil {
		return v, nil, err
	}
	tallies := make([]view.Tally, len(v.Profiles))
	for i, p := range v.Profiles {
		tallies[i] = of[p.Name]
		tallies[i].Profile = p.Name
	}
	return v, tallies, nil
}

// Window counts for each profile of an overview the runs and the ticks of a time,
// and how long the runs took in it and in as long a time before.
func Window(ctx context.Context, h montimer.Host, v view.Overview, boots []journal.Boot, from, to time.Time) (tallies []view.Tally, err error) {
	s, err := store.Open(ctx, h.StateDir, store.Options{ReadOnly: true, Instance: h.Instance})
	if err != nil {
		return nil, err
	}
	defer closing(s, &err)
	before := from.Add(-to.Sub(from))
	past, err := readPast(ctx, s, "", before, time.Time{}, 0)
	if err != nil {
		return nil, err
	}
	tallies = []view.Tally{}
	// The overview names what systemd does not say.
	_ = past.each(ctx, h.Instance, boots, v.At, func(name string, t timeline.History, until time.Time) {
		if until.After(to) {
			until = to
		}
		ticks, _ := timeline.Ticks(t, from, until, v.At) // of a day or a week, with less than a million
		tally := view.Count(name, ticks, endedBefore(t.Runs, to), from)
		tally.Took, tally.Before = view.Median(t.Runs, from, to), view.Median(t.Runs, before, from)
		tallies = append(tallies, tally)
	})
	return tallies, nil
}

// endedBefore returns the runs that had ended before a time.
func endedBefore(runs []montimer.Run, to time.Time) []montimer.Run {
	return slices.DeleteFunc(slices.Clone(runs), func(r montimer.Run) bool { return !r.Ended.Before(to) })
}

func counters(ctx context.Context, s *store.Store, instance montimer.Instance, now time.Time, boots []journal.Boot) (of map[string]view.Tally, notSeen []string, err error) {
	since := view.CountersSince(now)
	past, err := readPast(ctx, s, "", since.AddDate(0, 0, -1), time.Time{}, 0)
	if err == nil {
		err = past.readRare(ctx, s, since)
	}
	if err != nil {
		return nil, nil, err
	}
	of = map[string]view.Tally{}
	// The overview names what systemd does not say.
	_ = past.each(ctx, instance, boots, now, func(name string, t timeline.History, until time.Time) {
		from := past.from(name, since)
		ticks, all := timeline.Ticks(t, from, until, now)
		if all.After(from) {
			notSeen = append(notSeen, tooMany(name, from, all))
		}
		of[name] = view.Count(name, view.Settled(ticks, since), t.Runs, since)
	})
	return of, notSeen, nil
}

// from returns the last tick of a profile before a time, or that time.
func (p past) from(profile string, since time.Time) time.Time {
	from := since
	for _, t := range p.tables[profile] {
		if t.Since.After(since) {
			break
		}
		if at, ok := calendar.Prev(t.Events, since, t.Local); ok && !at.Before(t.Since) {
			from = at
		}
	}
	return from
}

// readRare reads more of the profiles whose last tick before a time was long ago.
func (p past) readRare(ctx context.Context, s *store.Store, since time.Time) error {
	for name := range p.tables {
		from := p.from(name, since)
		if !from.Before(since.AddDate(0, 0, -1)) {
			continue
		}
		runs, err := s.ByProfile(ctx, store.Filter{Profile: name, Since: from.Add(-timeline.Grace)})
		if err != nil {
			return err
		}
		p.runs[name] = runs[name]
	}
	return nil
}
