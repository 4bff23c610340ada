package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/flock"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

type dbRestoreCmd struct {
	runFlags
	From  string `arg:"" optional:"" name:"path" help:"Backup, or directory of backups, of which the newest good one is taken (default: backup: dir in /etc/montimer/config.yaml)."`
	Empty bool   `help:"Begin with an empty database."`
}

// Run restores a backup while nothing runs, and says where the old database is.
func (c dbRestoreCmd) Run(ctx context.Context, e env) error {
	h, err := e.asUser(c.given())
	if err != nil {
		return err
	}
	from := cmp.Or(c.From, h.Backup.Dir)
	switch {
	case c.Empty && c.From != "":
		return usage(errors.New("either a backup or --empty"))
	case c.Empty:
		from = ""
	case from == "":
		return usage(fmt.Errorf("which backup? Name a file or a directory, or begin with an empty database: %s", h.Instance.Command("db restore --empty")))
	}
	if err := host.MakeStateDir(h.StateDir); err != nil {
		return fmt.Errorf("make the state directory: %w", err)
	}
	file, _ := jobsfile.Read(ctx, h, jobsfile.Options{}) // without it, those that have run before
	done, err := backup.Source{Instance: h.Instance, StateDir: h.StateDir, Now: time.Now()}.Restore(ctx, from, file.Jobs)
	for _, bad := range done.Bad {
		e.warn("passed over: " + bad.Error())
	}
	if done.Kept != "" { // also if what was restored cannot be used
		defer e.note("the database before that is " + done.Kept + ": remove it when nothing in it is needed")
	}
	var running *taskexec.RunningError
	switch {
	case errors.As(err, &running):
		return exitError{exitTryAgain, fmt.Errorf("%w: wait for its end, or systemctl stop %s", err, h.Instance.Service(running.Profile))}
	case errors.Is(err, flock.ErrHeld), errors.Is(err, store.ErrBusy):
		return exitError{exitTryAgain, err}
	case err != nil:
		return err
	}
	fmt.Fprintf(e.stdout, "restored %s\n", cmp.Or(done.From, "an empty database"))
	return nil
}
