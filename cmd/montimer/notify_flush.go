package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/internal/store"
)

type notifyFlushCmd struct {
	stateFlags
	envFlag
	Due      bool `xor:"what" help:"Send only what is due (montimer-outbox.service, every minute)."`
	SetAside bool `xor:"what" help:"Also send the alerts that a takeover has set aside: the old host may have sent them."`
}

func (c notifyFlushCmd) given() host.Settings {
	s := c.stateFlags.given()
	s.EnvFile = c.EnvFile
	return s
}

// Run sends pending alerts, for half a minute at most after another process has
// finished.
func (c notifyFlushCmd) Run(ctx context.Context, e env) error {
	log := console.ServiceLog(e.stderr)
	h, err := resolved(e.source(c.given()).Paths())
	if err != nil {
		return err
	}
	if !c.Due { // else it is a service
		if err := host.TakeSending(h, log); err != nil {
			return usage(err)
		}
	}
	box, err := openOutbox(ctx, e, c.given(), store.Options{Existing: true})
	switch {
	case errors.Is(err, fs.ErrNotExist) && c.Due: // nothing has run yet
		return nil
	case errors.Is(err, fs.ErrNotExist):
		_, err = fmt.Fprintln(e.stdout, notify.FlushResult{}.Text(e.instance))
		return err
	case err != nil:
		return err
	}
	defer box.Close()
	n, err := notify.New(e.instance, e.getenv, notify.Redactor(os.Environ()).String, box, log)
	if err != nil {
		return usage(err)
	}
	var other *backup.NotOwnerError
	if h.Backup.Dir != "" && errors.As(backup.Elsewhere(h.Backup.Dir), &other) {
		if c.Due {
			return pager.SendElsewhere(ctx, e.instance, box, other, log)
		}
		return fmt.Errorf("nothing was sent: %w: %s", other, other.Fix(e.instance))
	}
	if c.SetAside {
		if err := box.Readmit(ctx); err != nil {
			return err
		}
	}
	if c.Due {
		return notify.Waiting(n.SendPending(ctx), h.EnvFile)
	}
	f, err := n.Flush(ctx)
	if err != nil && !errors.Is(err, store.ErrHeld) {
		return notify.OfFile(err, h.EnvFile)
	}
	fmt.Fprintln(e.stdout, f.Text(e.instance))
	return err
}
