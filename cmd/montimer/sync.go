package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/gitsync"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/internal/safetext"
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
	if host.IsRoot() && h.User != "root" {
		environ, err := byhand.PassedEnvironment(h)
		if err != nil {
			return err
		}
		args := []string{"sync"}
		if c.Repair {
			args = append(args, "--repair")
		}
		if c.URL != "" {
			args = append(args, "--url="+c.URL)
		}
		return byhand.StepDown(ctx, h, environ, args, e.stdout, e.stderr)
	}
	if err := e.takeEnvironment(c.given(), h); err != nil {
		return err
	}
	if err := host.MakeStateDir(h.StateDir); err != nil {
		return fmt.Errorf("make the state directory: %w", err)
	}
	defer console.KeepAlive(e.getenv("NOTIFY_SOCKET"), "git sync")()
	checkout := tick.NewCheckout(h, e.source(c.given()).ForUnits, new(jobsfile.Reader), console.NewLog(e.stderr, false))
	tick.Isolate(checkout.Log)
	if c.Repair {
		if err := c.repair(ctx, e, checkout.Syncer); err != nil {
			return err
		}
	}
	o := checkout.Syncer.Run(ctx)
	if len(o.Pages) > 0 {
		if err := pager.SendPages(ctx, e.instance, h.StateDir, o.Pages, checkout.Log); err != nil {
			checkout.Log.Error("alerts: " + err.Error())
		}
	}
	switch {
	case o.Err != nil:
		return fmt.Errorf("git sync: %s", checkout.Safe(o.Err))
	case o.PutOff:
		return exitError{exitTryAgain, fmt.Errorf("git sync: %v", o)}
	case len(o.Failed) > 0:
		return exitError{code: exitFailed}
	}
	_, err = fmt.Fprintln(e.stdout, o)
	return err
}

// repair replaces a damaged repository, and prints what it kept.
func (c syncCmd) repair(ctx context.Context, e env, s gitsync.Syncer) error {
	commit, kept, err := s.Repair(ctx, c.URL)
	if kept != "" {
		fmt.Fprintf(e.stderr, "the old repository is in %s: remove it when nothing in it is needed\n", kept)
	}
	if err != nil {
		return fmt.Errorf("repair the repository of %s: %s", s.Repo, safetext.String(err.Error()))
	}
	_, err = fmt.Fprintf(e.stdout, "repaired %s, at commit %s\n", s.Repo, commit[:min(len(commit), 8)])
	return err
}
