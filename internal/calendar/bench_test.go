package calendar

import (
	"testing"
	"time"
)

var benchEvents = []string{
	"*:0/5", "daily", "Mon *-*-* 04:30", "*-*-01 04:30", "*-*~01 04:30", "minutely",
	"Mon..Fri *-*-* 09..17:00,15,30,45", "*-02-29 12:00",
}

func BenchmarkParse(b *testing.B) {
	for _, s := range append(benchEvents, "daily Europe/Berlin") {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkString(b *testing.B) {
	for _, s := range benchEvents {
		e := mustParse(b, s)
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = e.String()
			}
		})
	}
}

// benchmarkIn runs f for each of benchEvents in a zone with clock changes.
func benchmarkIn(b *testing.B, f func(e Event, now time.Time, local *time.Location) bool) {
	for _, zone := range []string{"UTC", "Europe/Berlin"} {
		local := mustLoad(b, zone)
		now := time.Date(2026, 3, 3, 10, 1, 2, 0, local)
		for _, s := range benchEvents {
			e := mustParse(b, s)
			b.Run(s+" "+zone, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if !f(e, now, local) {
						b.Fatal("never")
					}
				}
			})
		}
	}
}

func BenchmarkNext(b *testing.B) {
	benchmarkIn(b, func(e Event, now time.Time, local *time.Location) bool {
		_, ok := e.Next(now, local)
		return ok
	})
}

func BenchmarkPrev(b *testing.B) {
	benchmarkIn(b, func(e Event, now time.Time, local *time.Location) bool {
		_, ok := e.Prev(now, local)
		return ok
	})
}

func BenchmarkGaps(b *testing.B) {
	benchmarkIn(b, func(e Event, now time.Time, local *time.Location) bool {
		_, _, ok := Gaps([]Event{e}, now, local)
		return ok
	})
}

func BenchmarkProve(b *testing.B) {
	benchmarkIn(b, func(e Event, now time.Time, local *time.Location) bool {
		return Prove([]Event{e}, now, local) == nil
	})
}
