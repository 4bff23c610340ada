package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/tick"
)

type dbBackupCmd struct {
	stateFlags
	To     string `arg:"" optional:"" name:"path" help:"File to write or replace, or directory to add a file to (default: backup: dir in /etc/montimer/config.yaml)."`
	Keep   int    `placeholder:"N" help:"Remove older backups of the directory, so that N stay."`
	Report bool   `help:"Report the first of several failures (montimer-backup.service)."`
}

// Run makes a backup and prints its path.
func (c dbBackupCmd) Run(ctx context.Context, e env) error {
	if c.Keep < 0 {
		return usage(fmt.Errorf("--keep=%d: write how many backups stay, at least 1", c.Keep))
	}
	h, err := e.becomeUser(c.given())
	if err != nil {
		return err
	}
	path, err := tick.Backup{Host: h, To: c.To, Keep: c.Keep, Report: c.Report, Log: console.ServiceLog(e.stderr)}.Exec(ctx)
	if errors.Is(err, backup.ErrBusy) {
		return exitError{exitTryAgain, err}
	}
	if err == nil && path != "" {
		_, err = fmt.Fprintln(e.stdout, path)
	}
	return noDatabase(h, err)
}
