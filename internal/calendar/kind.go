package calendar

import "slices"

// maxListed is how many elapses of a day Gaps looks at one by one, and
// maxListedInAll how many of all kinds of days together.
const (
	maxListed      = 86_400
	maxListedInAll = 2_000_000
)

// A kindKey says which of the times elapse, one byte for each, and in which
// second of the day the clock is set forward by how many.
type kindKey struct {
	times       string
	from, shift int64
}

// A kind of days has its elapses in microseconds from the start of the day.
type kind struct {
	first, last int64 // no elapse at all: last < first
	gaps        gaps
}

// list goes through the elapses of a day on which, at from, the clock is set
// forward by shift, which leaves out some, or back, which does not.
func (w *walk) list(active []byte, from, shift int64) kind {
	k := kind{first: 0, last: -1}
	times, all := w.timesOf(active)
	for _, t := range times {
		if t >= from {
			if t < from+shift {
				continue
			}
			t -= shift
		}
		if k.last < k.first {
			k.first = t
		} else {
			k.gaps.add(t - k.last)
		}
		k.last = t
	}
	if !all {
		k.gaps.add(1) // a microsecond, nothing can be shorter
	}
	return k
}

// timesOf returns the elapses of a day, or if those are too many a few of them.
func (w *walk) timesOf(active []byte) (times []int64, all bool) {
	var events []*Event
	count := int64(0)
	for i, e := range w.times {
		if active[i] == 1 {
			events = append(events, e)
			count += length(e.Hour, 24) * length(e.Minute, 60) * length(e.seconds(), 60*Second)
		}
	}
	w.listed += count
	all = count <= maxListed && w.listed <= maxListedInAll
	if !all {
		events = events[:1]
	}
	for _, e := range events {
		seconds := []int{e.seconds()[0].Start}
		if all {
			seconds = expand(e.seconds(), 60*Second)
		}
		times = appendTimes(times, expand(e.Hour, 24), expand(e.Minute, 60), seconds)
	}
	slices.Sort(times)
	return slices.Compact(times), all
}

// appendTimes appends all times of a day with these hours, minutes and seconds.
func appendTimes(times []int64, hours, minutes, seconds []int) []int64 {
	for _, h := range hours {
		for _, m := range minutes {
			for _, s := range seconds {
				times = append(times, int64(h*60+m)*60*Second+int64(s))
			}
		}
	}
	return times
}

// length is how many numbers below limit are in ranges, each range for itself.
func length(ranges []Range, limit int) int64 {
	if ranges == nil {
		return int64(limit)
	}
	n := int64(0)
	for _, r := range ranges {
		n += 1 + int64((r.last(limit)-r.Start)/max(r.Step, 1))
	}
	return n
}

// last is the end of r below limit.
func (r Range) last(limit int) int {
	switch {
	case r.Stop > 0:
		return r.Stop
	case r.Step > 0:
		return limit - 1
	}
	return r.Start
}

// expand returns the numbers of ranges below limit in order.
func expand(ranges []Range, limit int) []int {
	if ranges == nil {
		ranges = []Range{{Stop: limit - 1, Step: 1}}
	}
	var numbers []int
	for _, r := range ranges {
		for n := r.Start; n <= r.last(limit); n += max(r.Step, 1) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
