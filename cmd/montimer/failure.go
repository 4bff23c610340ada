package main

import (
	"context"

	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/pager"
)

type failureCmd struct {
	stateFlags
	IfMissing string `placeholder:"USER" help:"Do nothing, unless this user is missing or the handler that runs as this user could not report."`
	Unit      string `arg:"" help:"The unit that failed."`
}

// Run makes sure that the failure of a service is reported.
func (c failureCmd) Run(ctx context.Context, e env) error {
	h, err := e.becomeUser(c.given())
	return pager.Handler{
		Instance:  e.instance,
		Unit:      c.Unit,
		StateDir:  h.StateDir,
		Err:       err,
		IfMissing: c.IfMissing,
		Log:       console.ServiceLog(e.stderr),
	}.Run(ctx)
}

// endedCmd runs after each run of a service.
type endedCmd struct {
	stateFlags
	Profile string `arg:"" help:"Name of the profile."`
}

// Run records a run that was killed before it was on record.
func (c endedCmd) Run(ctx context.Context, e env) error {
	f := pager.EndedRun(e.instance, c.Profile)
	if f.Result == "success" || f.SelfReported() {
		return nil
	}
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	return pager.RecordEnd(ctx, e.instance, h.StateDir, f, console.ServiceLog(e.stderr))
}
