// Package testhost has a host and profiles for the tests of the packages that
// make units or compare them.
package testhost

import (
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// Host returns the settings of a host on which all is where it usually is.
func Host() montimer.Host {
	var i montimer.Instance
	return montimer.Host{
		JobsFile: "/srv/app/jobs.yaml", Checkout: "/srv/app", StateDir: i.StateDir(),
		EnvFile: i.EnvFile(), User: "root", Group: "root",
		UnitDir: "/usr/local/lib/systemd/system", Binary: "/bin/true",
	}
}

// Events parses calendar events.
func Events(t testing.TB, specs ...string) []calendar.Event {
	t.Helper()
	var list []calendar.Event
	for _, s := range specs {
		e, err := calendar.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// Profiles returns one profile of each kind, the last one disabled.
func Profiles(t testing.TB) []montimer.Profile {
	return []montimer.Profile{
		{Name: "hourly", Enabled: true, CatchUp: true, Description: "what the hour brings",
			Schedule: montimer.Schedule{Events: Events(t, "*-*-* *:05:00 UTC"), Words: "at 5 minutes past every hour", Timezone: "UTC"}},
		{Name: "two-lines", Enabled: true, Jitter: 90 * time.Second,
			Schedule: montimer.Schedule{Events: Events(t, "Fri *-*-* 04:30:00 Europe/Berlin", "*-*-01,15 04:30:00 Europe/Berlin"),
				Words: "at 04:30 on the 1st and 15th of every month, and also every Friday", Timezone: "Europe/Berlin"}},
		{Name: "monotonic", Enabled: true,
			Schedule: montimer.Schedule{Boot: true, Every: []time.Duration{7 * time.Hour}, Words: "once after each boot; every 7 hours"}},
		{Name: "off", Schedule: montimer.Schedule{Events: Events(t, "daily"), Words: "at 00:00 every day"}},
	}
}
