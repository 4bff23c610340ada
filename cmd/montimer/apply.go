package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/apply"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/unitdir"
)

type applyCmd struct {
	hostFlags
	NoCatchUp bool `help:"Do not run missed jobs (for a standby host that takes over)."`
	Automatic bool `help:"Unattended: print no text of jobs.yaml, and do not start a stopped target."`
}

// Run makes systemd match jobs.yaml. Standard output has one line for each
// step, standard error notes and warnings.
func (c applyCmd) Run(ctx context.Context, e env) error {
	if os.Geteuid() != 0 {
		return usage(errors.New("apply changes the system's units: run it as root, or use compile"))
	}
	h, err := e.hostWithUser(c.given())
	if err != nil {
		return err
	}
	// Locked before jobs.yaml is read: of two at once, the later one has read the
	// newer file.
	unlock, err := lockCompile(ctx, e)
	if err != nil {
		return err
	}
	defer unlock()
	f, err := jobsfile.Read(ctx, h, jobsfile.Options{Prove: true})
	if err != nil {
		return usage(err)
	}
	if c.Automatic { // the output goes to the journal
		f = f.WithoutText()
	}
	if err := e.show(f); err != nil {
		return err
	}
	h.JobsFile = f.Path
	units, err := compiler.Render(h, f.Jobs.Profiles)
	if err != nil {
		return usage(err)
	}
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	warning, err := apply.CheckSystemd(conn, h)
	if warning != "" {
		fmt.Fprintln(e.stderr, "warning:", warning)
	}
	if errors.Is(err, apply.ErrNotRead) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	if err := e.report(hostcheck.Check(h, f.Jobs, true)); err != nil {
		return err
	}
	if !c.Automatic { // it shows lines of jobs.yaml
		showCheckout(ctx, e, h, f.Jobs)
		defer noteLeftovers(e, h)
	}
	return c.apply(ctx, e, conn, h, units)
}

func (c applyCmd) apply(ctx context.Context, e env, conn *systemd.Conn, h montimer.Host, units []compiler.Unit) error {
	dir, err := unitdir.Open(h.UnitDir, h.Instance)
	if err != nil {
		return err
	}
	defer dir.Close()
	a, err := apply.OnSystemd(conn, dir)
	if err != nil {
		return err
	}
	steps := 0
	a.NoCatchUp, a.Automatic = c.NoCatchUp, c.Automatic
	a.Done = func(verb, unit string) {
		steps++
		fmt.Fprintf(e.stdout, "%-6s  %s\n", verb, unit)
	}
	a.Say = func(message string) { fmt.Fprintln(e.stderr, "note:", message) }
	err = a.Apply(ctx, units)
	if err == nil && steps == 0 {
		fmt.Fprintln(e.stderr, "nothing changed")
	}
	return err
}
