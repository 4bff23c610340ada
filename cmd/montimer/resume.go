package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/safetext"
)

type resumeCmd struct {
	Profile string `arg:"" help:"Name of the profile."`
}

// Run ends a pause before its time, also that of a profile that is gone.
func (c resumeCmd) Run(ctx context.Context, e env) error {
	if err := needRoot("resume"); err != nil {
		return err
	}
	was, err := host.PausedNow(e.instance, c.Profile, time.Now())
	if err != nil {
		was = "paused by a file that cannot be used: " + safetext.String(err.Error())
	}
	found, err := host.EndPause(e.instance.PauseDir(), c.Profile)
	switch {
	case err != nil:
		return err
	case found:
		fmt.Fprintf(e.stderr, "%s runs again as scheduled; it was %s\n", e.instance.Of(c.Profile), cmp.Or(was, "paused until a time in the past"))
		return nil
	}
	if err := findTimer(ctx, e, c.Profile); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "%s is not paused\n", e.instance.Of(c.Profile))
	return nil
}
