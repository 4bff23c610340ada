package main

import (
	"context"
	"fmt"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/store"
)

type dbCmd struct {
	Init    dbInitCmd    `cmd:"" help:"Create the database, update its tables and build the indexes of alert_events."`
	Check   dbCheckCmd   `cmd:"" help:"Check the database for damage and missing parts; say how to fix them."`
	Backup  dbBackupCmd  `cmd:"" help:"Copy the database while others use it, and check the copy."`
	Prune   dbPruneCmd   `cmd:"" help:"Remove alerts that are older than a number of days."`
	Restore dbRestoreCmd `cmd:"" help:"Give the database the content of a backup; keep the old one beside it."`
}

type dbInitCmd struct{ stateFlags }

// Run creates or migrates the database.
func (c dbInitCmd) Run(ctx context.Context, e env) error {
	h, err := e.becomeUser(c.given())
	if err != nil {
		return err
	}
	if err := host.MakeStateDir(h.StateDir); err != nil {
		return fmt.Errorf("make the state directory: %w", err)
	}
	s, err := store.Open(ctx, h.StateDir, store.Options{Instance: e.instance})
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Init(ctx)
}
