package main

import (
	"context"
	"io"

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
	h, err := e.asUser(c.given())
	if err != nil {
		return err
	}
	facts, err := look.Host(ctx, h, e.source(c.given()), c.Profile)
	if err != nil {
		return err
	}
	v := view.Of(facts)
	err = console.Show(e.stdout, c.Output, []view.Overview{v}, func(w io.Writer) error {
		if err := console.Fit(w)(v.Table()); err != nil {
			return err
		}
		_, err := io.WriteString(w, v.Notes(console.Columns(w)))
		return err
	})
	if err == nil && v.Attention {
		return exitError{code: exitFailed}
	}
	return err
}
