package main

import (
	"context"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/taskexec"
)

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
