package main

import (
	"context"
	"fmt"
	"time"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/takeover"
)

type retireCmd struct {
	hostFlags
	Backup string `arg:"" optional:"" name:"file" help:"Where the last backup goes too, a file or a directory. Without it: only to the directory that backup: in config.yaml names."`
	Wait   string `default:"10min" placeholder:"TIME" help:"How long to wait at most for runs under way."`
}

// Run stops the jobs of this host for good, for another host to take them over.
func (c retireCmd) Run(ctx context.Context, e env) error {
	if err := needRoot("retire"); err != nil {
		return err
	}
	wait, err := host.ParseUntil(c.Wait, time.Now())
	if err != nil {
		return usage(fmt.Errorf("--wait: %w", err))
	}
	root, _, done, err := e.handingOver(ctx, c.hostFlags)
	if done == nil {
		return err
	}
	defer done() // whatever its jobs.yaml says, a host can be retired
	return root.Retire(ctx, takeover.Retirement{To: c.Backup, Wait: time.Until(wait)})
}
