package timer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// Clock is a time on a host, with its boot and zone.
type Clock struct {
	Now, Boot time.Time
	Local     *time.Location
}

// Show returns a time for people.
func (c Clock) Show(t time.Time) string {
	return t.In(c.Local).Format("Mon 2006-01-02 15:04:05 MST")
}

// Start is a run that systemd starts as soon as it loads a timer, and not at
// one of its times.
type Start struct {
	Why    string
	Missed bool // without it a time would be missed
}

// StartsAtOnce reports whether systemd starts the service when it loads the
// timer now.
//
// It follows systemd 252 (timer.c, timer_enter_waiting): a calendar event is
// due from the last trigger on, else from when the timer was started;
// OnBootSec= in the past elapses at once for a timer that was never triggered.
func (c Clock) StartsAtOnce(t Timer, p Known) (start Start, ok bool) {
	last := p.Last
	var why []string
	missed := false
	if t.Schedule.Boot && (p.Active.IsZero() || last.IsZero()) {
		why = append(why, "it runs once after each boot, and the last one was "+c.Show(c.Boot))
	}
	for _, span := range t.Schedule.Every {
		switch {
		case !last.IsZero() && !last.Add(span).After(c.Now):
			why = append(why, fmt.Sprintf("it runs every %s, and last did %s", calendar.FormatSpan(span), c.Show(last)))
		case last.IsZero() && !c.Boot.Add(span).After(c.Now):
			why = append(why, fmt.Sprintf("it runs every %s, and has not since the boot", calendar.FormatSpan(span)))
		default:
			continue
		}
		missed = true
	}
	since, event := last, "it last ran, "+c.Show(last)
	if last.IsZero() {
		since, event = p.Active, "its timer was started"
	}
	if due, ok := t.Schedule.Next(since, c.Local); ok && !since.IsZero() && !due.Add(t.Jitter).After(c.Now) {
		why = append(why, fmt.Sprintf("its time %s has passed since %s", c.Show(due), event))
		missed = missed || c.tooLong(t, since)
	}
	return Start{strings.Join(why, "; "), missed}, len(why) > 0
}

// tooLong reports whether the time between the last run and the next one is
// longer than any gap of the schedule. Unknown is too long: in doubt the
// profile runs.
func (c Clock) tooLong(t Timer, last time.Time) bool {
	next, ok := t.Schedule.Next(c.Now, c.Local)
	if !ok {
		return true
	}
	_, longest, ok := calendar.Gaps(t.Schedule.Events, c.Now, c.Local)
	return ok && next.Sub(last) > longest
}

// endOfCalendar is the end of the last year of calendar events.
var endOfCalendar = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)

// Stuck reports whether a timer that has elapsed for good has times left:
// systemd only notices when it is restarted. This looks at the events
// themselves, not at Next, which stops where systemd does.
func (c Clock) Stuck(t Timer) bool {
	last, ok := calendar.Prev(t.Schedule.Events, endOfCalendar, c.Local)
	return ok && last.After(c.Now) || slices.ContainsFunc(t.Schedule.Every, func(d time.Duration) bool { return d > 0 })
}

// TriggeredAhead reports whether the clock was set back since a timer was last
// triggered, by more than a check can be late for other reasons.
func TriggeredAhead(last, now time.Time) bool {
	return last.Round(0).Sub(now.Round(0)) > time.Minute
}
