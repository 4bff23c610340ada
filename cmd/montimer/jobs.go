package main

import (
	"context"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/taskexec"
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

// loadJobs reads the jobs.yaml of the host, sets its path, and shows its
// diagnostics. Errors make it fail.
func loadJobs(ctx context.Context, e env, h *montimer.Host, opt jobsfile.Options) (montimer.Jobs, error) {
	f, err := jobsfile.Read(ctx, *h, opt)
	if err != nil {
		return montimer.Jobs{}, usage(err)
	}
	h.JobsFile = f.Path
	return f.Jobs, e.show(f)
}

// show writes the diagnostics of a jobs.yaml; errors make it fail.
func (e env) show(f jobsfile.File) error {
	jobs.WriteText(e.stderr, f.Diagnostics, console.Colors(e.stderr))
	if jobs.HasErrors(f.Diagnostics) {
		return exitError{code: exitUsage}
	}
	return nil
}

// loadProfile is loadJobs for one profile, which must exist.
func loadProfile(ctx context.Context, e env, h *montimer.Host, name string, opt jobsfile.Options) (montimer.Profile, error) {
	f, err := jobsfile.Read(ctx, *h, opt)
	if err != nil {
		return montimer.Profile{}, usage(err)
	}
	h.JobsFile = f.Path
	if err := e.show(f.Of(name)); err != nil {
		return montimer.Profile{}, err
	}
	return taskexec.FindProfile(f.Jobs, name)
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
