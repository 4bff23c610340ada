package cron

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/calendar"
)

func TestTranslate(t *testing.T) {
	t.Parallel()
	type want struct {
		Events []string
		Boot   bool
		Every  []time.Duration
	}
	tests := []struct {
		name  string
		zone  string
		texts []string // in robfig's dialect
		want  want
	}{
		{"local", "", []string{"0 * * * *"}, want{Events: []string{"*-*-* *:00:00"}}},
		{"hourly in a zone of whole hours", "Europe/Berlin", []string{"0 * * * *"}, want{Events: []string{"*-*-* *:00:00 UTC"}}},
		{"hourly in a zone of half hours", "Asia/Kolkata", []string{"0 * * * *"}, want{Events: []string{"*-*-* *:00:00 Asia/Kolkata"}}},
		{"half-hourly in a zone of half hours", "Asia/Kolkata", []string{"7,37 * * * *"}, want{Events: []string{"*-*-* *:07,37:00 UTC"}}},
		{"hourly where the clock moves by half an hour", "Australia/Lord_Howe", []string{"0 * * * *"}, want{Events: []string{"*-*-* *:00:00 Australia/Lord_Howe"}}},
		{"quarter-hourly in a zone of three quarters", "Asia/Kathmandu", []string{"*/15 * * * *", "*/30 * * * *"},
			want{Events: []string{"*-*-* *:00..45/15:00 Asia/Kathmandu", "*-*-* *:00,30:00 Asia/Kathmandu"}}},
		{"a fixed time keeps the zone of all", "Europe/Berlin", []string{"0 * * * *", "30 2 * * *"},
			want{Events: []string{"*-*-* *:00:00 Europe/Berlin", "*-*-* 02:30:00 Europe/Berlin"}}},
		{"every hour of some days", "Europe/Berlin", []string{"0 * * * 1"}, want{Events: []string{"Mon *-*-* *:00:00 Europe/Berlin"}}},
		{"every hour of some months", "Europe/Berlin", []string{"0 * * 1 *"}, want{Events: []string{"*-01-* *:00:00 Europe/Berlin"}}},
		{"own zones", "Europe/Berlin", []string{"TZ=Asia/Tokyo 0 9 * * *", "0 9 * * *"},
			want{Events: []string{"*-*-* 09:00:00 Asia/Tokyo", "*-*-* 09:00:00 Europe/Berlin"}}},
		{"UTC", "UTC", []string{"0 9 * * *", "@every 12h"}, want{Events: []string{"*-*-* 09:00:00 UTC", "*-*-* 00,12:00:00 UTC"}}},
		{"an interval beside local times", "Europe/Berlin", []string{"0 9 * * *", "@every 12h"},
			want{Events: []string{"*-*-* 09:00:00 Europe/Berlin"}, Every: []time.Duration{12 * time.Hour}}},
		{"an interval that divides no day", "", []string{"@every 7m"}, want{Every: []time.Duration{7 * time.Minute}}},
		{"an interval that does", "", []string{"@every 12h"}, want{Events: []string{"*-*-* 00,12:00:00 UTC"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var xs []*Expression
			for _, text := range tt.texts {
				xs = append(xs, parse(t, Robfig, text))
			}
			got := translate(t, tt.zone, xs...)
			if diff := cmp.Diff(tt.want, want{texts(got.Events), got.Boot, got.Every}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := translate(t, "Europe/Berlin", parse(t, Supercronic, "0 * * * * 2030")).Events; got[0].Zone != "Europe/Berlin" {
		t.Errorf("every hour of a year: %s", texts(got))
	}
	boot := translate(t, "", parse(t, Crontab, "@reboot"), parse(t, Crontab, "@daily"))
	if !boot.Boot || len(boot.Events) != 1 || boot.Every != nil {
		t.Errorf("@reboot and @daily: %+v", boot)
	}
}

// TestUTCIsExact compares runs in UTC with those of the local minutes, over a
// year of clock changes.
func TestUTCIsExact(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "America/Havana", "Africa/Casablanca", "Asia/Kolkata", "Asia/Kathmandu"} {
		zone := location(t, name)
		for _, text := range []string{"* * * * *", "*/10 * * * *", "5 * * * *", "7,37 * * * *", "*/15 * * * *"} {
			x := parse(t, Supercronic, text)
			events := translate(t, name, x).Events
			if events[0].Zone != "UTC" {
				continue
			}
			for at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2027; at = at.Add(time.Minute) {
				want := x.minute>>at.In(zone).Minute()&1 != 0
				if got := x.minute>>at.Minute()&1 != 0; got != want {
					t.Fatalf("%s in %s: %s", text, name, at)
				}
			}
			if _, ok := calendar.Next(events, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), zone); !ok {
				t.Errorf("%s in %s never runs", text, name)
			}
		}
	}
}
