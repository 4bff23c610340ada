package main

import (
	"cmp"
	"context"

	"github.com/montimer/montimer/internal/legacy"
)

type stateExportCmd struct {
	stateFlags
	Dir string `placeholder:"DIR" help:"Where to write the files; the deploy user must be able to (default: the state directory, which is CACHE_DIR of the tasks)."`
}

// Run writes the state as text caches.
func (c stateExportCmd) Run(ctx context.Context, e env) error {
	h, err := e.becomeUser(c.given())
	if err != nil {
		return err
	}
	s, err := openState(ctx, e, c.given(), readState)
	if err != nil {
		return err
	}
	defer s.Close()
	complete, err := legacy.Export{From: s, Dir: cmp.Or(c.Dir, h.StateDir), Report: legacy.Report{Out: e.stdout, Err: e.stderr}}.Run(ctx)
	if err == nil && !complete {
		err = exitError{code: exitFailed}
	}
	return err
}
