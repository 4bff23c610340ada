package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/systemd"
)

type applyCmd struct {
	hostFlags
	NoCatchUp bool `help:"Start nothing for what was missed so far: for a standby host that takes over."`
	Automatic bool `help:"Nobody watches: print no text of jobs.yaml, and leave a target alone that is off."`
}

// Run brings systemd in line with jobs.yaml. Standard output has one line for
// each step that was taken, standard error what a person should know.
func (c applyCmd) Run(ctx context.Context, e env) error {
	if os.Geteuid() != 0 {
		return usage(errors.New("apply changes the system's units: run it as root, or use compile"))
	}
	h, err := c.hostWithUser(e)
	if err != nil {
		return err
	}
	e.unwatched = c.Automatic
	j, err := loadJobs(ctx, e, &h)
	if err != nil {
		return err
	}
	units, err := compiler.Render(h, j.Profiles)
	if err != nil {
		return usage(err)
	}
	unlock, err := host.LockCompile()
	if err != nil {
		return err
	}
	defer unlock()
	return c.apply(ctx, e, h.UnitDir, units)
}

func (c applyCmd) apply(ctx context.Context, e env, unitDir string, units []compiler.Unit) error {
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	booted, err := conn.BootedAt()
	if err != nil {
		return err
	}
	dir, err := compiler.OpenDirectory(unitDir)
	if err != nil {
		return err
	}
	defer dir.Close()

	steps := 0
	a := compiler.Applier{
		Dir:       dir,
		Manager:   manager{conn},
		Stamps:    compiler.Stamps{Dir: "/var/lib/systemd/timers", DropIns: "/run/systemd/system"},
		Moment:    compiler.Moment{Now: time.Now(), Boot: booted, Local: time.Local},
		NoCatchUp: c.NoCatchUp,
		Automatic: c.Automatic,
		Done: func(verb, unit string) {
			steps++
			fmt.Fprintf(e.stdout, "%-6s  %s\n", verb, unit)
		},
		Say: func(message string) { fmt.Fprintln(e.stderr, message) },
	}
	if err := a.Apply(ctx, units); err != nil {
		return err
	}
	if steps == 0 {
		fmt.Fprintln(e.stderr, "nothing changed")
	}
	return nil
}

// manager is systemd as package compiler sees it.
type manager struct{ *systemd.Conn }

func (m manager) Units(ctx context.Context, names []string) (map[string]compiler.UnitState, error) {
	units, err := m.Conn.Units(ctx, names)
	states := make(map[string]compiler.UnitState, len(units))
	for name, u := range units {
		states[name] = compiler.UnitState(u)
	}
	return states, err
}
