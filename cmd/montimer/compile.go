package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/host"
)

type compileCmd struct {
	hostFlags
	Diff   bool   `help:"Write nothing; show what would change, and exit with 3 if anything would."`
	Output string `short:"o" enum:"text,json" default:"text" help:"text, or json."`
}

// Run brings the unit directory in line with jobs.yaml. Standard output has
// one line for each file that changes, standard error what to do next.
func (c compileCmd) Run(ctx context.Context, e env) error {
	h, err := c.hostWithUser(e)
	if err != nil {
		return err
	}
	j, err := loadJobs(ctx, e, &h)
	if err != nil {
		return err
	}
	units, err := compiler.Render(h, j.Profiles)
	if err != nil {
		return usage(err)
	}
	if c.Diff {
		return c.diff(e, h, j.Profiles, units)
	}
	if os.Geteuid() == 0 {
		unlock, err := host.LockCompile()
		if err != nil {
			return err
		}
		defer unlock()
	}
	plan, err := writeUnits(h, units)
	if err != nil {
		return err
	}
	if err := printPlan(e.stdout, plan); err != nil {
		return err
	}
	return advise(e.stderr, h, plan)
}

// diff shows what writing the units would change. It takes no lock and writes
// nothing.
func (c compileCmd) diff(e env, h montimer.Host, profiles []montimer.Profile, units []compiler.Unit) error {
	m, err := thisMoment()
	if err != nil {
		return err
	}
	found, err := compare(h, profiles, units, m)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		err = writeJSON(e.stdout, found)
	} else {
		err = writeComparison(e.stdout, found, isTerminal(e.stdout))
	}
	if err == nil && len(found.Changes) > 0 {
		return exitError{code: exitChanges}
	}
	return err
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// writeUnits plans and carries the plan out.
func writeUnits(h montimer.Host, units []compiler.Unit) ([]compiler.Change, error) {
	dir, err := compiler.OpenDirectory(h.UnitDir)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	have, err := dir.Installed()
	if err != nil {
		return nil, err
	}
	plan, err := compiler.Plan(units, have)
	if err != nil {
		return nil, fmt.Errorf("in %s: %w", h.UnitDir, err)
	}
	return plan, dir.Write(have, plan)
}

func printPlan(w io.Writer, plan []compiler.Change) error {
	for _, c := range plan {
		if _, err := fmt.Fprintf(w, "%-6s  %s\n", c.Action, c.Name); err != nil {
			return err
		}
	}
	return nil
}

// advise says what the operator has to do for the plan to take effect.
func advise(w io.Writer, h montimer.Host, plan []compiler.Change) error {
	if len(plan) == 0 {
		fmt.Fprintln(w, "nothing changed")
		return nil
	}
	fmt.Fprintln(w, "to take effect: systemctl daemon-reload")
	for _, c := range plan {
		switch {
		case c.Action == compiler.Create && c.Name == compiler.TargetName:
			fmt.Fprintln(w, "once, to start the timers: systemctl enable --now", compiler.TargetName)
		case c.Action == compiler.Keep:
			fmt.Fprintln(w, "kept until the next compile, so that the reload can stop it:", c.Name)
		}
	}
	if _, err := os.Stat(h.EnvFile); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(w, "missing: %s, which the services need (it may be empty): install -m 640 -g %s /dev/null %s\n", h.EnvFile, h.Group, h.EnvFile)
	}
	return nil
}
