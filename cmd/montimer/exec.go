package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/journal"
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
			return byhand.StepDown(ctx, h, nil, append([]string{"exec", "--dry-run", c.Profile}, taskFlags(c.Task)...), e.stdout, e.stderr)
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
	if e.getenv("JOURNAL_STREAM") != "" {
		defer journal.Flush()
	}
	outlet := taskexec.NewOutlet()
	defer outlet.Close(readerTimeout)
	var live *console.Screen
	if !c.DryRun {
		live = console.NewScreen(e.stderr, func(draw func()) { outlet.Do(0, draw) })
	}
	if live != nil {
		defer live.Close()
		e.stderr = live
	}
	code, err := tick.Run{
		Host: h, UnitHost: e.source(c.given()).ForUnits,
		Profile: c.Profile, Tasks: c.Task, DryRun: c.DryRun, Notify: c.Notify,
		Stderr: e.stderr, Outlet: outlet, Screen: live,
	}.Exec(ctx)
	if err != nil { // flushed: the outlet may be stuck
		fmt.Fprintln(outlet.Writer(e.stderr), "montimer:", errorText(e.instance, err))
	}
	if code != exitDone {
		return exitError{code: code}
	}
	return nil
}

// readerTimeout is how long the end of a run waits for a stuck reader of its
// output.
const readerTimeout = 3 * time.Second

// taskFlags are the flags of exec for single tasks.
func taskFlags(tasks []string) (flags []string) {
	for _, t := range tasks {
		flags = append(flags, "--task="+t)
	}
	return flags
}
