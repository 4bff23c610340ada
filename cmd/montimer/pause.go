package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/drift"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
)

type pauseCmd struct {
	Profile string `arg:"" help:"Name of the profile."`
	Until   string `required:"" placeholder:"TIME" help:"End of the pause: a time span such as 2h, HH:MM, 'tomorrow HH:MM', or RFC 3339."`
	Reason  string `required:"" placeholder:"TEXT" help:"The reason, shown with the pause."`
}

// Run pauses a profile.
func (c pauseCmd) Run(ctx context.Context, e env) error {
	if err := needRoot("pause"); err != nil {
		return err
	}
	if err := findTimer(ctx, e, c.Profile); err != nil {
		return err
	}
	until, err := host.ParseUntil(c.Until, time.Now())
	if err != nil {
		return usage(fmt.Errorf("--until: %w", err))
	}
	if strings.TrimSpace(c.Reason) == "" {
		return usage(errors.New("--reason: must not be empty"))
	}
	p := montimer.Pause{Until: until, Reason: c.Reason, By: cmp.Or(e.getenv("SUDO_USER"), "root")}
	if err := host.WritePause(e.instance.PauseDir(), c.Profile, p); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "%s is %s\n", e.instance.Of(c.Profile), host.PauseText(p))
	return nil
}

// findTimer checks that a profile has a timer. jobs.yaml need not be readable; it
// only explains why there is none.
func findTimer(ctx context.Context, e env, profile string) error {
	h, err := resolved(e.source(host.Settings{}).Paths())
	if err != nil {
		return err
	}
	return drift.FindTimer(h, profile, func() (montimer.Profile, error) {
		h, err := e.host(host.Settings{})
		if err != nil {
			return montimer.Profile{}, err
		}
		return jobsfile.FindProfile(ctx, h, profile)
	})
}
