package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/store"
)

type notifyPendingCmd struct {
	stateFlags
	Output string `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// Run lists the outbox, oldest first.
func (c notifyPendingCmd) Run(ctx context.Context, e env) error {
	box, err := openOutbox(ctx, e, c.given(), store.Options{ReadOnly: true})
	if errors.Is(err, fs.ErrNotExist) {
		e.note("no alert waits: there is no database yet, the first run makes it")
		return nil
	}
	if err != nil {
		return err
	}
	defer box.Close()
	alerts, err := notify.Waits(ctx, box)
	if err != nil {
		return err
	}
	switch {
	case c.Output == "json":
		return console.JSONLines(e.stdout, notify.PendingAlerts(alerts))
	case len(alerts) == 0:
		return nil
	}
	return console.Fit(e.stdout)(notify.PendingTable(alerts))
}

type notifyDropCmd struct {
	stateFlags
	ID int64 `arg:"" help:"ID of the alert, as shown by notify pending."`
}

// Run removes an alert from the outbox.
func (c notifyDropCmd) Run(ctx context.Context, e env) error {
	box, err := openOutbox(ctx, e, c.given(), store.Options{Existing: true})
	if err != nil {
		return err
	}
	defer box.Close()
	found, err := notify.Drop(ctx, box, c.ID)
	if err == nil && !found {
		return usage(fmt.Errorf("there is no alert %d: see %s", c.ID, e.instance.Command("notify pending")))
	}
	return err
}
