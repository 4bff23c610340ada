package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/apply"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/diff"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/timer"
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

// Run makes the unit directory match jobs.yaml. Standard output has
// one line for each file that changes, standard error what to do next.
func (c compileCmd) Run(ctx context.Context, e env) error {
	if c.Check {
		return check(e, jobsfile.Candidate{Name: cmp.Or(c.File, c.Jobs), Checkout: c.Checkout, Stdin: os.Stdin}, c.Output, c.Strict)
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
	units, err := compiler.Render(h, j.Profiles)
	if err != nil {
		return usage(err)
	}
	if c.Diff {
		e.note(hostcheck.Sync(h, j))
		return c.diff(ctx, e, h, units)
	}
	if os.Geteuid() == 0 {
		unlock, err := lockCompile(ctx, e)
		if err != nil {
			return err
		}
		defer unlock()
	}
	plan, running, err := apply.Write(ctx, h, units)
	if errors.Is(err, fs.ErrPermission) && !host.IsRoot() {
		return fmt.Errorf("%w: sudo %s, or --out DIR to write the units elsewhere", err, h.Instance.Command("compile"))
	}
	if err != nil {
		return err
	}
	for _, change := range plan {
		if _, err := fmt.Fprintf(e.stdout, "%-6s  %s\n", change.Action, change.Name); err != nil {
			return err
		}
	}
	for _, line := range apply.Next(h.Instance, plan) {
		fmt.Fprintln(e.stderr, line)
	}
	for _, name := range running {
		e.note("kept while its run is under way, compile again afterwards to remove it: " + name)
	}
	if here {
		noteLeftovers(e, h)
	}
	return nil
}

// diff shows what writing the units would change. It takes no lock and writes
// nothing.
func (c compileCmd) diff(ctx context.Context, e env, h montimer.Host, units []compiler.Unit) error {
	booted, err := systemd.BootedAt(ctx)
	if err != nil {
		return err
	}
	var running diff.Systemd
	if conn, err := systemd.Connect(ctx); err == nil {
		defer conn.Close()
		running = conn
	}
	found, err := diff.Compare(ctx, h, units, running, timer.Clock{Now: time.Now(), Boot: booted, Local: time.Local})
	if err != nil {
		return err
	}
	if c.Output == "json" {
		err = found.WriteJSON(e.stdout)
	} else {
		err = found.WriteText(e.stdout, console.Colors(e.stdout))
	}
	if err == nil && len(found.Changes) > 0 {
		return exitError{code: exitChanges}
	}
	return err
}

// lockCompile waits for other compiles to end, and locks out new ones until
// unlock is called.
func lockCompile(ctx context.Context, e env) (unlock func(), err error) {
	unlock, err = host.LockCompile(ctx, e.instance, func() { fmt.Fprintln(e.stderr, "waiting for another compile or apply to end") })
	switch {
	case errors.Is(err, host.ErrCompiling):
		return nil, exitError{exitTryAgain, err}
	case errors.Is(err, context.Canceled):
		return nil, exitError{code: exitInterrupted} // stopped by the operator
	}
	return unlock, err
}

// showCheckout shows what is wrong with the checkout.
func showCheckout(ctx context.Context, e env, h montimer.Host, j montimer.Jobs) {
	found, err := hostcheck.Checkout(ctx, h, j)
	if err != nil {
		e.note("cannot look into the checkout: " + safetext.String(err.Error()))
	}
	safetext.NewWriter(e.stderr).Write(found)
}

func noteLeftovers(e env, h montimer.Host) {
	for _, note := range hostcheck.Leftovers(h.UnitDir) {
		e.note(note)
	}
}
