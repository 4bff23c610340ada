package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/store"
)

type dbCmd struct {
	Init  dbInitCmd  `cmd:"" help:"Create the database, update its tables and build the indexes of alert_events."`
	Check dbCheckCmd `cmd:"" help:"Check the database for damage and missing parts; say how to fix them."`
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
	s, err := store.Open(ctx, h.StateDir, store.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Init(ctx)
}

type dbCheckCmd struct {
	stateFlags
	Repair bool `help:"First make what is missing, and move rows that cannot be read to the table montimer_set_aside."`
}

// Run prints one line for each repair and each problem, and fails when there is a
// problem.
func (c dbCheckCmd) Run(ctx context.Context, e env) error {
	h, err := e.becomeUser(c.given())
	if err != nil {
		return err
	}
	if c.Repair {
		done, err := store.Repair(ctx, h.StateDir)
		for _, d := range done {
			fmt.Fprintln(e.stderr, d)
		}
		if err != nil {
			return noDatabase(h.StateDir, err)
		}
	}
	problems, err := store.Check(ctx, h.StateDir)
	for _, p := range problems {
		fmt.Fprintln(e.stdout, p)
	}
	if err == nil && len(problems) > 0 {
		err = exitError{code: exitFailed}
	}
	return noDatabase(h.StateDir, err)
}

// noDatabase adds the command that creates a database to an err about a missing
// one.
func noDatabase(stateDir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database %s yet: the first run creates it, or montimer db init", filepath.Join(stateDir, store.FileName))
	}
	return err
}
