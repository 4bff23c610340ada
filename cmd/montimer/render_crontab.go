package main

import (
	"context"

	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/legacy"
)

type renderCrontabCmd struct{ readFlags }

// Run prints the crontab that the old system made of jobs.yaml.
func (c renderCrontabCmd) Run(ctx context.Context, e env) error {
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	profiles, f, err := jobsfile.ReadOld(ctx, h)
	if err != nil {
		return usage(err)
	}
	if err := e.show(f); err != nil {
		return err
	}
	return writeRaw(e.stdout, legacy.Crontab(profiles))
}
