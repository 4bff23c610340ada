// Package listing has the profiles of a host as a list: what they are, and when
// they run next.
package listing

import (
	"strconv"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
)

// Profile is one profile, as JSON.
type Profile struct {
	Name     string            `json:"profile"`
	Enabled  bool              `json:"enabled"`
	Schedule string            `json:"schedule"`
	Timezone string            `json:"timezone"`
	Calendar []string          `json:"on_calendar"`
	Next     time.Time         `json:"next,omitzero"` // absent: never
	Tasks    int               `json:"tasks"`
	Paused   string            `json:"paused,omitzero"`   // until when, and why
	Instance montimer.Instance `json:"instance,omitzero"` // absent: the default one
}

// Profiles lists profiles in their order, as of a time.
func Profiles(of montimer.Instance, profiles []montimer.Profile, now time.Time) []Profile {
	rows := make([]Profile, 0, len(profiles))
	for _, p := range profiles {
		r := Profile{
			Instance: of,
			Name:     p.Name,
			Enabled:  p.Enabled,
			Schedule: p.Schedule.Words,
			Timezone: p.Schedule.Timezone,
			Calendar: []string{},
			Tasks:    len(p.EnabledTasks()),
		}
		r.Paused, _ = host.PausedNow(of, p.Name, now) // exec reports a damaged one
		for _, event := range p.Schedule.Events {
			r.Calendar = append(r.Calendar, event.String())
		}
		if next, ok := p.Schedule.Next(now, time.Local); ok && p.Enabled {
			r.Next = next.UTC()
		}
		rows = append(rows, r)
	}
	return rows
}

func (r Profile) nextText() string {
	switch {
	case !r.Enabled:
		return "disabled"
	case r.Paused != "":
		return "paused"
	case r.Next.IsZero():
		return "-"
	}
	format := "Mon 2006-01-02 15:04 MST"
	if r.Next.Second() != 0 {
		format = "Mon 2006-01-02 15:04:05 MST"
	}
	return r.Next.Local().Format(format)
}

// scheduleText says when a profile runs, and until when and why it does not.
func (r Profile) scheduleText() string {
	if r.Enabled && r.Paused != "" {
		return r.Schedule + "; " + r.Paused
	}
	return r.Schedule
}

// Table returns the profiles as a table for people.
func Table(profiles []Profile) (header []string, rows [][]string) {
	for _, r := range profiles {
		rows = append(rows, []string{r.Instance.Of(r.Name), r.nextText(), strconv.Itoa(r.Tasks), r.scheduleText()})
	}
	return []string{"PROFILE", "NEXT", "TASKS", "SCHEDULE"}, rows
}
