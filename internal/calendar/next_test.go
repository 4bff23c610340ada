package calendar

import (
	"testing"
	"time"

	"github.com/montimer/montimer/internal/testenv"
)

var ordinaryEvents = []string{
	"minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "semiannually",
	"*:0/5", "*:0/15", "*:30", "*:15,45", "*:*:0/20", "00..23/2:30", "0/6:00", "*:00..50/10",
	"00:00", "00:30", "01:00", "01:30", "01:59:59", "02:00", "02:15", "02:30", "02:45", "03:00", "23:30", "23:59:59",
	"Sun 02:30", "Sun 01:30", "Mon..Fri 09:00", "Sat,Sun *:20", "Sun *-*-* 00:00", "*-03-08 02:30", "*-11-01 01:30",
	"*-11-01 00:30", "*-03-29 02:30", "*-10-25 02:30", "*-*-01 00:00", "*-*~01 02:30", "*-*~01 23:00", "*-02~01 12:00", "*-02-29 12:00",
	"Mon *-02-29", "Fri *-*-13", "*-*-31 02:30", "*-*~01..07 01:45", "*-*~01..07 *:10", "Sun *-*~07/1 02:10", "*-02-30", "2020-01-01", "2199-12-31 23:59:59", "*-*~28",
	"01..03:00..50/10", "01:*:30", "02:*", "0..3:30", "*:59:59", "*:*:59.5", "*:0/7", "0/5:00", "*:*:0/7", "*:*:0/0.7", "*:*:59.999999",
	"*-*-1/10 02:00", "*-1/5-1", "2026/3-01-01", "*-*-29..31 0/3:30", "02:30 UTC", "*:30 UTC", "02:30 Europe/Berlin", "Sun 01:30 America/New_York",
	"02:15 Australia/Lord_Howe", "00:30 America/Havana", "@1774746000", "@1793000000",
}

// zoneChanges lists zones with a clock change of interest, in UTC. Where
// standard time itself is set back, as in Moscow in 2014 and in Casablanca in
// 2026, there is nothing to compare: which pass mktime(3) takes depends on what systemd-analyze did
// before.
var zoneChanges = []struct {
	zone    string
	changes []string
}{
	{"Europe/Berlin", []string{"2026-03-29 01:00", "2026-10-25 01:00"}},
	{"America/New_York", []string{"2026-03-08 07:00", "2026-11-01 06:00"}},
	{"Australia/Lord_Howe", []string{"2026-10-03 15:30", "2026-04-04 15:00"}},
	{"Asia/Kolkata", []string{"2026-03-29 01:00", "2026-10-25 01:00"}},
	// Cuba keeps summer time in the winter of 2026, so an earlier year as well.
	{"America/Havana", []string{"2024-03-10 05:00", "2024-11-03 05:00", "2026-03-08 05:00", "2026-11-01 05:00"}},
	{"UTC", []string{"2026-02-28 12:00"}},
	{"Europe/Dublin", []string{"2026-03-29 01:00", "2026-10-25 01:00"}},
	{"Asia/Beirut", []string{"2026-03-28 22:00", "2026-10-24 21:00"}},
	{"America/Santiago", []string{"2026-04-05 03:00", "2026-09-06 04:00"}},
	{"Pacific/Apia", []string{"2011-12-30 10:00"}},
	{"Europe/Moscow", []string{"2011-03-26 23:00"}},
	{"Asia/Pyongyang", []string{"2018-05-04 15:00"}},
	{"America/Nuuk", []string{"2026-03-29 01:00", "2026-10-25 01:00"}},
	{"Australia/Adelaide", []string{"2026-04-04 16:30", "2026-10-03 16:30"}},
	{"Antarctica/Troll", []string{"2026-03-29 01:00", "2026-10-25 01:00"}},
}

// basesAround returns instants before, at, between and after the two passes
// of a clock change.
func basesAround(change time.Time) []time.Time {
	var bases []time.Time
	for _, d := range []time.Duration{
		-250 * 24 * time.Hour, -40 * 24 * time.Hour, -26 * time.Hour, -90 * time.Minute, -31*time.Minute - time.Microsecond,
		-time.Second, -time.Microsecond, 0, 10 * time.Minute, 29*time.Minute + 500*time.Millisecond, 59*time.Minute + 59*time.Second, 61 * time.Minute, 25 * time.Hour,
	} {
		bases = append(bases, change.Add(d))
	}
	return bases
}

// TestNextIsSystemds compares elapses with systemd-analyze through clock
// changes. A line is one event from one base in one zone, five elapses deep.
func TestNextIsSystemds(t *testing.T) {
	t.Parallel()
	r := newRandom()
	lines, different := 0, 0
	for _, z := range zoneChanges {
		local, err := time.LoadLocation(z.zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range z.changes {
			change, err := time.Parse("2006-01-02 15:04", c)
			if err != nil {
				t.Fatal(err)
			}
			bases := basesAround(change)
			if !testenv.Soak() {
				bases = []time.Time{pick(r, bases...)}
			}
			for _, base := range bases {
				events := ordinaryEvents[:len(ordinaryEvents):len(ordinaryEvents)]
				for range 40 {
					events = append(events, randomEvent(r))
				}
				if !testenv.Soak() { // a sample, another at each base
					sample := make([]string, 16)
					for i := range sample {
						sample[i] = pick(r, events...)
					}
					events = sample
				}
				for i, v := range analyze(t, z.zone, base, 5, events) {
					lines++
					if diff := compareElapses(events[i], v, base, local); diff != "" {
						different++
						t.Errorf("%q in %s from %s: %s", events[i], z.zone, base.Format(time.RFC3339Nano), diff)
					}
				}
			}
		}
	}
	t.Logf("seed %d: %d lines, %d different", randomSeed, lines, different)
}

func compareElapses(event string, want verdict, base time.Time, local *time.Location) string {
	e, err := Parse(event)
	if want.refused || err != nil {
		if want.refused != (err != nil) {
			return "refused by one of us only: " + want.normal
		}
		return ""
	}
	if got := e.String(); got != want.normal && !want.deadlock {
		return "normal form " + got + ", want " + want.normal
	}
	at := base
	for i := range 5 {
		next, ok := e.Next(at, local)
		if want.deadlock && i < 4 {
			if !ok {
				return ""
			}
			at = next
			continue
		}
		if ok != (i < len(want.elapses)) {
			return "ends elsewhere"
		}
		if !ok {
			return ""
		}
		if !next.Truncate(time.Second).Equal(want.elapses[i]) {
			return "elapses " + next.UTC().Format(time.RFC3339Nano) + ", want " + want.elapses[i].Format(time.RFC3339)
		}
		at = next
	}
	return ""
}
