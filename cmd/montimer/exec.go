package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/coreos/go-systemd/v22/journal"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/taskexec"
)

type execCmd struct {
	hostFlags
	Profile string   `arg:"" help:"Name of the profile."`
	Task    []string `placeholder:"TASK" help:"Only this task, even where it is disabled; may be repeated."`
	DryRun  bool     `help:"Say what would run, and run nothing."`
}

// errRoot says why root runs no tasks.
var errRoot = errors.New("tasks do not run as root: use systemctl start, or runuser -u USER -- montimer exec (allow_root: true in the host's settings lifts this)")

// Run runs the tasks of one profile; its exit code tells how they fared.
func (c execCmd) Run(ctx context.Context, e env) error {
	h, err := c.host(e)
	if host.IsRoot() && !h.AllowRoot {
		return usage(errRoot)
	}
	if err != nil {
		return err
	}
	if !c.DryRun {
		if err := os.MkdirAll(h.StateDir, 0o750); err != nil {
			return fmt.Errorf("make the state directory: %w", err)
		}
	}
	inJournal, err := journal.StderrIsJournalStream()
	if err != nil {
		return fmt.Errorf("find out where standard error leads: %w", err)
	}
	runner := taskexec.Runner{
		Checkout: h.Checkout,
		StateDir: h.StateDir,
		Environ:  os.Environ(),
		Load:     func(ctx context.Context) (montimer.Jobs, error) { return loadJobs(ctx, e, &h) },
		Sink:     taskexec.NewTextSink(e.stderr, inJournal),
		Log:      slog.New(newRunLog(e.stderr, inJournal)),
	}
	result, err := runner.Exec(ctx, taskexec.Request{Profile: c.Profile, Tasks: c.Task, DryRun: c.DryRun})
	if said := (exitError{}); errors.As(err, &said) { // loadJobs has told what is wrong
		return said
	}
	if code := taskexec.ExitCode(result, err); code != 0 {
		return exitError{code, err}
	}
	return nil
}
