package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/diff"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
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
		return c.check(e)
	}
	h, err := c.hostWithUser(e)
	if err != nil {
		return err
	}
	j, err := loadJobs(ctx, e, &h, jobsfile.Options{Prove: true, Files: true})
	if err != nil {
		return err
	}
	warnUnknown(e.stderr, h, j)
	warnUnwritten(e.stderr, h)
	here := forThisHost(h)
	if err := errors.Join(checkBinary(e.stderr, h, here), checkHost(e.stderr, h, j, here)); err != nil {
		return usage(err)
	}
	if here {
		inspect(ctx, e.stderr, h, j)
	}
	warnEnvironment(e.stderr, h, j)
	units, err := compiler.Render(h, j.Profiles)
	if err != nil {
		return usage(err)
	}
	if c.Diff {
		warnNoSync(e.stderr, h, j)
		return c.diff(ctx, e, h, j.Profiles, units)
	}
	if os.Geteuid() == 0 {
		unlock, err := lockCompile(ctx, e)
		if err != nil {
			return err
		}
		defer unlock()
	}
	plan, running, err := writeUnits(ctx, h, units)
	if errors.Is(err, fs.ErrPermission) && !host.IsRoot() {
		return fmt.Errorf("%w: sudo %s, or --out DIR to write the units elsewhere", err, h.Instance.Command("compile"))
	}
	if err != nil {
		return err
	}
	if err := printPlan(e.stdout, plan); err != nil {
		return err
	}
	advise(e.stderr, h.Instance, plan)
	for _, name := range running {
		fmt.Fprintln(e.stderr, "note: kept while its run is under way, compile again afterwards to remove it:", name)
	}
	if here {
		noteLeftovers(e.stderr, h.UnitDir)
	}
	return nil
}

// diff shows what writing the units would change. It takes no lock and writes
// nothing.
func (c compileCmd) diff(ctx context.Context, e env, h montimer.Host, profiles []montimer.Profile, units []compiler.Unit) error {
	booted, err := systemd.BootedAt(ctx)
	if err != nil {
		return err
	}
	found, err := diff.Compare(h, profiles, units, timer.Clock{Now: time.Now(), Boot: booted, Local: time.Local})
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

// noteLeftovers lists files and links of older versions on this host.
func noteLeftovers(w io.Writer, unitDir string) {
	notes, err := unitdir.Leftovers(unitfile.UnitPath(), unitDir, []string{"/etc/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d"})
	if err != nil {
		notes = append(notes, err.Error())
	}
	for _, note := range notes {
		fmt.Fprintln(w, "note:", note)
	}
}

// warnUnknown warns of settings for profiles that jobs.yaml does not have: a
// renamed profile loses its settings.
func warnUnknown(w io.Writer, h montimer.Host, j montimer.Jobs) {
	named := slices.Concat(slices.Collect(maps.Keys(h.Sandboxes)), slices.Collect(maps.Keys(h.Limits)), slices.Collect(maps.Keys(h.Writable)))
	slices.Sort(named)
	for _, name := range slices.Compact(named) {
		if _, known := j.Profile(name); !known && name != montimer.AllOthers {
			fmt.Fprintf(w, "warning: sandbox, limits or write in %s name the profile %q, which jobs.yaml does not have\n", h.Instance.ConfigFile(), name)
		}
	}
}

// warnUnwritten warns of paths of the setting write that do not exist: systemd
// ignores them, and tasks cannot create them.
func warnUnwritten(w io.Writer, h montimer.Host) {
	for _, path := range host.Unwritten(h, exists) {
		fmt.Fprintf(w, "warning: write in %s names %s, which does not exist, so no task can write there: install -d -o %s -g %s %[2]s\n", h.Instance.ConfigFile(), path, h.User, h.Group)
	}
}

// writeUnits makes a plan and carries it out, but keeps the files of running
// services.
func writeUnits(ctx context.Context, h montimer.Host, units []compiler.Unit) (plan []unitdir.Change, running []string, err error) {
	dir, err := unitdir.Open(h.UnitDir, h.Instance)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	have, err := dir.Installed()
	if err != nil {
		return nil, nil, err
	}
	if plan, err = unitdir.Plan(units, have); err != nil {
		return nil, nil, fmt.Errorf("in %s: %w", h.UnitDir, err)
	}
	if plan, running, err = spareRuns(ctx, h.Instance, h.UnitDir, plan); err != nil {
		return nil, nil, err
	}
	return plan, running, dir.Write(have, plan)
}

func printPlan(w io.Writer, plan []unitdir.Change) error {
	for _, c := range plan {
		if _, err := fmt.Fprintf(w, "%-6s  %s\n", c.Action, c.Name); err != nil {
			return err
		}
	}
	return nil
}

// advise prints the commands with which the plan takes effect.
func advise(w io.Writer, of montimer.Instance, plan []unitdir.Change) {
	if len(plan) == 0 {
		fmt.Fprintln(w, "nothing changed")
		return
	}
	fmt.Fprintln(w, "next: systemctl daemon-reload")
	for _, c := range plan {
		switch {
		case c.Action == unitdir.Create && c.Name == of.Target():
			fmt.Fprintln(w, "next (once, starts the timers): systemctl enable --now", c.Name)
		case c.Action == unitdir.Keep:
			fmt.Fprintln(w, "note: removal pending, compile again after the daemon-reload:", c.Name)
		case c.Action == unitdir.Update && c.BecomesInterval():
			fmt.Fprintln(w, "next (a new interval counts from the restart): systemctl restart", c.Name)
		case c.ChangesSocket():
			fmt.Fprintln(w, "next (a listening socket keeps its settings): systemctl restart", c.Name)
		}
	}
}

// warnEnvFile warns of a missing environment file: no task runs without it.
func warnEnvFile(w io.Writer, h montimer.Host) {
	if _, err := os.Stat(h.EnvFile); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(w, "warning: the services need %s, which does not exist (it may be empty): install -m 640 -g %s /dev/null %s\n", h.EnvFile, h.Group, h.EnvFile)
	}
}
