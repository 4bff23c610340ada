package main

import (
	"context"
	"fmt"
	"os"

	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/tick"
	"github.com/montimer/montimer/taskexec"
)

type execCmd struct {
	runFlags
	Profile string   `arg:"" help:"Name of the profile."`
	Task    []string `placeholder:"TASK" help:"Run only this task, even if it or its profile is disabled; may be repeated."`
	DryRun  bool     `help:"Show what would run, and run nothing."`
	Notify  bool     `help:"Send alerts for this run too: by default a run by hand sends none."`
}

// Run runs the tasks of one profile; its exit code tells how they ended.
func (c execCmd) Run(ctx context.Context, e env) error {
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	if host.IsRoot() && h.User != "root" {
		if c.DryRun {
			return byhand.StepDown(ctx, h, nil, append([]string{"exec", "--dry-run", c.Profile}, byhand.TaskFlags(c.Task)...), e.stdout, e.stderr)
		}
		return usage(fmt.Errorf("tasks do not run as root: use %s (or runuser -u %s -- %s)",
			e.instance.Command("run "+c.Profile), h.User, e.instance.Command("exec "+c.Profile)))
	}
	if !c.DryRun {
		if err := e.takeEnvironment(c.given(), h); err != nil {
			return err
		}
		err := host.MakeStateDir(h.StateDir)
		if err != nil && !taskexec.IsService(os.Environ()) {
			return fmt.Errorf("make the state directory: %w", err)
		} // a service runs without it, and reports that
	}
	return exited(tick.Run{
		Host: h, UnitHost: e.source(c.given()).ForUnits,
		Profile: c.Profile, Tasks: c.Task, DryRun: c.DryRun, Notify: c.Notify,
		Stderr: e.stderr, ErrorText: func(err error) string { return errorText(e.instance, err) },
	}.Exec(ctx), nil)
}
