package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/store"
)

type notifyCmd struct {
	Test    notifyTestCmd    `cmd:"" help:"Send a test message the way alerts are sent, and show where it went."`
	Pending notifyPendingCmd `cmd:"" help:"List the alerts that have not been sent yet."`
	Flush   notifyFlushCmd   `cmd:"" help:"Send the pending alerts now."`
	Drop    notifyDropCmd    `cmd:"" help:"Remove an alert without sending it."`
}

type notifyTestCmd struct{}

// Run sends a message without the outbox, with the variables of the services.
func (c notifyTestCmd) Run(ctx context.Context, e env) error {
	log := slog.New(console.NewLog(e.stderr, false))
	h, err := resolved(e.source(host.Settings{}).Paths())
	if err != nil {
		return err
	}
	if err := host.TakeSending(h, log); err != nil {
		return usage(err)
	}
	n, err := notify.New(e.instance, e.getenv, notify.Redactor(os.Environ()).String, nil, log)
	if err != nil {
		return usage(err)
	}
	formatter := notify.Formatter{Host: host.Hostname()}
	to, err := n.Test(ctx, formatter.Page("", "", "A test: alerts of this host arrive here.").Text)
	if err != nil {
		return fmt.Errorf("the message was not sent: %w", notify.OfFile(err, h.EnvFile))
	}
	fmt.Fprintf(e.stdout, "sent to %s\n", to)
	if to.Test {
		log.Warn(fmt.Sprintf("TELEGRAM_TEST_CHAT_ID is set: all alerts go to chat %s only, until it is unset", to.Chat))
	}
	return nil
}

type notifyPendingCmd struct {
	stateFlags
	Output string `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// Run lists the outbox, oldest first.
func (c notifyPendingCmd) Run(ctx context.Context, e env) error {
	box, err := openOutbox(ctx, e, c.given(), store.Options{ReadOnly: true})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no database, no alerts
	}
	if err != nil {
		return err
	}
	defer box.Close()
	alerts, err := box.Pending(ctx)
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

type notifyFlushCmd struct {
	stateFlags
	envFlag
	Due bool `help:"Send only what is due (montimer-outbox.service, every minute)."`
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
	box, err := openOutbox(ctx, e, c.given(), store.Options{})
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

type notifyDropCmd struct {
	stateFlags
	ID int64 `arg:"" help:"ID of the alert, as shown by notify pending."`
}

// Run removes an alert from the outbox.
func (c notifyDropCmd) Run(ctx context.Context, e env) error {
	box, err := openOutbox(ctx, e, c.given(), store.Options{})
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

func openOutbox(ctx context.Context, e env, given host.Settings, o store.Options) (*store.Store, error) {
	h, err := e.becomeUser(given)
	if err != nil {
		return nil, err
	}
	o.Instance = e.instance
	return store.Open(ctx, h.StateDir, o)
}
