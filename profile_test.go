package montimer_test

import (
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// TestReportPeriod holds which time a report covers: no run is in two reports, or
// in none.
func TestReportPeriod(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	local := time.Local
	time.Local = berlin
	defer func() { time.Local = local }()
	at := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		at, err := time.ParseInLocation("2006-01-02 15:04:05", text, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tt := range []struct {
		name          string
		period        montimer.ReportPeriod
		reported, now string
		from, to      string
	}{
		{"the first", montimer.ReportDaily, "", "2026-06-10 08:00:00", "2026-06-09 08:00:00", "2026-06-10 08:00:00"},
		{"the next", montimer.ReportDaily, "2026-06-10 08:00:00", "2026-06-11 08:00:01", "2026-06-10 08:00:00", "2026-06-11 08:00:00"},
		{"on a Monday", montimer.ReportWeekly, "2026-06-08 08:00:00", "2026-06-15 08:00:00", "2026-06-08 08:00:00", "2026-06-15 08:00:00"},
		{"over a change of the clock", montimer.ReportDaily, "2026-10-24 08:00:00", "2026-10-25 08:00:00", "2026-10-24 08:00:00", "2026-10-25 08:00:00"},
		{"after two weeks off", montimer.ReportWeekly, "2026-06-01 08:00:00", "2026-06-17 19:00:00", "2026-06-01 08:00:00", "2026-06-15 08:00:00"},
		{"after months off", montimer.ReportWeekly, "2026-01-05 08:00:00", "2026-06-17 19:00:00", "2026-06-08 08:00:00", "2026-06-15 08:00:00"},
		{"from daily to weekly", montimer.ReportWeekly, "2026-06-12 08:00:00", "2026-06-15 08:00:00", "2026-06-12 08:00:00", "2026-06-15 08:00:00"},
		{"twice", montimer.ReportDaily, "2026-06-10 08:00:00", "2026-06-10 09:00:00", "2026-06-09 08:00:00", "2026-06-10 08:00:00"},
		{"after a wrong clock", montimer.ReportDaily, "2027-06-10 08:00:00", "2026-06-10 09:00:00", "2026-06-09 08:00:00", "2026-06-10 08:00:00"},
	} {
		from, to := tt.period.Window(at(tt.reported), at(tt.now))
		if !from.Equal(at(tt.from)) || !to.Equal(at(tt.to)) {
			t.Errorf("%s: from %s to %s", tt.name, from, to)
		}
	}
}
