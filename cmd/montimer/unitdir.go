package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/apply"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/unitdir"
)

// spareRuns keeps the files of running services. If systemd cannot be asked, or
// reads other directories, the plan stays unchanged.
func spareRuns(ctx context.Context, of montimer.Instance, unitDir string, plan []unitdir.Change) (rest []unitdir.Change, running []string, err error) {
	removes := func(c unitdir.Change) bool { return c.Action == unitdir.Remove }
	if !slices.ContainsFunc(plan, removes) {
		return plan, nil, nil
	}
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return plan, nil, nil
	}
	defer conn.Close()
	if checkRead(conn, of, unitDir) != nil {
		return plan, nil, nil
	}
	return apply.SpareRuns(ctx, plan, conn.Units)
}

// checkRead returns an error if systemd does not read units in a directory.
func checkRead(conn *systemd.Conn, of montimer.Instance, unitDir string) error {
	path, err := conn.UnitPath()
	if err != nil {
		return err
	}
	if !holds(path, unitDir) {
		return usage(fmt.Errorf("systemd does not read units in %s: set unit_dir in %s, or $MONTIMER_UNIT_DIR, to one of %s",
			unitDir, of.ConfigFile(), strings.Join(lasting(path), ", ")))
	}
	return nil
}

// lasting omits directories that a boot empties, and those of systemd itself,
// such as system.control.
func lasting(unitPath []string) []string {
	return slices.DeleteFunc(unitPath, func(dir string) bool {
		return strings.HasPrefix(dir, "/run/") || filepath.Ext(dir) != ""
	})
}

// holds reports whether a folder is in the list, perhaps by another name.
func holds(list []string, dir string) bool {
	return slices.ContainsFunc(list, func(d string) bool { return resolved(d) == resolved(dir) })
}

// resolved follows symbolic links, as far as there is something to follow.
func resolved(dir string) string {
	if path, err := filepath.EvalSymlinks(dir); err == nil {
		return path
	}
	return filepath.Clean(dir)
}
