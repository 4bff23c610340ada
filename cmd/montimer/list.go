package main

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/jobsfile"
)

type listCmd struct {
	hostFlags
	Output string `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// listed is one profile as `list` shows it.
type listed struct {
	Profile  string            `json:"profile"`
	Enabled  bool              `json:"enabled"`
	Schedule string            `json:"schedule"`
	Timezone string            `json:"timezone"`
	Calendar []string          `json:"on_calendar"`
	Next     time.Time         `json:"next,omitzero"` // absent: never
	Tasks    int               `json:"tasks"`
	Paused   string            `json:"paused,omitzero"`   // until when, and why
	Instance montimer.Instance `json:"instance,omitzero"` // absent: the default one
}

// Run lists the profiles of jobs.yaml in file order.
func (c listCmd) Run(ctx context.Context, e env) error {
	h, err := c.host(e)
	if err != nil {
		return err
	}
	j, err := loadJobs(ctx, e, &h, jobsfile.Options{})
	if err != nil {
		return err
	}
	e.note(hostcheck.Sync(h, j))
	e.report(hostcheck.Alerts(h))
	rows := listProfiles(h.Instance, j.Profiles, time.Now())
	if c.Output == "json" {
		return console.JSONLines(e.stdout, rows)
	}
	return writeList(e.stdout, rows, console.Columns(e.stdout))
}

// writeList writes the rows as a table; see [console.Table].
func writeList(w io.Writer, rows []listed, columns int) error {
	cells := make([][]string, len(rows))
	for i, r := range rows {
		cells[i] = []string{r.Instance.Of(r.Profile), r.nextText(), strconv.Itoa(r.Tasks), r.scheduleText()}
	}
	return console.Table(w, columns, []string{"PROFILE", "NEXT", "TASKS", "SCHEDULE"}, cells)
}

func listProfiles(of montimer.Instance, profiles []montimer.Profile, now time.Time) []listed {
	rows := make([]listed, 0, len(profiles))
	for _, p := range profiles {
		r := listed{
			Instance: of,
			Profile:  p.Name,
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

func (r listed) nextText() string {
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
func (r listed) scheduleText() string {
	if r.Enabled && r.Paused != "" {
		return r.Schedule + "; " + r.Paused
	}
	return r.Schedule
}
