package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/apply"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/diff"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/safetext"
)

// What compile and apply do with units.

// writeUnits writes the units of a host. Standard output has one line for each
// file that changes, standard error what to do next.
func writeUnits(ctx context.Context, e env, h montimer.Host, units []compiler.Unit) error {
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
	if err := apply.Report(h.Instance, plan, running, e.stdout, e.stderr); err != nil {
		return err
	}
	if hostcheck.IsThisHost(h) {
		noteLeftovers(e, h)
	}
	return nil
}

// showDiff shows what writing the units would change. It takes no lock and writes
// nothing.
func showDiff(ctx context.Context, e env, h montimer.Host, units []compiler.Unit, output string) error {
	found, err := diff.OnHost(ctx, h, units)
	if err != nil {
		return err
	}
	if output == "json" {
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
	return unlock, exited(exitDone, err)
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
