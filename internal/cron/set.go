package cron

import (
	"math/bits"

	"github.com/montimer/montimer/internal/calendar"
)

// set is a set of small numbers: the values of a field, years less firstYear.
type set [4]uint64

// yearSet is the set of the years of a calendar event.
type yearSet = set

// The years of systemd.time(7).
const firstYear, lastYear = 1970, 2199

// span returns the set of lo to hi.
func span(lo, hi int) (s set) {
	for i := range s {
		s[i] = below(hi+1-i<<6) &^ below(lo-i<<6)
	}
	return s
}

// below returns the bits less than n.
func below(n int) uint64 {
	switch {
	case n <= 0:
		return 0
	case n >= 64:
		return ^uint64(0)
	}
	return 1<<n - 1
}

func (s *set) add(v int)      { s[v>>6] |= 1 << (v & 63) }
func (s *set) has(v int) bool { return s[v>>6]>>(v&63)&1 != 0 }

func (s *set) and(t *set) (u set) {
	for i := range s {
		u[i] = s[i] & t[i]
	}
	return u
}

func (s *set) or(t *set) (u set) {
	for i := range s {
		u[i] = s[i] | t[i]
	}
	return u
}

func (s *set) without(t *set) (u set) {
	for i := range s {
		u[i] = s[i] &^ t[i]
	}
	return u
}

// next returns the least member that is v or more, -1 if there is none.
func (s *set) next(v int) int {
	for i := v >> 6; i < len(s); i++ {
		word := s[i]
		if i == v>>6 {
			word &= ^uint64(0) << (v & 63)
		}
		if word != 0 {
			return i<<6 + bits.TrailingZeros64(word)
		}
	}
	return -1
}

// ranges writes the set as the elements of a calendar event, zero being the
// value of bit 0. Three and more values in equal steps become a..b/c; an open
// a/c is never written, as systemd can fail on it when the clock changes.
func (s *set) ranges(zero int) []calendar.Range {
	list := make([]calendar.Range, 0, 4)
	for v := s.next(0); v >= 0; v = s.next(v + 1) {
		if last, step := s.run(v); step > 0 {
			list = append(list, calendar.Range{Start: zero + v, Stop: zero + last, Step: step})
			v = last
		} else {
			list = append(list, calendar.Range{Start: zero + v})
		}
	}
	return list
}

// run returns the last of three or more successive members from v on that are
// equally far from each other; step is 0 if there are none.
func (s *set) run(v int) (last, step int) {
	last = s.next(v + 1)
	step = last - v
	n := 2
	for last >= 0 && s.next(last+1) == last+step {
		last += step
		n++
	}
	if n < 3 {
		return 0, 0
	}
	return last, step
}
