package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/apply"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/timer"
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
	h, err := c.hostWithUser(e)
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
	j := f.Jobs
	warnUnknown(e.stderr, h, j)
	warnUnwritten(e.stderr, h)
	units, err := compiler.Render(h, j.Profiles)
	if err != nil {
		return usage(err)
	}
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := warnVersion(e.stderr, conn); err != nil {
		return err
	}
	if err := checkRead(conn, h.Instance, h.UnitDir); err != nil {
		return err
	}
	if err := errors.Join(checkBinary(e.stderr, h, true), checkHost(e.stderr, h, j, true)); err != nil {
		return usage(err)
	}
	if !c.Automatic { // it shows lines of jobs.yaml
		inspect(ctx, e.stderr, h, j)
	}
	warnEnvironment(e.stderr, h, j)
	err = c.apply(ctx, e, conn, h.UnitDir, units)
	if !c.Automatic {
		noteLeftovers(e.stderr, h.UnitDir)
	}
	return err
}

func (c applyCmd) apply(ctx context.Context, e env, conn *systemd.Conn, unitDir string, units []compiler.Unit) error {
	booted, err := conn.BootedAt()
	if err != nil {
		return err
	}
	dir, err := unitdir.Open(unitDir, e.instance)
	if err != nil {
		return err
	}
	defer dir.Close()
	steps := 0
	a := apply.Applier{
		Dir:       dir,
		State:     conn,
		Control:   conn,
		Boot:      conn,
		Stamps:    apply.Stamps{Instance: e.instance, Dir: "/var/lib/systemd/timers", DropIns: "/run/systemd/system"},
		Clock:     timer.Clock{Now: time.Now(), Boot: booted, Local: time.Local},
		NoCatchUp: c.NoCatchUp,
		Automatic: c.Automatic,
		Done: func(verb, unit string) {
			steps++
			fmt.Fprintf(e.stdout, "%-6s  %s\n", verb, unit)
		},
		Say: func(message string) { fmt.Fprintln(e.stderr, "note:", message) },
	}
	if err := a.Apply(ctx, units); err != nil {
		return err
	}
	if steps == 0 {
		fmt.Fprintln(e.stderr, "nothing changed")
	}
	return nil
}

// oldest is the oldest systemd with all directives of the units.
const oldest = 252

// warnVersion warns of a systemd that does not know all directives of the units.
func warnVersion(w io.Writer, conn *systemd.Conn) error {
	version, err := conn.Version()
	if err == nil && version < oldest {
		fmt.Fprintf(w, "warning: this is systemd %d; the units need %d or newer\n", version, oldest)
	}
	return err
}
