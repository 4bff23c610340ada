package main

import (
	"context"
	"errors"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/jobsfile"
)

type compileCmd struct {
	hostFlags
	Check          bool `xor:"mode" help:"Only check jobs.yaml. Needs neither systemd, root nor host settings."`
	Diff           bool `xor:"mode" help:"Write nothing; show what would change. Exit code 3: there are changes."`
	SystemdVersion int  `hidden:"" help:"Without effect: the units are the same for every systemd."`

	Strict bool   `help:"With --check: treat warnings as errors."`
	Output string `short:"o" enum:"text,json,github" default:"text" help:"With --check or --diff: text, json, or for --check github (annotations of a workflow run)."`
	File   string `arg:"" optional:"" help:"With --check: the file, - for standard input, instead of the jobs.yaml of the current directory or of --checkout."`
}

// Validate refuses flags of another mode.
func (c compileCmd) Validate() error {
	switch {
	case !c.Check && (c.File != "" || c.Strict || c.Output == "github"):
		return errors.New("FILE, --strict and --output github go with --check: montimer compile --check FILE, or --jobs FILE to compile that file")
	case !c.Check && !c.Diff && c.Output != "text":
		return errors.New("--output goes with --check or --diff")
	}
	return nil
}

// Run makes the unit directory match jobs.yaml, or shows what that would change.
func (c compileCmd) Run(ctx context.Context, e env) error {
	if c.Check {
		return c.check(e)
	}
	h, err := e.hostWithUser(c.given())
	if err != nil {
		return err
	}
	j, err := loadJobs(ctx, e, &h, jobsfile.Options{Prove: true, Files: true})
	if err != nil {
		return err
	}
	here := hostcheck.IsThisHost(h)
	if err := e.report(hostcheck.Check(h, j, here)); err != nil {
		return err
	}
	if here {
		showCheckout(ctx, e, h, j)
	}
	units, err := compiler.Render(h, j)
	if err != nil {
		return usage(err)
	}
	if c.Diff {
		e.note(hostcheck.Sync(h, j))
		return showDiff(ctx, e, h, units, c.Output)
	}
	return writeUnits(ctx, e, h, units)
}
