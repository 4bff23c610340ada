package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

// messageUnreported is the MESSAGE_ID of the journal entry that stands for an
// alert which could not be sent: journalctl MESSAGE_ID=...
const messageUnreported = "5d1c3a4e0b6f4c7c9a2f8e71d0b3c596"

type failureCmd struct {
	hostFlags
	IfMissing string `placeholder:"USER" help:"Do nothing unless this user is missing."`
	Unit      string `arg:"" help:"The unit that failed."`
}

// Run sees to it that the failure of a service is told of: by the run itself,
// which the database then says, or else from here. It works with what there
// is: without the database it sends from memory, without a way to Telegram it
// leaves a critical entry in the journal.
func (c failureCmd) Run(ctx context.Context, e env) error {
	h, err := becomeUser(c.hostFlags, e)
	if c.IfMissing != "" && err == nil {
		if _, err = user.Lookup(c.IfMissing); err == nil {
			return nil // the handler that runs as this user has failed by itself, and said so
		}
	}
	db := records{err: err}
	if err == nil {
		db = openRecords(ctx, h.StateDir)
	}
	defer db.Close()
	p := newPager(e, db, serviceLog(e))
	runID := e.getenv("MONITOR_INVOCATION_ID")
	if err := told(ctx, p, h.StateDir, runID, e.getenv("MONITOR_SERVICE_RESULT")); err != nil {
		profile := strings.TrimSuffix(strings.TrimPrefix(c.Unit, "montimer-job-"), ".service")
		p.page(ctx, profile, runID, c.words(e)+"; "+err.Error())
	}
	stuck, err := p.send(ctx)
	if stuck != nil {
		c.leave(e, stuck)
	}
	return errors.Join(stuck, err)
}

// told is nil when the database says how the run has ended: then what there is
// to tell was stored with that, or is now, for the runs that are lost. Of a run
// that was told to stop nobody hears, unless it was systemd that lost patience.
func told(ctx context.Context, p *pager, stateDir, runID, result string) error {
	free := func(profile string) bool { return taskexec.Idle(stateDir, profile) }
	if _, err := p.records.Lost(ctx, free, p.alert); err != nil {
		return err
	}
	run, err := p.records.store.Run(ctx, runID)
	if errors.Is(err, store.ErrNoRun) {
		return errors.New("there is no record of the run")
	}
	switch {
	case err == nil && run.State == montimer.RunRunning:
		err = errors.New("the run is said to be under way")
	case err == nil && run.State == montimer.RunInterrupted && result == "timeout":
		err = errors.New("it hung")
	}
	return err
}

// words says what systemd knows of the failure (OnFailure= in systemd.unit(5)).
func (c failureCmd) words(e env) string {
	words := c.Unit + " failed"
	if result := e.getenv("MONITOR_SERVICE_RESULT"); result != "" {
		words += fmt.Sprintf(": %s, %s %s", result, e.getenv("MONITOR_EXIT_CODE"), e.getenv("MONITOR_EXIT_STATUS"))
	}
	return words
}

// leave writes into the journal what nobody could be told.
func (c failureCmd) leave(e env, why error) {
	journal.Send(c.words(e)+"; nobody could be told: "+newRedactor(os.Environ()).String(why.Error()), journal.PriCrit, map[string]string{
		"MESSAGE_ID":      messageUnreported,
		"MONTIMER_UNIT":   c.Unit,
		"MONTIMER_RUN_ID": e.getenv("MONITOR_INVOCATION_ID"),
	})
}
