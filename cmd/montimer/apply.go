package main

import (
	"context"
	"errors"

	"os"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/apply"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/jobsfile"
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
	j, err := loadJobs(ctx, e, &h, jobsfile.Options{Prove: true, ToLog: c.Automatic})
	if err != nil {
		return err
	}
	units, err := compiler.Render(h, j)
	if err != nil {
		return usage(err)
	}
	conn, err := apply.Connect(ctx, h, e.warn)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := e.report(hostcheck.Check(h, j, true)); err != nil {
		return err
	}
	if !c.Automatic { // it shows lines of jobs.yaml
		showCheckout(ctx, e, h, j)
		defer noteLeftovers(e, h)
	}
	return apply.Applier{NoCatchUp: c.NoCatchUp, Automatic: c.Automatic}.On(ctx, conn, h, units, e.stdout, e.stderr)
}
