package calendar

import (
	"slices"
	"time"
)

// maxSteps is how often systemd starts over before it gives up; the timer then
// stays without a next elapse.
const maxSteps = 1000

// Next returns the first elapse of e after after, to the microsecond, as a
// systemd timer whose last trigger was at after computes it. An event without
// a zone is read in local, in which the result is given too. ok is false if e
// does not elapse again before the year 2200, or its zone is unknown.
//
// At clock changes this means: times that do not occur are left out; times
// that occur twice elapse in their first pass only, unless after itself lies
// in the second.
func (e Event) Next(after time.Time, local *time.Location) (next time.Time, ok bool) {
	return Next([]Event{e}, after, local)
}

// Next returns the first elapse of any of events after after; see Event.Next.
func Next(events []Event, after time.Time, local *time.Location) (next time.Time, ok bool) {
	best := int64(0)
	eachIn(events, local, func(e *Event, zone *time.Location) {
		if t, found := e.next(after.UnixMicro(), zone); found && (!ok || t < best) {
			best, ok = t, true
		}
	})
	if !ok {
		return time.Time{}, false
	}
	return time.UnixMicro(best).In(local), true
}

// A search walks forward through civil time to the next match of an event. It
// resolves every field before it turns to the one below, so that what the zone
// does to a time, and what systemd makes of that, is the same here as there.
type search struct {
	event *Event
	clock clock
	now   civil
	micro int // microseconds below now

	daylight daylight // of now
	stuck    bool     // the zone has once led back behind the start
	instant  int64    // of now, if resolved
	resolved bool
}

func (e *Event) next(after int64, zone *time.Location) (int64, bool) {
	after = max(after, 0) + 1
	seconds := after / Second
	s := search{event: e, clock: clock{zone: zone}, micro: int(after % Second), daylight: unsaid}
	s.clock.offset = s.clock.offsetAt(seconds)
	s.now = civilOf(seconds + s.clock.offset)
	s.instant, s.resolved = seconds, true
	start, startMicro := s.now, s.micro
	for range maxSteps {
		s.normalize()
		switch s.step() {
		case found:
			if c := slices.Compare(s.now[:], start[:]); c > 0 || c == 0 && s.micro >= startMicro {
				return s.instant*Second + int64(s.micro), true
			}
			s.stuck = true
			s.now[hourField]++
			s.resolved = false
		case exhausted:
			return 0, false
		}
	}
	return 0, false
}

type outcome int

const (
	again outcome = iota // now has moved
	found
	exhausted
)

// step raises the fields of now, the year first, to their next match. It ends
// early where a field has none left, and the one above must move on, or where
// now has been moved by the zone.
func (s *search) step() outcome {
	for f := range fields {
		matched := s.raise(f)
		moved := 0
		if matched {
			moved = s.resolve()
		}
		switch {
		case f == yearField && (!matched || moved != 0):
			return exhausted
		case !matched || moved < 0:
			s.carry(f - 1)
			return again
		case moved > 0:
			return again
		case f == dayField && !s.event.Weekdays.Has(weekdayOf(s.now.seconds())):
			s.carry(dayField)
			return again
		}
	}
	return found
}

// carry moves on to the next value of field f.
func (s *search) carry(f int) {
	s.now[f]++
	s.reset(f)
}

// reset starts over in the fields below f.
func (s *search) reset(f int) {
	s.now.lower(f)
	s.micro = 0
	s.resolved = false
}

// raise sets field f to its first match from its value on.
func (s *search) raise(f int) bool {
	if f == secondField {
		v, ok := match(s.event.seconds(), s.now[f]*Second+s.micro)
		if ok && v != s.now[f]*Second+s.micro {
			s.resolved = s.resolved && v/Second == s.now[f]
			s.now[f], s.micro = v/Second, v%Second
		}
		return ok
	}
	ranges := s.event.ranges(f)
	if ranges == nil {
		return true
	}
	if f == dayField && s.event.FromEnd {
		ranges = s.fromEnd(ranges)
	}
	v, ok := match(ranges, s.now[f])
	if ok && v != s.now[f] {
		s.now[f] = v
		s.reset(f)
	}
	return ok
}

func (e *Event) ranges(f int) []Range {
	return [...][]Range{e.Year, e.Month, e.Day, e.Hour, e.Minute}[f]
}

func (e *Event) seconds() []Range {
	if e.Second == nil {
		return everySecond[:]
	}
	return e.Second
}

var everySecond = [1]Range{{Step: Second}}

// match returns the least number of ranges from least on.
func match(ranges []Range, least int) (best int, ok bool) {
	for _, r := range ranges {
		if n, found := r.from(least); found && (!ok || n < best) {
			best, ok = n, true
		}
	}
	return best, ok
}

// fromEnd turns days counted from the end of this month into days of it.
func (s *search) fromEnd(ranges []Range) []Range {
	days := make([]Range, len(ranges))
	for i, r := range ranges {
		days[i] = Range{s.dayFromEnd(r.Start), s.dayFromEnd(r.Stop), r.Step}
		if days[i].Stop > 0 {
			days[i].Start, days[i].Stop = days[i].Stop, days[i].Start
		}
	}
	return days
}

// dayFromEnd returns the nth last day of this month, 0 if it has none. It goes
// by the clock, which has its last offset from here then.
func (s *search) dayFromEnd(n int) int {
	w := s.now
	w[monthField]++
	w[dayField] = 1 - n
	_, shown := s.clock.resolve(w, s.daylight)
	s.resolved = false
	if shown[monthField] != s.now[monthField] {
		return 0
	}
	return shown[dayField]
}

// from returns the least number of r from least on. Without a Stop r has no
// end: the number may be too great for its field, and then carries.
func (r Range) from(least int) (n int, ok bool) {
	if r.Start >= least {
		return r.Start, true
	}
	if r.Step == 0 {
		return 0, false
	}
	n = r.Start + (least-r.Start+r.Step-1)/r.Step*r.Step
	return n, r.Stop == 0 || n <= r.Stop
}

// normalize brings the fields of now into their ranges. From here on now says
// nothing of summer time, unless the search was stuck.
func (s *search) normalize() {
	if !s.resolved {
		var shown civil
		s.instant, shown = s.clock.resolve(s.now, s.daylight)
		s.now, s.resolved = shown, shown == s.now
	}
	s.daylight = unsaid
	if s.stuck {
		s.daylight = s.clock.daylightAt(s.instant)
	}
}

// resolve finds the instant of now. If the zone shows another time, resolve
// returns how that compares with now, and moves there if it is later. Years out
// of reach count as earlier.
func (s *search) resolve() int {
	if s.now[yearField] > maxYear {
		return -1
	}
	if s.resolved {
		return 0
	}
	var shown civil
	s.instant, shown = s.clock.resolve(s.now, s.daylight)
	for f := range fields {
		switch {
		case shown[f] < s.now[f]:
			return -1
		case shown[f] > s.now[f]:
			s.now = shown
			s.daylight = s.clock.daylightAt(s.instant)
			// systemd starts over in the next field only. That the fields below
			// have been reset already is not true of the seconds.
			if f+1 < fields {
				s.now[f+1] = first[f+1]
			}
			return 1
		}
	}
	s.resolved = true
	return 0
}
