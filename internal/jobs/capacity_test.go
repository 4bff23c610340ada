package jobs

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

func TestCapacity(t *testing.T) {
	t.Parallel()
	profiles := func(n int, schedule string) string {
		return "profiles:\n" + many(n, func(i int) string { return fmt.Sprintf("  p%d: {%s, tasks: []}\n", i, schedule) })
	}
	list := func(n int) string {
		return "cron: [" + strings.TrimSuffix(many(n, func(i int) string { return fmt.Sprintf("'%d %d * * *', ", i%60, i/60) }), ", ") + "]"
	}
	for name, tc := range map[string]struct {
		file string
		want string // at which place and what; "": nothing
	}{
		"as many profiles as the host takes":    {profiles(5, "cron: 5 * * * *"), ""},
		"one profile more":                      {profiles(6, "cron: 5 * * * *"), "7:3: this is profile 6, and the host takes 5"},
		"20,000 profiles":                       {profiles(20_000, "every: 23h"), "7:3: this is profile 6, and the host takes 5"},
		"as many entries as a profile may have": {profiles(1, list(10)), ""},
		"100,000 entries":                       {profiles(1, list(100_000)), "the schedule has 100000 entries, and the host takes 10"},
		"each second, of two profiles":          {profiles(2, "calendar: '*-*-* *:*:*'"), "the profiles start 7200 services in an hour, and the host takes 3600"},
		"each second":                           {profiles(1, "calendar: '*-*-* *:*:*'"), ""},
		"each second, of two that are disabled": {profiles(2, "enabled: false, calendar: '*-*-* *:*:*'"), ""},
		"each second, as an interval":           {profiles(2, "every: 1s"), "7200 services"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt := Options{Now: host.Now, Local: time.UTC, Capacity: montimer.Capacity{Profiles: 5, Events: 10, StartsPerHour: 3600}}
			_, ds := Decode("j.yaml", []byte(tc.file), opt)
			var said []string
			for _, d := range ds {
				if d.Severity == Error {
					said = append(said, fmt.Sprintf("%d:%d: %s", d.Line, d.Col, d.Message))
				}
			}
			if all := strings.Join(said, "\n"); (tc.want == "") != (all == "") || !strings.Contains(all, tc.want) || len(said) > 1 {
				t.Errorf("said %q, want %q", said, tc.want)
			}
		})
	}
	one := Options{Now: host.Now, Local: time.UTC, Capacity: montimer.Capacity{Events: 1}}
	if _, ds := Decode("j.yaml", []byte(profiles(1, "cron: '30 4 1,15 * 5'")), one); !HasErrors(ds) || !strings.Contains(shown(ds), "the schedule takes 2 calendar events, and the host takes 1") {
		t.Errorf("two lines of one expression: %s", shown(ds))
	}
	if _, ds := Decode("j.yaml", []byte(profiles(20_000, "every: 23h")), host); len(ds) > 0 {
		t.Errorf("without a capacity: %v", ds[0])
	}
}

func TestStartsPerHour(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"*-*-* *:*:*":         3600,
		"*-*-* *:*:00":        60,
		"*:0/5":               12,
		"*:00..59/5":          12,
		"02:30":               1,
		"*-*-* *:*:00..58/2":  1800,
		"*-*-* *:00,30:00,20": 4,
	} {
		e, err := calendar.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := startsPerHour(montimer.Schedule{Events: []calendar.Event{e}}); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
	if got := startsPerHour(montimer.Schedule{Every: []time.Duration{7 * time.Second}}); got != 515 {
		t.Errorf("every 7s: %d", got)
	}
}
