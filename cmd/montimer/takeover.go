package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/takeover"
)

type takeoverCmd struct {
	hostFlags
	Backup       string `arg:"" help:"A backup of the old host, or its directory of backups: the newest whole one."`
	From         string `placeholder:"HOST" help:"Name of the old host; the takeover is refused if the backup is another one's."`
	OldHostIsOff bool   `help:"You have made sure that the old host is off: nothing proves it."`
	ReplaceNewer bool   `help:"Replace the database of this host although it has a run after the backup; it is kept beside the new one."`
	DryRun       bool   `help:"Only show what would be done."`
}

// Run takes over the jobs of another host. Standard output has the plan and the steps.
func (c takeoverCmd) Run(ctx context.Context, e env) error {
	if err := needRoot("takeover"); err != nil {
		return err
	}
	root, j, done, err := e.handingOver(ctx, c.hostFlags)
	if done != nil {
		defer done()
	}
	if err == nil {
		err = e.report(hostcheck.Check(root.Host, j, true))
	}
	if err != nil {
		return err
	}
	facts, err := root.Facts(ctx, takeover.Options{Source: c.Backup, From: c.From, OldHostIsOff: c.OldHostIsOff, ReplaceNewer: c.ReplaceNewer}, j)
	if err != nil {
		return err
	}
	plan := takeover.Decide(facts)
	if plan.Refusal != "" {
		return errors.New(safetext.String(fmt.Sprintf("no takeover: %s: %s", plan.Refusal, plan.Next)))
	}
	for _, line := range plan.Text(facts) {
		fmt.Fprintln(e.stdout, safetext.String(line))
	}
	if c.DryRun {
		return nil
	}
	if err := root.Take(ctx, facts, plan); err != nil {
		return err
	}
	return listCmd{readFlags: c.readFlags, Output: "text"}.Run(ctx, e)
}
