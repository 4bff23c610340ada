package main

import (
	"context"
	"fmt"
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
	Report  notifyReportCmd  `cmd:"" help:"Show what ran in the last day or week, as notify.report of jobs.yaml has it sent."`
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

func openOutbox(ctx context.Context, e env, given host.Settings, o store.Options) (*store.Store, error) {
	h, err := e.becomeUser(given)
	if err != nil {
		return nil, err
	}
	o.Instance = e.instance
	return store.Open(ctx, h.StateDir, o)
}
