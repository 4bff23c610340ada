package calendar

import (
	"math"
	"slices"
	"time"
)

// horizon is how many years Gaps looks ahead.
const horizon = 30

// A walk goes through the days of the horizon in one zone. What a day holds
// depends on nothing but the events that match its date and the clock change
// that it sees, if any, so that each kind of day is worked out once.
type walk struct {
	clock  clock
	start  civil
	events []*Event
	times  []*Event // one event for each of the times of day
	time   []int    // of each event: the index of its time of day
	kinds  map[kindKey]kind
	listed int64 // elapses, so far

	since  int64  // when the clock was last set, as it then showed
	change change // the next one
}

// A change of the clock, by shift seconds when it shows wall.
type change struct{ instant, wall, shift int64 }

func newWalk(zone *time.Location, from time.Time) *walk {
	w := &walk{clock: clock{zone: zone}, kinds: map[kindKey]kind{}}
	w.clock.offset = w.clock.offsetAt(from.Unix())
	w.start = civilOf(from.Unix() + w.clock.offset)
	w.start.lower(dayField)
	instant, _ := w.clock.resolve(w.start, unsaid)
	w.since, w.change = w.start.seconds(), w.changeAfter(instant)
	return w
}

func (w *walk) add(e *Event) {
	i := slices.IndexFunc(w.times, e.sameTime)
	if i < 0 {
		i = len(w.times)
		w.times = append(w.times, e)
	}
	w.events, w.time = append(w.events, e), append(w.time, i)
}

func (e *Event) sameTime(o *Event) bool {
	return slices.Equal(e.Hour, o.Hour) && slices.Equal(e.Minute, o.Minute) && slices.Equal(e.Second, o.Second)
}

func (w *walk) changeAfter(instant int64) change {
	for {
		_, end := time.Unix(instant, 0).In(w.clock.zone).ZoneBounds()
		if end.IsZero() {
			return change{wall: math.MaxInt64}
		}
		if end.Unix() <= instant { // so says package time of the last day of leap years
			instant += 86400
			continue
		}
		instant = end.Unix()
		before := w.clock.offsetAt(instant - 1)
		if shift := w.clock.offsetAt(instant) - before; shift != 0 {
			return change{instant, instant + before, shift}
		}
	}
}

// gaps adds up the gaps of the days and those between them.
func (w *walk) gaps() gaps {
	const none = math.MinInt64
	var all gaps
	last := int64(none)
	weekly := !slices.ContainsFunc(w.events, (*Event).hasDate)
	active := make([]byte, len(w.times))
	dates := make([]uint32, len(w.events))
	end := min(w.start[yearField]+horizon, maxYear+1)
	for month := w.start; month[yearField] < end; month = nextMonth(month) {
		some := w.dates(month, dates)
		start := month.seconds()
		for d := month[dayField]; some>>d != 0; d, start = d+1, start+86400 {
			if some&(1<<d) == 0 {
				continue
			}
			if weekly && w.quiet(start) {
				last = none
				continue
			}
			clear(active)
			for i := range dates {
				if dates[i]&(1<<d) != 0 {
					active[w.time[i]] = 1
				}
			}
			k := w.kindOf(active, start)
			if k.last < k.first {
				continue
			}
			instant := (start - w.clock.offset) * Second
			if last != none {
				all.add(instant + k.first - last)
			}
			all.span(k.gaps)
			last = instant + k.last
		}
	}
	return all
}

func (e *Event) hasDate() bool { return e.Year != nil || e.Month != nil || e.Day != nil }

// quiet reports whether the day that begins at start is so far from any change
// of the clock that it has nothing new for events that know only the week.
func (w *walk) quiet(start int64) bool {
	const fortnight = 15 * 86400
	w.advance(start)
	return start > w.since+fortnight && w.change.wall > start+fortnight
}

// dates sets the days of a month that each event matches, as bits, and returns
// those that any does.
func (w *walk) dates(month civil, dates []uint32) (some uint32) {
	for i, e := range w.events {
		dates[i] = e.dates(month[yearField], month[monthField])
		some |= dates[i]
	}
	return some
}

func nextMonth(c civil) civil {
	if c[monthField]++; c[monthField] > 12 {
		c[yearField]++
		c[monthField] = 1
	}
	c[dayField] = 1
	return c
}

// dates returns the days of a month that e matches, as bits.
func (e *Event) dates(year, month int) uint32 {
	if !contains(e.Year, year) || !contains(e.Month, month) {
		return 0
	}
	length := daysIn(year, month)
	ranges := e.Day
	if e.FromEnd {
		ranges = fromEnd(ranges, length)
	}
	all := uint32(1)<<(length+1) - 2
	if ranges == nil && e.Weekdays == 0 {
		return all
	}
	weekday := weekdayOf(civil{year, month, 1}.seconds())
	days := uint32(0)
	for d := 1; d <= length; d++ {
		if contains(ranges, d) && e.Weekdays.Has((weekday+time.Weekday(d-1))%7) {
			days |= 1 << d
		}
	}
	return days
}

func contains(ranges []Range, n int) bool {
	if ranges == nil {
		return true
	}
	for _, r := range ranges {
		if n == r.Start || n > r.Start && r.Step > 0 && (n-r.Start)%r.Step == 0 && (r.Stop == 0 || n <= r.Stop) {
			return true
		}
	}
	return false
}

// advance brings the offset up to the day that begins at start.
func (w *walk) advance(start int64) {
	for w.change.wall <= start && w.change.wall+w.change.shift <= start {
		w.clock.offset += w.change.shift
		w.since, w.change = w.change.wall, w.changeAfter(w.change.instant)
	}
}

// kindOf returns what the day that begins at start holds.
func (w *walk) kindOf(active []byte, start int64) kind {
	w.advance(start)
	key := kindKey{times: string(active)}
	if w.change.wall < start+86400 {
		key.from, key.shift = w.change.wall-start, w.change.shift
	}
	k, ok := w.kinds[key]
	if !ok {
		k = w.list(active, key.from*Second, key.shift*Second)
		w.kinds[key] = k
	}
	return k
}
