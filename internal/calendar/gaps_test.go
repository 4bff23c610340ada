package calendar

import (
	"testing"
	"time"

	"github.com/montimer/montimer/internal/testenv"
)

func TestGaps(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for _, test := range []struct {
		name, zone        string
		events            []string
		shortest, longest time.Duration
	}{
		{"none", "UTC", nil, 0, 0},
		{"never", "UTC", []string{"*-02-30"}, 0, 0},
		{"past", "UTC", []string{"2020-*-*"}, 0, 0},
		{"once", "UTC", []string{"2030-01-01"}, 0, 0},
		{"daily", "UTC", []string{"daily"}, day, day},
		{"daily, local", "Europe/Berlin", []string{"12:00"}, 23 * time.Hour, 25 * time.Hour},
		{"left out in spring", "Europe/Berlin", []string{"02:30"}, day, 2*day - time.Hour},
		{"midnight left out", "America/Havana", []string{"00:00"}, day, 2*day - time.Hour},
		{"hourly", "UTC", []string{"hourly"}, time.Hour, time.Hour},
		{"hourly loses an hour in autumn", "Europe/Berlin", []string{"hourly"}, time.Hour, 2 * time.Hour},
		{"half an hour's change", "Australia/Lord_Howe", []string{"*:0/15"}, 15 * time.Minute, 45 * time.Minute},
		{"no step into the next hour", "UTC", []string{"*:00..56/7"}, 4 * time.Minute, 7 * time.Minute},
		{"working hours", "UTC", []string{"Mon..Fri 09..17:00"}, time.Hour, 64 * time.Hour},
		{"weekly", "UTC", []string{"weekly"}, 7 * day, 7 * day},
		{"monthly", "UTC", []string{"monthly"}, 28 * day, 31 * day},
		{"31st", "UTC", []string{"*-*-31"}, 31 * day, 61 * day},
		{"last days", "UTC", []string{"*-*~01,02"}, day, 30 * day},
		{"leap days", "UTC", []string{"*-02-29"}, 1461 * day, 1461 * day},
		{"summer half and winter half", "Europe/Berlin", []string{"*-01,07-01"}, 181*day - time.Hour, 184*day + time.Hour},
		{"union", "UTC", []string{"00:00", "*-12-24 00:00:30"}, 30 * time.Second, day},
		{"the same twice", "UTC", []string{"00:00", "Mon 00:00", "*-*-01 00:00"}, day, day},
		{"every second", "UTC", []string{"*:*:*"}, time.Second, time.Second},
		{"more than a day's seconds", "UTC", []string{"*:*:0/0.25"}, time.Microsecond, time.Minute},
		{"fractions", "UTC", []string{"12:00:00.5", "12:00:00.75"}, 250 * time.Millisecond, day - 250*time.Millisecond},
		{"near only across the spring change", "Europe/Berlin", []string{"01:30", "03:15"}, 45 * time.Minute, 22*time.Hour + 15*time.Minute},
		{"two zones", "UTC", []string{"12:00", "12:30 Europe/Berlin"}, 15 * time.Minute, day},
	} {
		var events []Event
		for _, s := range test.events {
			events = append(events, mustParse(t, s))
		}
		shortest, longest, ok := Gaps(events, from, mustLoad(t, test.zone))
		if shortest != test.shortest || longest != test.longest || ok != (test.longest > 0) {
			t.Errorf("%s: %s to %s (%v), want %s to %s", test.name, shortest, longest, ok, test.shortest, test.longest)
		}
	}
}

// TestGapsOfElapses holds Gaps against the elapses themselves.
func TestGapsOfElapses(t *testing.T) {
	t.Parallel()
	r := newRandom()
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	compared, sets := 0, 10
	if testenv.Soak() {
		sets = 300
	}
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Beirut"} {
		local := mustLoad(t, zone)
		for range sets {
			var events []Event
			for range 1 + r.IntN(3) {
				if e, err := Parse(randomEvent(r)); err == nil && e.Zone == "" && !losesElapses(e) {
					events = append(events, e)
				}
			}
			shortest, longest, complete := simulate(events, from, local)
			gotShortest, gotLongest, _ := Gaps(events, from, local)
			if gotShortest > shortest && shortest > 0 {
				t.Errorf("%v in %s: shortest gap %s, but there is one of %s", events, zone, gotShortest, shortest)
			}
			if gotLongest < longest {
				t.Errorf("%v in %s: longest gap %s, but there is one of %s", events, zone, gotLongest, longest)
			}
			if complete {
				compared++
				if gotShortest != shortest || gotLongest != longest {
					t.Errorf("%v in %s: %s to %s, want %s to %s", events, zone, gotShortest, gotLongest, shortest, longest)
				}
			}
		}
	}
	t.Logf("%d sets of events compared to the end of the horizon", compared)
}

// simulate goes from elapse to elapse, complete if to the end of the horizon.
func simulate(events []Event, from time.Time, local *time.Location) (shortest, longest time.Duration, complete bool) {
	y, m, d := from.In(local).Date()
	at := time.Date(y, m, d, 0, 0, 0, 0, local).Add(-time.Microsecond)
	end := time.Date(y+horizon, 1, 1, 0, 0, 0, 0, local)
	last := time.Time{}
	for range 12_000 {
		next, ok := Next(events, at, local)
		if !ok || !next.Before(end) {
			return shortest, longest, true
		}
		if !last.IsZero() {
			gap := next.Sub(last)
			if shortest == 0 || gap < shortest {
				shortest = gap
			}
			longest = max(longest, gap)
		}
		at, last = next, next
	}
	return shortest, longest, false
}
