package jobs

import (
	"fmt"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// What exceeds the capacity of the host is refused here, before it becomes
// timers: systemd reloads them in a time that grows faster than their number,
// and with 20,000 of them does not come back. The setting is the host's, so
// jobs.yaml cannot lift it.

const raise = "or raise capacity in /etc/montimer/config.yaml"

// checkCount refuses more profiles than the host has timers for.
func (d *decoder) checkCount(keys pairs) bool {
	most := d.opt.Capacity.Profiles
	if most == 0 || len(keys) <= most {
		return true
	}
	d.error(keys[most].key, "merge profiles that share a schedule, "+raise,
		"this is profile %d, and the host takes %d", most+1, most)
	return false
}

// checkTexts refuses a list that is too long before any of it is read.
func (d *decoder) checkTexts(texts []located) bool {
	most := d.opt.Capacity.Events
	if most == 0 || len(texts) <= most {
		return true
	}
	d.error(texts[most].at, "use ranges and steps, "+raise, "the schedule has %d entries, and the host takes %d for one profile", len(texts), most)
	return false
}

// checkEvents does the same for what a schedule has become.
func (d *decoder) checkEvents(s montimer.Schedule, at value) {
	if most := d.opt.Capacity.Events; most > 0 && len(s.Events) > most {
		d.error(at, "use ranges and steps, "+raise, "the schedule takes %d calendar events, and the host takes %d for one profile", len(s.Events), most)
	}
}

// checkStarts refuses schedules that together start more services in an hour
// than the host takes. at is where the profiles are.
func (d *decoder) checkStarts(profiles []montimer.Profile, at value) {
	most := d.opt.Capacity.StartsPerHour
	if most == 0 {
		return
	}
	sum, busiest, name := 0, 0, ""
	for _, p := range profiles {
		if n := startsPerHour(p.Schedule); p.Enabled {
			sum += n
			if n > busiest {
				busiest, name = n, p.Name
			}
		}
	}
	if sum > most {
		d.error(at, "run some of them less often, "+raise, "the profiles start %d services in an hour, and the host takes %d; most of them %s (%s)",
			sum, most, quote(name), fmt.Sprintf("%d an hour", busiest))
	}
}

// startsPerHour is how often a schedule elapses in its busiest hour, at most.
func startsPerHour(s montimer.Schedule) (n int) {
	for _, e := range s.Events {
		n += values(e.Minute, 60, 1) * values(e.Second, 60, calendar.Second)
	}
	for _, interval := range s.Every {
		n += int((time.Hour + interval - 1) / max(interval, time.Second))
	}
	return n
}

// values is how many values a field of a calendar event has; nil means all.
// The last value of an open range is limit × unit - 1.
func values(ranges []calendar.Range, all, unit int) (n int) {
	if ranges == nil {
		return all
	}
	for _, r := range ranges {
		switch {
		case r.Step == 0 && r.Stop == 0:
			n++
		case r.Stop == 0:
			n += (all*unit-1-r.Start)/r.Step + 1
		default:
			n += (r.Stop-r.Start)/max(r.Step, unit) + 1
		}
	}
	return n
}
