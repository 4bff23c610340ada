package main

import (
	"context"
	"fmt"

	"github.com/montimer/montimer/internal/look"
)

type completeCmd struct {
	runFlags
	What    string `arg:"" enum:"profiles,tasks,runs" help:"profiles, tasks or runs."`
	Profile string `arg:"" optional:"" help:"Only of this profile."`
}

// Run writes a word on each line and, after a tab, what it is.
func (c completeCmd) Run(ctx context.Context, e env) error {
	h, err := e.asUser(c.given())
	if err != nil {
		return err
	}
	words, err := look.Words(ctx, h, c.What, c.Profile)
	for _, w := range words {
		fmt.Fprintln(e.stdout, w)
	}
	return err
}
