package diff

import (
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/timer"
)

// TestChangeWords compares what was with what is in words: a zone only where it
// matters, and the same words for the same times.
func TestChangeWords(t *testing.T) {
	t.Parallel()
	at := func(lines ...string) *timer.Timer {
		var s montimer.Schedule
		for _, line := range lines {
			e, err := calendar.Parse(line)
			if err != nil {
				t.Fatal(err)
			}
			s.Events = append(s.Events, e)
		}
		return &timer.Timer{Schedule: s}
	}
	const or = "at 04:30 on the 1st and 15th of every month, and also every Friday"
	for _, tt := range []struct {
		was, is       *timer.Timer
		words         string
		before, after string
	}{
		{at("*:0/10"), at("*:0/20"), "every 20 minutes", "every 10 minutes", "every 20 minutes"},
		{at("*:0/10 UTC"), at("*:0/20 UTC"), "every 20 minutes", "every 10 minutes", "every 20 minutes"},
		{at("04:30 Asia/Tokyo"), at("05:30 Asia/Tokyo"), "at 05:30 every day, Asia/Tokyo time", "at 04:30 every day, Asia/Tokyo time", "at 05:30 every day, Asia/Tokyo time"},
		{at("04:30"), at("04:30 Asia/Tokyo"), "at 04:30 every day", "at 04:30 every day", "at 04:30 every day, Asia/Tokyo time"},
		{at("04:30 Asia/Tokyo"), at("04:30"), "at 04:30 every day", "at 04:30 every day, Asia/Tokyo time", "at 04:30 every day"},
		{at("Fri 04:30", "*-*-1,15 04:30"), at("Fri 04:30", "*-*-1,15 04:30"), or, or, or}, // another jitter
		{at("Fri 04:30", "*-*~7 04:30"), nil, "", "at 04:30 every Friday; at 04:30 on the 7th to last day of the month", ""},
		{nil, at("04:30"), "at 04:30 every day", "", "at 04:30 every day"},
		{&timer.Timer{Schedule: montimer.Schedule{Boot: true, Every: []time.Duration{7 * time.Hour, 1500 * time.Millisecond}}}, at("04:30"),
			"at 04:30 every day", "once after each boot; every 7 hours; every 1.500000s", "at 04:30 every day"},
	} {
		before, after := changeWords(Rescheduling{Old: tt.was, New: tt.is}, tt.words)
		if before != tt.before || after != tt.after {
			t.Errorf("%q, %q; want %q, %q", before, after, tt.before, tt.after)
		}
	}
}
