package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/doctor"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/view"
)

type doctorCmd struct {
	hostFlags
	Only   []string `placeholder:"ID" help:"Only this check; may be repeated."`
	Skip   []string `placeholder:"ID" help:"Not this check; may be repeated."`
	Strict bool     `help:"Treat warnings as faults."`
	Output string   `short:"o" enum:"text,json" default:"text" help:"text, or json: one object, with the checks that found nothing."`
}

// Run shows what is wrong with the host; its exit code says whether anything is.
func (c doctorCmd) Run(ctx context.Context, e env) error {
	findings, err := doctor.Run(ctx, e.source(c.given()), doctor.Options{Only: c.Only, Skip: c.Skip})
	if err != nil {
		return err
	}
	v := view.CheckupOf(e.instance, host.Hostname(), time.Now(), findings, c.Strict)
	if c.Output == "json" {
		err = console.JSONLines(e.stdout, []view.Checkup{v})
	} else {
		_, err = fmt.Fprint(e.stdout, v.Text(console.Colors(e.stdout)))
	}
	if err == nil && !v.OK {
		return exitError{code: exitFailed}
	}
	return err
}

// examineCmd is started by root as the run-as user: it looks at what that user
// controls.
type examineCmd struct {
	runFlags
	Parts string `required:"" help:"What to look at."`
}

// Run writes the facts as JSON.
func (c examineCmd) Run(ctx context.Context, e env) error {
	parts, err := doctor.ParseParts(c.Parts)
	if err != nil {
		return usage(err)
	}
	h, err := e.host(c.given())
	if err == nil {
		err = e.takeEnvironment(c.given(), h)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(e.stdout).Encode(doctor.Examine(ctx, h, parts))
}
