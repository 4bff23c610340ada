package compiler

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// atOnce is a run that systemd starts as soon as it takes a timer up, and not
// at one of its times.
type atOnce struct {
	why    string
	missed bool // without it a time would be missed
}

// A past is what systemd knows of a timer that it takes up.
type past struct {
	last   time.Time // when it was last triggered; zero: never
	active time.Time // since when it has been active; zero: it is started now
}

// startsAtOnce says whether systemd starts the service when it takes up the
// timer now.
//
// It follows systemd 252 (timer.c, timer_enter_waiting): a calendar event is
// due from the last trigger on, else from when the timer was started;
// OnBootSec= in the past elapses at once for a timer that was never triggered.
func (m Moment) startsAtOnce(t Timer, p past) (start atOnce, ok bool) {
	last := p.last
	var why []string
	missed := false
	if t.Schedule.Boot && (p.active.IsZero() || last.IsZero()) {
		why = append(why, "it runs once after each boot, and the last one was "+m.show(m.Boot))
	}
	for _, span := range t.Schedule.Every {
		switch {
		case !last.IsZero() && !last.Add(span).After(m.Now):
			why = append(why, fmt.Sprintf("it runs every %s, and last did %s", calendar.FormatSpan(span), m.show(last)))
		case last.IsZero() && !m.Boot.Add(span).After(m.Now):
			why = append(why, fmt.Sprintf("it runs every %s, and has not since the boot", calendar.FormatSpan(span)))
		default:
			continue
		}
		missed = true
	}
	since, event := last, "it last ran, "+m.show(last)
	if last.IsZero() {
		since, event = p.active, "its timer was started"
	}
	if due, ok := t.Schedule.Next(since, m.Local); ok && !since.IsZero() && !due.Add(t.Jitter).After(m.Now) {
		why = append(why, fmt.Sprintf("its time %s has passed since %s", m.show(due), event))
		missed = missed || m.tooLong(t, since)
	}
	return atOnce{strings.Join(why, "; "), missed}, len(why) > 0
}

// tooLong reports whether more time lies between the last run and the next one
// than ever lies between two times of the schedule. Unknown is too long: in
// doubt a check runs.
func (m Moment) tooLong(t Timer, last time.Time) bool {
	next, ok := t.Schedule.Next(m.Now, m.Local)
	if !ok {
		return true
	}
	_, longest, ok := calendar.Gaps(t.Schedule.Events, m.Now, m.Local)
	return ok && next.Sub(last) > longest
}

// endOfCalendar is the end of the last year that a calendar event can name.
var endOfCalendar = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)

// stuck reports whether a timer that has elapsed for good has times left:
// systemd only finds that out when it is restarted. The times that the events
// name decide, and not Next, which gives up where systemd does.
func (m Moment) stuck(t Timer) bool {
	last, ok := calendar.Prev(t.Schedule.Events, endOfCalendar, m.Local)
	return ok && last.After(m.Now) || slices.ContainsFunc(t.Schedule.Every, func(d time.Duration) bool { return d > 0 })
}
