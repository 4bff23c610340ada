package main

import (
	"context"
	"io"

	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/listing"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/view"
)

type listCmd struct {
	readFlags
	envFlag
	Output string `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

func (c listCmd) given() host.Settings {
	s := c.readFlags.given()
	s.EnvFile = c.EnvFile
	return s
}

// Run lists the profiles of jobs.yaml in file order, with the times of their timers.
func (c listCmd) Run(ctx context.Context, e env) error {
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	j, err := loadJobs(ctx, e, &h, jobsfile.Options{})
	if err != nil {
		return err
	}
	e.report(hostcheck.Alerts(h))
	profiles, notes := listing.Profiles(view.Of(look.Timers(ctx, h, e.source(c.given()), j)), j.Profiles)
	e.note(append(notes, hostcheck.Sync(h, j))...)
	return console.Show(e.stdout, c.Output, profiles, func(w io.Writer) error { return console.Fit(w)(listing.Table(profiles)) })
}
