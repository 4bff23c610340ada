package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
)

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
		done, err := store.Repair(ctx, e.instance, h.StateDir)
		for _, d := range done {
			fmt.Fprintln(e.stderr, d)
		}
		if err != nil {
			return noDatabase(h, err)
		}
	}
	problems, err := store.Check(ctx, e.instance, h.StateDir)
	for _, p := range problems {
		fmt.Fprintln(e.stdout, p)
	}
	if err == nil && len(problems) > 0 {
		err = exitError{code: exitFailed}
	}
	return noDatabase(h, err)
}

// noDatabase adds the command that creates a database to an err about a missing
// one.
func noDatabase(h montimer.Host, err error) error {
	if _, missing := os.Lstat(filepath.Join(h.StateDir, store.FileName)); errors.Is(err, fs.ErrNotExist) && errors.Is(missing, fs.ErrNotExist) {
		return fmt.Errorf("there is no database %s yet: the first run creates it, or %s", filepath.Join(h.StateDir, store.FileName), h.Instance.Command("db init"))
	}
	return err
}
