// Package difftest holds judges of the translation of cron expressions to
// systemd calendar events, and tests that put the two side by side: the real
// cron libraries, a replay of cron's own rules, and systemd-analyze. It is a
// module of its own, so that montimer does not depend on what it is judged by.
package difftest

import (
	"fmt"
	"time"
)

// Judge reads an expression the way the cron of one dialect does. An error
// means that this cron refuses it.
type Judge func(text string) (Schedule, error)

// Judges has the judge of every dialect, by its name in jobs.yaml.
var Judges = map[string]Judge{
	"supercronic": guarded(Supercronic),
	"robfig":      guarded(Robfig),
	"crontab":     Crontab,
	"cronie":      Cronie,
}

// Schedule is an expression that a cron has accepted.
type Schedule struct {
	Boot  bool          // once when the daemon starts, and never else
	Every time.Duration // an interval that starts with the daemon; 0: Next holds

	// Next is the first run after t. When there is none, it returns the
	// instant before which it has looked, and false.
	Next func(t time.Time) (time.Time, bool)
}

// Fires are all the runs after some base and before Until.
type Fires struct {
	Times []time.Time
	Until time.Time
}

// collect asks next for n runs after base.
func collect(base time.Time, n int, next func(time.Time) (time.Time, bool)) Fires {
	var f Fires
	for t := base; len(f.Times) < n; {
		at, ok := next(t)
		if !ok {
			f.Until = at
			return f
		}
		t = at
		f.Times = append(f.Times, at.UTC())
		f.Until = at.Add(1)
	}
	return f
}

// before returns the runs before t.
func (f Fires) before(t time.Time) []time.Time {
	for i, at := range f.Times {
		if !at.Before(t) {
			return f.Times[:i]
		}
	}
	return f.Times
}

// steady leaves out the runs within a day and a half of a clock change in loc.
func (f Fires) steady(loc *time.Location) Fires {
	const margin = 36 * time.Hour
	kept := Fires{Until: f.Until}
	for _, t := range f.Times {
		_, before := t.Add(-margin).In(loc).Zone()
		_, after := t.Add(margin).In(loc).Zone()
		if before == after {
			kept.Times = append(kept.Times, t)
		}
	}
	return kept
}

// same compares the runs over the time that both know of. It returns "" or
// the first difference, in words.
func same(nameA string, a Fires, nameB string, b Fires) string {
	until := a.Until
	if b.Until.Before(until) {
		until = b.Until
	}
	as, bs := a.before(until), b.before(until)
	for i := range max(len(as), len(bs)) {
		switch {
		case i >= len(as):
			return fmt.Sprintf("run %d: only %s at %s", i, nameB, stamp(bs[i]))
		case i >= len(bs):
			return fmt.Sprintf("run %d: only %s at %s", i, nameA, stamp(as[i]))
		case !as[i].Equal(bs[i]):
			return fmt.Sprintf("run %d: %s %s, %s %s", i, nameA, stamp(as[i]), nameB, stamp(bs[i]))
		}
	}
	return ""
}

func stamp(t time.Time) string { return t.UTC().Format("Mon 2006-01-02T15:04:05") }

// guarded turns a panic of a library, now or at a later Next, into a refusal:
// an expression that kills the daemon never runs.
func guarded(judge Judge) Judge {
	return func(text string) (s Schedule, err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		s, err = judge(text)
		if err == nil && s.Next != nil {
			s.Next(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
		}
		return s, err
	}
}

// everRuns reports whether the schedule has any run from 1999 to 2099.
func everRuns(s Schedule) bool {
	if s.Next == nil {
		return true
	}
	for t := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC); t.Year() < 2100; {
		var ok bool
		if t, ok = s.Next(t); ok {
			return true
		}
	}
	return false
}
