package main

import (
	"context"
	"io"
	"time"

	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/listing"
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

// Run lists the profiles of jobs.yaml in file order.
func (c listCmd) Run(ctx context.Context, e env) error {
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	j, err := loadJobs(ctx, e, &h, jobsfile.Options{})
	if err != nil {
		return err
	}
	e.note(hostcheck.Sync(h, j))
	e.report(hostcheck.Alerts(h))
	profiles := listing.Profiles(h.Instance, j.Profiles, time.Now())
	return console.Show(e.stdout, c.Output, profiles, func(w io.Writer) error { return console.Fit(w)(listing.Table(profiles)) })
}
