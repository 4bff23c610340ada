package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

// messageUnreported is the MESSAGE_ID of the journal entry that stands for an
// alert which could not be sent: journalctl MESSAGE_ID=...
const messageUnreported = "5d1c3a4e0b6f4c7c9a2f8e71d0b3c596"

type failureCmd struct {
	hostFlags
	Unit string `arg:"" help:"The unit that failed."`
}

// Run sees to it that the failure of a service is told of: by the run itself,
// which the database then says, or else from here. It works with what there
// is: without the database it sends from memory, without a way to Telegram it
// leaves a critical entry in the journal.
func (c failureCmd) Run(ctx context.Context, e env) error {
	log := serviceLog(e)
	profile := strings.TrimSuffix(strings.TrimPrefix(c.Unit, "montimer-job-"), ".service")
	runID := e.getenv("MONITOR_INVOCATION_ID")

	p, told, err := c.look(ctx, e, log, runID)
	defer p.records.Close()
	if !told {
		words := c.words(e)
		if err != nil && !errors.Is(err, store.ErrNoRun) {
			words += "; " + err.Error()
		}
		p.page(ctx, profile, runID, words)
	}
	if err := p.send(ctx); err != nil {
		c.leave(e, err)
		return err
	}
	return nil
}

// look finds out whether the run has been told of, or has been found lost now.
// The pager that it returns is of use whatever the error.
func (c failureCmd) look(ctx context.Context, e env, log *slog.Logger, runID string) (p *pager, told bool, err error) {
	h, err := c.host(e)
	if err == nil && host.IsRoot() && h.User != "root" {
		err = host.Become(h.User, h.Group)
	}
	if err != nil {
		return newPager(e, "/", records{err: err}, log), false, err
	}
	p = newPager(e, h.Checkout, openRecords(ctx, h.StateDir), log)
	free := func(profile string) bool { return taskexec.Idle(h.StateDir, profile) }
	if _, err := p.records.Lost(ctx, free, p.alert); err != nil {
		return p, false, err
	}
	run, err := p.records.store.Run(ctx, runID)
	return p, err == nil && run.State != montimer.RunRunning, err
}

// words says what systemd knows of the failure (OnFailure= in systemd.unit(5)).
func (c failureCmd) words(e env) string {
	words := c.Unit + " failed"
	if result := e.getenv("MONITOR_SERVICE_RESULT"); result != "" {
		words += fmt.Sprintf(": %s, %s %s", result, e.getenv("MONITOR_EXIT_CODE"), e.getenv("MONITOR_EXIT_STATUS"))
	}
	return words + ", and there is no record of how the run ended"
}

// leave writes into the journal what nobody could be told.
func (c failureCmd) leave(e env, why error) {
	journal.Send(c.words(e)+"; nobody could be told: "+newRedactor(os.Environ()).String(why.Error()), journal.PriCrit, map[string]string{
		"MESSAGE_ID":      messageUnreported,
		"MONTIMER_UNIT":   c.Unit,
		"MONTIMER_RUN_ID": e.getenv("MONITOR_INVOCATION_ID"),
	})
}
