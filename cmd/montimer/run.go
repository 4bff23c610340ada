package main

import (
	"context"

	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
)

type runCmd struct {
	runFlags
	Profile string   `arg:"" help:"Name of the profile."`
	Task    []string `placeholder:"TASK" help:"Run only this task, even if it or its profile is disabled; may be repeated. Waits for the end."`
	Follow  bool     `short:"f" help:"Show what the run logs until it ends, and exit with its exit code."`
	Notify  bool     `help:"Send alerts for this run too: by default a run by hand sends none. Waits for the end."`
	DryRun  bool     `help:"Show what would run, and run nothing."`
}

// Run starts a run as the timer would: by systemd, as its user, in its sandbox.
// Options that the profile's unit does not take (tasks, alerts) need a
// transient service with the properties of the profile's, and Run waits for its
// end; a user other than root runs it directly.
func (c runCmd) Run(ctx context.Context, e env) error {
	byService := len(c.Task) == 0 && !c.Notify
	if c.DryRun || !byService && !host.IsRoot() {
		return execCmd{runFlags: c.runFlags, Profile: c.Profile, Task: c.Task, Notify: c.Notify, DryRun: c.DryRun}.Run(ctx, e)
	}
	if !byService {
		return c.transient(ctx, e)
	}
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	return exited(byhand.Service{Host: h, Profile: c.Profile, Follow: c.Follow, Stdout: e.stdout, Stderr: e.stderr}.Run(ctx))
}

// transient runs single tasks, or sends alerts, as root.
func (c runCmd) transient(ctx context.Context, e env) error {
	h, err := e.hostWithUser(c.given())
	if err != nil {
		return err
	}
	p, err := loadProfile(ctx, e, &h, c.Profile, jobsfile.Options{})
	if err != nil {
		return err
	}
	return exited(byhand.Tasks(ctx, h, p, c.Task, c.Notify, e.stdout, e.stderr))
}
