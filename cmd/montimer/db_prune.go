package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/montimer/montimer/internal/store"
)

type dbPruneCmd struct {
	runFlags
	Days string `placeholder:"N" help:"Keep the alerts of so many days, at least 1 ($$ALERTS_RETENTION_DAYS; default: 90)."`
}

// maxDays is more than a century: a number that is no time is a mistake.
const maxDays = 40_000

// Run removes old alerts, as the task of the Python program did.
func (c dbPruneCmd) Run(ctx context.Context, e env) error {
	h, err := e.asUser(c.given())
	if err != nil {
		return err
	}
	if err := e.takeEnvironment(c.given(), h); err != nil {
		return err
	}
	name, text := "--days", c.Days
	if text == "" {
		name, text = "ALERTS_RETENTION_DAYS", cmp.Or(e.getenv("ALERTS_RETENTION_DAYS"), "90")
	}
	days, err := strconv.Atoi(text)
	if err != nil || days < 1 || days > maxDays {
		return usage(fmt.Errorf("%s is %.20q: write a number of days from 1 to %d", name, text, maxDays))
	}
	s, err := store.Open(ctx, h.StateDir, store.Options{Instance: e.instance})
	if err != nil {
		return noDatabase(h, err)
	}
	defer s.Close()
	removed, err := s.PruneAlerts(ctx, time.Now().AddDate(0, 0, -days))
	if err == nil || removed > 0 {
		fmt.Fprintf(e.stdout, "Pruned %d alert rows older than %d days\n", removed, days)
	}
	return err
}
