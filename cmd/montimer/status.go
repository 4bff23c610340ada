package main

import (
	"context"
	"fmt"

	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/view"
)

type statusCmd struct {
	runFlags
	Profile string `arg:"" optional:"" help:"Only this profile."`
	Output  string `short:"o" enum:"text,json" default:"text" help:"text, or json: one object."`
}

// Run shows the state of the host, the worst first; its exit code says whether
// a person is needed.
func (c statusCmd) Run(ctx context.Context, e env) error {
	if _, err := e.becomeUser(c.given()); err != nil {
		return err
	}
	h, err := e.host(c.given()) // who is no longer root finds jobs.yaml itself
	if err != nil {
		return err
	}
	facts, err := look.Host(ctx, h, e.source(c.given()), c.Profile)
	if err != nil {
		return err
	}
	v := view.Of(facts)
	if c.Output == "json" {
		err = console.JSONLines(e.stdout, []view.Overview{v})
	} else {
		header, rows := v.Table()
		err = console.Table(e.stdout, console.Columns(e.stdout), header, rows)
		if err == nil {
			_, err = fmt.Fprint(e.stdout, v.Notes())
		}
	}
	if err == nil && v.Attention {
		return exitError{code: exitFailed}
	}
	return err
}
