package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/taskexec"
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
	direct := execCmd{runFlags: c.runFlags, Profile: c.Profile, Task: c.Task, Notify: c.Notify, DryRun: c.DryRun}
	switch {
	case c.DryRun:
		return direct.Run(ctx, e)
	case len(c.Task) == 0 && !c.Notify:
		return c.start(ctx, e)
	case host.IsRoot():
		return c.transient(ctx, e)
	}
	return direct.Run(ctx, e)
}

// start starts the profile's service, unless the profile is disabled. A
// jobs.yaml that cannot be read is reported by the run.
func (c runCmd) start(ctx context.Context, e env) error {
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	p, err := jobsfile.FindProfile(ctx, h, c.Profile)
	var unknown *taskexec.UnknownError
	switch {
	case errors.As(err, &unknown):
		return err
	case err == nil && !p.Enabled:
		fmt.Fprintf(e.stderr, "profile '%s' is disabled, skipping (enabled: false in jobs.yaml; a single task of it: --task TASK)\n", c.Profile)
		return nil
	}
	run, release, err := byhand.Start(ctx, e.instance, c.Profile)
	switch {
	case ctx.Err() != nil:
		return goesOn(e, run)
	case errors.Is(err, byhand.ErrRunning):
		fmt.Fprintf(e.stderr, "%s %v\n", e.instance.Of(c.Profile), err)
	case err != nil:
		return err
	}
	defer release()
	if !c.Follow {
		fmt.Fprintf(e.stderr, "run %s%s; see: %s\n", run.Invocation, e.ofInstance(), e.instance.Command("logs "+run.Invocation))
		return nil
	}
	ending, err := journal.Follow(ctx, run, e.stdout, e.stderr)
	switch code, reason := ending.Code(), ending.Reason(); {
	case err != nil && ctx.Err() != nil:
		return goesOn(e, run)
	case err != nil:
		return err
	case reason != "":
		return exitError{code, errors.New(reason)}
	case code != exitDone:
		return exitError{code: code}
	}
	return nil
}

// goesOn says that the run goes on after the end of following.
func goesOn(e env, run journal.Run) error {
	fmt.Fprintf(e.stderr, "stopped following; the run goes on. To see it: %s\nTo end it: systemctl stop %s\n", e.instance.Command("logs "+run.Invocation+" --follow"), run.Unit)
	return exitError{code: exitInterrupted}
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
	if err := taskexec.KnowsTasks(p, c.Task); err != nil {
		return err
	}
	args := taskFlags(c.Task)
	if c.Notify {
		args = append(args, "--notify")
	}
	code, err := byhand.Tasks(ctx, h, p, args, e.stdout, e.stderr)
	switch {
	case ctx.Err() != nil:
		return exitError{code: exitInterrupted}
	case err == nil && code != exitDone:
		return exitError{code: code}
	}
	return err
}
