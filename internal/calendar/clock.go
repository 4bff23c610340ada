package calendar

import "time"

// The fields of a civil time, the longest first.
const (
	yearField = iota
	monthField
	dayField
	hourField
	minuteField
	secondField
	fields
)

// A civil is a time as calendar and clock show it, in no zone. Like a C struct
// tm it may hold numbers out of range, the 32nd of a month, say.
type civil [fields]int

// first holds the least value of each field.
var first = civil{minYear, 1, 1, 0, 0, 0}

// civilOf is the inverse of seconds.
func civilOf(seconds int64) civil {
	t := time.Unix(seconds, 0).UTC()
	y, m, d := t.Date()
	h, mi, s := t.Clock()
	return civil{y, int(m), d, h, mi, s}
}

// seconds counts them from 1970 as if c were in UTC.
func (c civil) seconds() int64 {
	return time.Date(c[yearField], time.Month(c[monthField]), c[dayField],
		c[hourField], c[minuteField], c[secondField], 0, time.UTC).Unix()
}

// lower resets all fields after f.
func (c *civil) lower(f int) {
	copy(c[f+1:], first[f+1:])
}

// weekday returns the day of the week of a time in range.
func weekdayOf(seconds int64) time.Weekday {
	days := seconds / 86400 // 1970-01-01 was a Thursday
	if seconds < 0 && seconds%86400 != 0 {
		days--
	}
	return time.Weekday(((days+4)%7 + 7) % 7)
}

// daylight is the tm_isdst of mktime(3): what a civil time is declared to be.
type daylight int8

const (
	unsaid daylight = iota - 1
	standardTime
	summerTime
)

// A clock finds the instant of a civil time in a zone as glibc's mktime(3)
// does. A civil time that occurs twice is taken in the offset that the clock
// has used last: the first pass after summer time, the second one after winter
// time. One that does not occur is read in one of the offsets around it, and
// so moves.
type clock struct {
	zone   *time.Location
	offset int64 // seconds east of UTC, the one used last
}

func (c *clock) offsetAt(instant int64) int64 {
	if c.zone == time.UTC {
		return 0
	}
	_, offset := time.Unix(instant, 0).In(c.zone).Zone()
	return int64(offset)
}

func (c *clock) daylightAt(instant int64) daylight {
	if time.Unix(instant, 0).In(c.zone).IsDST() {
		return summerTime
	}
	return standardTime
}

// resolve returns the instant of w, in seconds of UNIX time, and the civil
// time that the clock then shows: w, but for fields out of range and for times
// that do not occur.
func (c *clock) resolve(w civil, dst daylight) (instant int64, shown civil) {
	if c.zone == time.UTC {
		instant = w.seconds()
		return instant, civilOf(instant)
	}
	extra := max(0, w[secondField]-59) // mktime adds these at the end
	w[secondField] -= extra
	wall := w.seconds()
	t := c.guess(wall, dst)
	c.offset = wall - t
	t += int64(extra)
	return t, civilOf(t + c.offsetAt(t))
}

// guess tries the last offset, then those in force at the instants it gets to.
func (c *clock) guess(wall int64, dst daylight) int64 {
	t := wall - c.offset
	last, lastButOne := t, t
	for range 6 {
		next := wall - c.offsetAt(t)
		if next == t {
			return c.adjust(wall, t, dst)
		}
		// Going to and fro between two instants: there is no such time.
		if t == lastButOne && t != last {
			if here := c.daylightAt(t); dst == unsaid && c.daylightAt(last) <= here || dst != unsaid && dst != here {
				return t
			}
		}
		lastButOne, last, t = last, t, next
	}
	return t
}

// adjust moves t, an instant of wall, to the offset of the nearest time in
// summer time, or not, as dst has it.
func (c *clock) adjust(wall, t int64, dst daylight) int64 {
	if dst == unsaid || dst == c.daylightAt(t) {
		return t
	}
	const stride, far = 601200, 268828200 // mktime's own
	for d := int64(stride); d < far; d += stride {
		for _, near := range [2]int64{t - d, t + d} {
			if c.daylightAt(near) == dst {
				return wall - c.offsetAt(near)
			}
		}
	}
	return t
}
