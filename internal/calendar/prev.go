package calendar

import (
	"slices"
	"time"
)

// Prev returns the last elapse of e before before, the counterpart of Next for
// a timer that has been running all along. ok is false if there is none from
// 1970 on, or the zone of e is unknown.
//
// Of times that occur twice it knows the first pass only. And it knows nothing
// of the elapses that systemd loses: of START/STEP without a STOP, at clock
// changes and in seconds at the full hour.
func (e Event) Prev(before time.Time, local *time.Location) (prev time.Time, ok bool) {
	return Prev([]Event{e}, before, local)
}

// Prev returns the last elapse of any of events before before; see Event.Prev.
func Prev(events []Event, before time.Time, local *time.Location) (prev time.Time, ok bool) {
	micros := before.UnixMicro()
	if before.Nanosecond()%1000 != 0 {
		micros++
	}
	best := int64(0)
	eachIn(events, local, func(e *Event, zone *time.Location) {
		if t, found := e.prev(micros, zone); found && (!ok || t > best) {
			best, ok = t, true
		}
	})
	if !ok {
		return time.Time{}, false
	}
	return time.UnixMicro(best).In(local), true
}

func (e *Event) prev(before int64, zone *time.Location) (int64, bool) {
	c := clock{zone: zone}
	last := before - 1
	if last < 0 {
		return 0, false
	}
	// In the second pass all of the first is before.
	if since, drop := c.change(last / Second); last/Second < since+drop {
		last = since*Second - 1
	}
	wall := last + c.offsetAt(last/Second)*Second
	for {
		w, micro, ok := e.lastMatch(civilOf(wall/Second), int(wall%Second))
		if !ok {
			return 0, false
		}
		seconds := w.seconds()
		if instant, ok := c.firstPass(seconds); ok {
			return instant*Second + int64(micro), true
		}
		// Left out by the clock: on from where the gap begins.
		since, drop := c.change(seconds - c.offsetAt(seconds-86400))
		wall = min(since+c.offsetAt(since)+drop, seconds)*Second - 1
	}
}

// change returns when the offset in force at instant came into force, and by
// how many seconds the clock was set back then.
func (c *clock) change(instant int64) (since, drop int64) {
	start, _ := time.Unix(instant, 0).In(c.zone).ZoneBounds()
	if start.IsZero() {
		return 0, 0
	}
	since = start.Unix()
	return since, c.offsetAt(since-1) - c.offsetAt(since)
}

// firstPass returns the first instant at which the clock shows wall.
func (c *clock) firstPass(wall int64) (instant int64, ok bool) {
	for _, around := range [2]int64{wall - 86400, wall + 86400} {
		offset := c.offsetAt(around)
		if t := wall - offset; c.offsetAt(t) == offset {
			return t, true
		}
	}
	return 0, false
}

// top holds values that no field exceeds.
var top = civil{maxYear, 12, 31, 23, 59, 59}

// lastMatch returns the last civil time up to w and micro that e matches.
func (e *Event) lastMatch(w civil, micro int) (civil, int, bool) {
	most := micro + w[secondField]*Second
	w[yearField] = min(w[yearField], maxYear)
next:
	for {
		for f := range secondField {
			v, ok := e.fieldUpTo(f, w)
			if !ok && f == yearField {
				return civil{}, 0, false
			}
			if ok && v == w[f] {
				continue
			}
			if ok {
				w[f] = v
			} else {
				f--
				w[f]--
			}
			copy(w[f+1:], top[f+1:])
			most = 60*Second - 1
			continue next
		}
		if v, ok := upTo(e.seconds(), most); ok {
			w[secondField] = v / Second
			return w, v % Second, true
		}
		w[minuteField]--
		most = 60*Second - 1
	}
}

// fieldUpTo returns the greatest value of field f that e matches, up to that
// in w, with the fields above f matching already.
func (e *Event) fieldUpTo(f int, w civil) (int, bool) {
	ranges := e.ranges(f)
	if f != dayField {
		if ranges == nil {
			return w[f], w[f] >= first[f]
		}
		return upTo(ranges, w[f])
	}
	length := daysIn(w[yearField], w[monthField])
	if e.FromEnd {
		ranges = fromEnd(ranges, length)
	}
	for d := min(w[dayField], length); d >= 1; d-- {
		if ranges != nil {
			var ok bool
			if d, ok = upTo(ranges, d); !ok {
				return 0, false
			}
		}
		w[dayField] = d
		if e.Weekdays.Has(weekdayOf(w.seconds())) {
			return d, true
		}
	}
	return 0, false
}

// fromEnd turns days counted from the end of a month into days of the month.
func fromEnd(ranges []Range, length int) []Range {
	days := slices.Clone(ranges)
	for i := range days {
		r := &days[i]
		if r.Start = length + 1 - r.Start; r.Stop > 0 {
			r.Start, r.Stop = length+1-r.Stop, r.Start
		}
	}
	return days
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// upTo returns the greatest number of ranges up to most.
func upTo(ranges []Range, most int) (best int, ok bool) {
	for _, r := range ranges {
		if r.Start > most {
			continue
		}
		n := r.Start
		if r.Step > 0 {
			n += (most - r.Start) / r.Step * r.Step
		}
		if r.Stop > 0 {
			n = min(n, r.Stop)
		}
		if !ok || n > best {
			best, ok = n, true
		}
	}
	return best, ok
}
