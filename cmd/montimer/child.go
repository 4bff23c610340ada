package main

import (
	"context"

	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/jobsfile"
)

// readJobsCmd is started by root as the run-as user: it finds and reads
// jobs.yaml.
type readJobsCmd struct {
	readFlags
}

// Run writes the path of jobs.yaml and the file.
func (c readJobsCmd) Run(e env) error {
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	if err := jobsfile.Send(e.stdout, h); err != nil {
		return usage(err)
	}
	return nil
}

// inspectCmd is started by root as the run-as user: it looks at the checkout.
type inspectCmd struct {
	runFlags
	Synced bool `help:"The checkout is synced."`
}

// Run writes a warning for each thing that would fail at every run.
func (c inspectCmd) Run(ctx context.Context, e env) error {
	h, err := e.hostWithUser(c.given())
	if err != nil {
		return err
	}
	return hostcheck.Inspect(ctx, e.stdout, h, c.Synced)
}
