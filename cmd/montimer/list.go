package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
)

type listCmd struct {
	hostFlags
	Output string `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// listed is one profile as `list` shows it.
type listed struct {
	Profile  string    `json:"profile"`
	Enabled  bool      `json:"enabled"`
	Schedule string    `json:"schedule"`
	Timezone string    `json:"timezone"`
	Calendar []string  `json:"on_calendar"`
	Next     time.Time `json:"next,omitzero"`
	Tasks    int       `json:"tasks"`
	Paused   string    `json:"paused,omitzero"` // until when, and why
}

// Run lists the profiles of jobs.yaml in file order.
func (c listCmd) Run(ctx context.Context, e env) error {
	h, err := c.host(e)
	if err != nil {
		return err
	}
	j, err := loadJobs(ctx, e, &h)
	if err != nil {
		return err
	}
	warnNoSync(e.stderr, h, j)
	if text, ok := environmentFile(h); ok {
		warnMode(e.stderr, h, host.Environment(text))
	}
	rows := listProfiles(j.Profiles, time.Now())
	if c.Output == "json" {
		enc := json.NewEncoder(e.stdout)
		enc.SetEscapeHTML(false)
		for _, r := range rows {
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PROFILE\tNEXT\tTASKS\tSCHEDULE")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", r.Profile, r.nextText(), r.Tasks, r.Schedule)
	}
	return w.Flush()
}

func listProfiles(profiles []montimer.Profile, now time.Time) []listed {
	rows := make([]listed, 0, len(profiles))
	for _, p := range profiles {
		r := listed{
			Profile:  p.Name,
			Enabled:  p.Enabled,
			Schedule: p.Schedule.Words,
			Timezone: p.Schedule.Timezone,
			Calendar: []string{},
			Tasks:    len(p.EnabledTasks()),
		}
		r.Paused, _ = pauseNow(p.Name, now) // of one that is damaged, exec tells
		for _, event := range p.Schedule.Events {
			r.Calendar = append(r.Calendar, event.String())
		}
		if next, ok := p.Schedule.Next(now, time.Local); ok && p.Enabled {
			r.Next = next
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
		return r.Paused
	case r.Next.IsZero():
		return "-"
	}
	return r.Next.Local().Format("Mon 2006-01-02 15:04:05 MST")
}
