package apply

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/unitdir"
)

// Write writes the units of a host without applying them, but keeps the files of
// running services.
func Write(ctx context.Context, h montimer.Host, units []compiler.Unit) (plan []unitdir.Change, running []string, err error) {
	dir, err := unitdir.Open(h.UnitDir, h.Instance)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	have, err := dir.Installed(units)
	if err != nil {
		return nil, nil, err
	}
	if plan, err = unitdir.Plan(units, have); err != nil {
		return nil, nil, fmt.Errorf("in %s: %w", h.UnitDir, err)
	}
	if plan, running, err = spareRuns(ctx, h, plan); err != nil {
		return nil, nil, err
	}
	return plan, running, dir.Write(have, plan)
}

// spareRuns is SpareRuns. If systemd cannot be asked, or reads other
// directories, the plan stays unchanged.
func spareRuns(ctx context.Context, h montimer.Host, plan []unitdir.Change) (rest []unitdir.Change, running []string, err error) {
	removes := func(c unitdir.Change) bool { return c.Action == unitdir.Remove }
	if !slices.ContainsFunc(plan, removes) {
		return plan, nil, nil
	}
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return plan, nil, nil
	}
	defer conn.Close()
	if checkRead(conn, h) != nil {
		return plan, nil, nil
	}
	return SpareRuns(ctx, plan, conn.Units)
}

// Report reports what Write has done to an operator: stdout gets a line for each
// file, stderr the commands with which that takes effect, and the notes.
func Report(of montimer.Instance, plan []unitdir.Change, running []string, stdout, stderr io.Writer) error {
	lines := bufio.NewWriter(stdout)
	for _, change := range plan {
		fmt.Fprintf(lines, "%-6s  %s\n", change.Action, change.Name)
	}
	if err := lines.Flush(); err != nil {
		return err
	}
	for _, line := range next(of, plan) {
		fmt.Fprintln(stderr, line)
	}
	for _, name := range running {
		fmt.Fprintln(stderr, "note: kept while its run is under way, compile again afterwards to remove it:", name)
	}
	return nil
}

func next(of montimer.Instance, plan []unitdir.Change) []string {
	if len(plan) == 0 {
		return []string{"nothing changed"}
	}
	lines := []string{"next: systemctl daemon-reload"}
	for _, c := range plan {
		switch {
		case c.Action == unitdir.Create && c.Name == of.Target():
			lines = append(lines, "next (once, starts the timers): systemctl enable --now "+c.Name)
		case c.Action == unitdir.Keep:
			lines = append(lines, "note: removal pending, compile again after the daemon-reload: "+c.Name)
		case c.Action == unitdir.Update && c.BecomesInterval():
			lines = append(lines, "next (a new interval counts from the restart): systemctl restart "+c.Name)
		case c.ChangesSocket():
			lines = append(lines, "next (a listening socket keeps its settings): systemctl restart "+c.Name)
		}
	}
	return lines
}
