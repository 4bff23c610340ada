package main

import (
	"context"
	"io"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/view"
)

type stateGetCmd struct {
	stateFlags
	Namespace string `arg:"" help:"The namespace, such as cache-id.txt."`
	Key       string `arg:"" help:"The key."`
	Output    string `short:"o" enum:"text,json" default:"text" help:"text: the value as it is, but on a terminal without control characters; or json."`
}

// Run prints a value.
func (c stateGetCmd) Run(ctx context.Context, e env) error {
	s, err := openState(ctx, e, c.given(), readState)
	if err != nil {
		return err
	}
	defer s.Close()
	v, found, err := s.StateValue(ctx, c.Namespace, c.Key)
	if err == nil && !found {
		err = look.UnknownState(ctx, s, c.Namespace, c.Key)
	}
	if err != nil {
		return err
	}
	return console.Show(e.stdout, c.Output, view.StateValues([]montimer.StateValue{v}), func(w io.Writer) error { return writeRaw(w, v.Value+"\n") })
}

// writeRaw writes a text as it is, but to a terminal with escapes in place of
// control characters.
func writeRaw(w io.Writer, text string) error {
	if console.Columns(w) > 0 {
		w = safetext.NewWriter(w)
	}
	_, err := io.WriteString(w, text)
	return err
}
