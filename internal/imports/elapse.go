package imports

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/cron"
)

// schedule makes the schedule of the profile.
func (t *timer) schedule() bool {
	p := &t.profile
	period, inactive := t.spans["OnUnitActiveSec"], t.spans["OnUnitInactiveSec"]
	boot, started := cmp.Or(t.spans["OnBootSec"], t.spans["OnStartupSec"]), t.spans["OnActiveSec"]
	_, hasBoot := t.spans["OnBootSec"]
	_, hasStartup := t.spans["OnStartupSec"]
	switch {
	case len(t.calendars) > 0:
		return t.byCalendar()
	case period > 0 || inactive > 0:
		every := cmp.Or(period, inactive)
		p.Schedule = montimer.Schedule{Kind: montimer.ScheduleEvery, Source: []string{calendar.FormatSpan(every)}}
		switch {
		case 24*time.Hour%every == 0:
			t.differ(fmt.Sprintf("it runs every %s at fixed times of the day in UTC, not counted from the boot or the last run", calendar.FormatSpan(every)))
		case inactive > 0 && period == 0:
			t.differ("the interval counts from the beginning of the last run, not from its end")
		case boot != every || started != 0:
			t.differ(fmt.Sprintf("the first run is %s after the boot, not %s", calendar.FormatSpan(every), calendar.FormatSpan(cmp.Or(boot, started))))
		}
	case hasBoot || hasStartup:
		p.Schedule = montimer.Schedule{Kind: montimer.ScheduleCron, Source: []string{"@reboot"}, Dialect: string(cron.Crontab)}
		if boot > time.Second {
			t.differ(fmt.Sprintf("it runs at once after each boot, not %s later: sleep in the command, if it matters", calendar.FormatSpan(boot)))
		}
	default:
		t.refuse("it runs once after it was started, which jobs.yaml has not", "leave it, or write a schedule")
		return false
	}
	t.jitter(p.Jitter)
	return true
}

func (t *timer) byCalendar() bool {
	for key, span := range t.spans {
		t.differ(fmt.Sprintf("not imported: %s=%s: a profile has one kind of schedule; write another profile for it", key, calendar.FormatSpan(span)))
	}
	slices.Sort(t.Differences)
	t.profile.Schedule = montimer.Schedule{Kind: montimer.ScheduleCalendar, Source: t.calendars}
	t.profile.CatchUp = t.persistent
	for _, text := range t.calendars {
		if _, err := calendar.Parse(text); err != nil {
			t.refuse(fmt.Sprintf("OnCalendar=%s: %v", text, err), "systemd ignores the line: take it out or correct it")
			return false
		}
	}
	t.jitter(t.profile.Jitter)
	return true
}

// jitter judges a random delay.
func (t *timer) jitter(span time.Duration) {
	if span == 0 {
		return
	}
	shortest := 24 * time.Hour
	if gap, _, ok := calendar.Gaps(t.events(), t.Now, t.Location); ok {
		shortest = min(shortest, gap)
	}
	switch {
	case span >= shortest || t.profile.Schedule.Kind == montimer.ScheduleEvery:
		t.profile.Jitter = 0
		t.differ(fmt.Sprintf("not imported: RandomizedDelaySec=%s: a jitter must be shorter than the time between two runs, and at most 24h", calendar.FormatSpan(span)))
	case t.fixed:
		t.differ("the fixed random delay is another one: systemd makes it from the name of the unit")
	default:
		t.differ("the random delay is chosen once for all runs (jitter), and not for each run")
	}
}

// events returns the calendar events as the old timer has them.
func (t *timer) events() (all []calendar.Event) {
	for _, text := range t.calendars {
		if e, err := calendar.Parse(text); err == nil {
			all = append(all, e)
		}
	}
	return all
}

// before follows the old timer.
func (t *timer) before() follower {
	if len(t.calendars) == 0 {
		return nil
	}
	return elapses(t.events())
}
