package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/tick"
)

type syncCmd struct {
	runFlags
	Repair bool   `help:"Replace a damaged repository by a new fetch; the old one is kept in the checkout."`
	URL    string `name:"url" placeholder:"URL" help:"With --repair: the remote, where .git/config has lost it."`
}

// Run syncs the checkout as a run does. The exit code is 75 when tasks
// prevented it.
func (c syncCmd) Run(ctx context.Context, e env) error {
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	if missing := tick.MissingEnvFile(); missing != "" {
		return errors.New(missing)
	}
	s := tick.Sync{Host: h, UnitHost: e.source(c.given()).ForUnits, Repair: c.Repair, URL: c.URL, Stdout: e.stdout, Stderr: e.stderr}
	if host.IsRoot() && h.User != "root" {
		environ, err := byhand.PassedEnvironment(h)
		if err != nil {
			return err
		}
		return byhand.StepDown(ctx, h, environ, s.Args(), e.stdout, e.stderr)
	}
	if err := e.takeEnvironment(c.given(), h); err != nil {
		return err
	}
	if err := host.MakeStateDir(h.StateDir); err != nil {
		return fmt.Errorf("make the state directory: %w", err)
	}
	o, err := s.Exec(ctx)
	switch {
	case err != nil:
		return err
	case o.PutOff:
		return exitError{exitTryAgain, fmt.Errorf("git sync: %v", o)}
	case len(o.Failed) > 0:
		return exitError{code: exitFailed}
	}
	_, err = fmt.Fprintln(e.stdout, o)
	return err
}
