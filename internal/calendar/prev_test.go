package calendar

import (
	"testing"
	"time"
)

func mustLoad(t testing.TB, zone string) *time.Location {
	t.Helper()
	local, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return local
}

func mustParse(t testing.TB, s string) Event {
	t.Helper()
	e, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestPrev(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ event, zone, before, want string }{
		{"daily", "UTC", "2026-03-01T00:00:00Z", "2026-02-28T00:00:00Z"},
		{"daily", "UTC", "2026-03-01T00:00:00.0000001Z", "2026-03-01T00:00:00Z"},
		{"*-02-29", "UTC", "2026-03-01T00:00:00Z", "2024-02-29T00:00:00Z"},
		{"Mon *-02-29", "UTC", "2026-03-01T00:00:00Z", "2016-02-29T00:00:00Z"},
		{"*-*~01 12:00", "UTC", "2026-03-31T12:00:00Z", "2026-02-28T12:00:00Z"},
		{"*-*~03..07/2", "UTC", "2026-02-26T00:00:00Z", "2026-02-24T00:00:00Z"},
		{"*-02-30", "UTC", "2026-03-31T12:00:00Z", ""},
		{"2030-01-01", "UTC", "2026-03-31T12:00:00Z", ""},
		{"*:*:0.5", "UTC", "2026-03-31T12:00:00.5Z", "2026-03-31T11:59:00.5Z"},
		{"02:30", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T01:30:00Z"},    // left out on the 29th
		{"minutely", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T00:59:00Z"}, // across the gap
		{"02:30", "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-25T00:30:00Z"},    // first pass
		{"02:30", "Europe/Berlin", "2026-10-25T01:10:00Z", "2026-10-25T00:30:00Z"},    // seen from the second
		{"hourly", "Europe/Berlin", "2026-10-25T02:00:00Z", "2026-10-25T00:00:00Z"},
		{"00:30", "America/Havana", "2026-03-08T12:00:00Z", "2026-03-07T05:30:00Z"},
		{"02:15", "Australia/Lord_Howe", "2026-10-04T00:00:00Z", "2026-10-02T15:45:00Z"},
		{"daily", "Pacific/Apia", "2011-12-31T12:00:00Z", "2011-12-31T10:00:00Z"},
		{"12:00", "Pacific/Apia", "2011-12-30T22:00:00Z", "2011-12-29T22:00:00Z"}, // there was no 30th
	} {
		before, err := time.Parse(time.RFC3339Nano, test.before)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if prev, ok := mustParse(t, test.event).Prev(before, mustLoad(t, test.zone)); ok {
			got = prev.UTC().Format(time.RFC3339Nano)
		}
		if got != test.want {
			t.Errorf("%q in %s before %s: %q, want %q", test.event, test.zone, test.before, got, test.want)
		}
	}
}

// TestPrevInvertsNext holds Prev against Next: the last elapse before a time
// is followed by none before it, and is an elapse itself.
func TestPrevInvertsNext(t *testing.T) {
	t.Parallel()
	r := newRandom()
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Havana"} {
		local := mustLoad(t, zone)
		for range 2000 {
			s := randomEvent(r)
			e, err := Parse(s)
			if err != nil || losesElapses(e) {
				continue
			}
			// A quarter of a year around each change.
			change := pick(r, "2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01")
			day, _ := time.Parse(time.DateOnly, change)
			before := day.Add(time.Duration(r.Int64N(int64(48*time.Hour))) - 12*time.Hour).Truncate(pick(r, time.Microsecond, time.Minute, time.Hour))
			prev, ok := e.Prev(before, local)
			if !ok {
				continue
			}
			if !prev.Before(before) {
				t.Fatalf("%q in %s before %s: %s", s, zone, before, prev)
			}
			if again, _ := e.Next(prev.Add(-time.Microsecond), local); !again.Equal(prev) {
				t.Errorf("%q in %s before %s: %s does not elapse, but %s", s, zone, before, prev.UTC(), again.UTC())
			}
			if next, ok := e.Next(prev, local); ok && next.Before(before) {
				t.Errorf("%q in %s before %s: %s is not the last, %s is later", s, zone, before, prev.UTC(), next.UTC())
			}
		}
	}
}

// losesElapses reports whether systemd loses elapses of e: those that
// START/STEP without a STOP overflows into, at a clock change or in seconds.
func losesElapses(e Event) bool {
	for _, ranges := range [][]Range{e.Month, e.Day, e.Hour, e.Minute, e.Second} {
		for _, r := range ranges {
			if r.Step > 0 && r.Stop == 0 {
				return true
			}
		}
	}
	return false
}
