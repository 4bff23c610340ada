package jobs

import (
	"github.com/montimer/montimer"
)

type scheduler struct{}

// schedule makes the schedule of p from its keys.
func (d *decoder) schedule(p *profile, at value) {
	n := 0
	for _, name := range []string{"cron", "calendar", "every"} {
		if v := p.keys.find(name); !v.isZero() {
			if n++; n == 2 {
				d.error(v, "", "a profile has one of cron, calendar and every, not several")
			}
		}
	}
	if n == 0 {
		d.error(at, "", "the key cron is missing (or calendar, or every)")
	}
	p.Schedule = montimer.Schedule{Kind: montimer.ScheduleCron, Dialect: string(p.dialect), Timezone: p.timezone}
	for _, x := range p.cron {
		p.Schedule.Source = append(p.Schedule.Source, x.text)
	}
}
