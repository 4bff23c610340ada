package difftest

import "time"

// Replay is the main loop of Debian's cron from one instant to another in
// zone loc: it lives in virtual minutes of the wall clock, catches up after a
// jump of at most three hours forward, and keeps still after one back.
// Wildcard lines follow the wall clock, the others the virtual one.
func (t Table) Replay(from, to time.Time, loc *time.Location) []time.Time {
	var runs []time.Time
	wall := func(at time.Time) time.Time { // the wall clock, as if it were UTC
		_, offset := at.In(loc).Zone()
		return at.UTC().Add(time.Duration(offset) * time.Second)
	}
	virtual := wall(from)
	for at := from.Add(time.Minute); !at.After(to); at = at.Add(time.Minute) {
		now := wall(at)
		run := func(minute time.Time) {
			if t.runsAt(minute) {
				runs = append(runs, at)
			}
		}
		switch jump := now.Sub(virtual); {
		case t.anyTime:
			run(now)
		case jump > 3*time.Hour || jump <= -3*time.Hour:
			virtual = now
			run(now)
		default:
			for virtual.Before(now) {
				virtual = virtual.Add(time.Minute)
				run(virtual)
			}
		}
	}
	return runs
}
