package main

import (
	"context"
	"fmt"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/apply"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/takeover"
)

// handingOver returns what root does to this host, and jobs.yaml. An error about that
// file comes with the rest; without done there is nothing.
func (e env) handingOver(ctx context.Context, given hostFlags) (r takeover.Root, j montimer.Jobs, done func(), err error) {
	h, err := e.hostWithUser(given.given())
	if err != nil {
		return r, j, nil, err
	}
	id, err := backup.MachineID()
	if err != nil {
		return r, j, nil, err
	}
	conn, err := apply.Connect(ctx, h, e.warn)
	if err != nil {
		return r, j, nil, err
	}
	j, err = loadJobs(ctx, e, &h, jobsfile.Options{Prove: true})
	r = takeover.On(h, j, takeover.Machine{Name: host.Hostname(), ID: id}, conn, e.stderr)
	r.Say = func(text string) { fmt.Fprintln(e.stdout, safetext.String(text)) }
	r.Write = func(ctx context.Context) error {
		units, err := compiler.Render(h, j)
		if err == nil {
			_, _, err = apply.Write(ctx, h, units)
		}
		return err
	}
	r.Apply = func(ctx context.Context) error { return applyCmd{hostFlags: given, NoCatchUp: true}.Run(ctx, e) }
	return r, j, conn.Close, err
}

// handoverCmd is started by root as the run-as user: it does that user's part of a
// takeover or a retirement.
type handoverCmd struct {
	runFlags
	Ask string `arg:"" help:"What to do, as JSON."`
}

// Run does what is asked for, and writes the answer as JSON.
func (c handoverCmd) Run(ctx context.Context, e env) error {
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	return takeover.Serve(ctx, h, c.Ask, e.stdout)
}
