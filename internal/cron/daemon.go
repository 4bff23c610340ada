package cron

import (
	"strings"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// Runs returns when the daemon of the dialect runs x after one instant and up to
// another, where its clock is that of zone. Away from changes of the clock that is
// what x says; at one each daemon has rules of its own, which no calendar event has.
// The first instant should be hours away from a change. Of robfig, which is no
// daemon, and of what does not elapse by the calendar there are none.
//
// TestDaemonRuns of difftest holds that against the libraries.
func (x *Expression) Runs(from, to time.Time, zone *time.Location) []time.Time {
	if x.boot || x.every > 0 {
		return nil
	}
	w := onWall{x, x.lines()}
	if !w.near(from, to, zone) {
		return nil
	}
	switch x.dialect {
	case Crontab, Cronie:
		return w.minutely(from, to, zone)
	case Supercronic:
		return w.chained(from, to, zone)
	}
	return nil
}

// onWall is an expression with what it says of a clock, whatever its zone.
type onWall struct {
	*Expression
	events []calendar.Event
}

// near reports whether the clock comes near a time of x: most that is asked for
// are days on which x does not run.
func (x onWall) near(from, to time.Time, zone *time.Location) bool {
	const most = 25 * time.Hour // that a clock is ever changed by
	next, ok := x.nextOn(onClock(from, zone).Add(-most))
	return ok && !next.After(onClock(to, zone).Add(most))
}

// onClock returns what a clock shows, as a time in UTC.
func onClock(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return wallClock(t, offset)
}

// nextOn returns the next reading of a clock that x names.
func (x onWall) nextOn(clock time.Time) (time.Time, bool) {
	return calendar.Next(x.events, clock, time.UTC)
}

// minutely follows the main loop of cron (cron.c of Debian's 3.0pl1-162 and of
// cronie): it wakes every minute. Fields of the clock that begin with * follow it.
// The others follow a clock of their own, which catches up at once when the real
// one goes forward by at most three hours, and stands still when it goes back.
func (x onWall) minutely(from, to time.Time, zone *time.Location) (runs []time.Time) {
	const correction = 3 * time.Hour // more is taken for a clock that was wrong
	wild := x.wildClock()
	virtual := onClock(from, zone).Truncate(time.Minute)
	for at := from.Truncate(time.Minute).Add(time.Minute); !at.After(to); at = at.Add(time.Minute) {
		clock := onClock(at, zone)
		if jump := clock.Sub(virtual); wild || jump > correction || jump <= -correction {
			virtual = clock
			if x.runsIn(clock) {
				runs = append(runs, at)
			}
			continue
		}
		for virtual.Before(clock) {
			virtual = virtual.Add(time.Minute)
			if x.runsIn(virtual) {
				runs = append(runs, at) // twice, if two minutes have been skipped
			}
		}
	}
	return runs
}

// wildClock reports whether the minute or the hour begins with *.
func (x *Expression) wildClock() bool {
	text := strings.Trim(x.text, " \t\r\n")
	if name, ok := strings.CutPrefix(text, "@"); ok {
		text = macros[name]
	}
	fields := strings.Fields(text)
	return len(fields) > 1 && (fields[0][0] == '*' || fields[1][0] == '*')
}

// chained follows supercronic: after each run it takes the next reading of the
// clock that x names for the time to wait for. What the clock skips is then an hour
// late (east of UTC) or early (west); early ones lie in the past for as long as the
// clock has not passed the gap, and supercronic asks again all that time.
func (x onWall) chained(from, to time.Time, zone *time.Location) (runs []time.Time) {
	for at := from; ; {
		next, ok := x.nextChained(at, zone)
		for ok && !next.After(at) && !at.After(to) {
			at = at.Add(time.Second)
			next, ok = x.nextChained(at, zone)
		}
		if !ok || next.After(to) {
			return runs
		}
		runs, at = append(runs, next), next
	}
}

func (x onWall) nextChained(at time.Time, zone *time.Location) (time.Time, bool) {
	c, ok := x.nextOn(onClock(at, zone))
	return time.Date(c.Year(), c.Month(), c.Day(), c.Hour(), c.Minute(), c.Second(), 0, zone), ok
}
