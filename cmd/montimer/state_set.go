package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/legacy"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/view"
)

type stateSetCmd struct {
	stateFlags
	Namespace string `arg:"" help:"The namespace, such as cache-id.txt."`
	Key       string `arg:"" help:"The key."`
	Value     string `arg:"" help:"The value; -: all of standard input. Write -- before one that begins with a dash."`
}

// Run stores a value.
func (c stateSetCmd) Run(ctx context.Context, e env) error {
	v := montimer.StateValue{Namespace: c.Namespace, Key: c.Key, Value: c.Value}
	if c.Value == "-" {
		data, err := io.ReadAll(os.Stdin)
		if err != nil {
			return fmt.Errorf("read the value: %w", err)
		}
		v.Value = string(data)
	}
	if err := v.Check(); err != nil {
		return usage(err)
	}
	s, err := openState(ctx, e, c.given(), store.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	old, found, err := s.SetState(ctx, v)
	if found && err == nil {
		e.note(view.Replaced(old))
	}
	return err
}

type stateRemoveCmd struct {
	stateFlags
	Namespace string   `arg:"" help:"The namespace, such as cache-id.txt."`
	Key       []string `arg:"" help:"The keys."`
}

// Run removes values.
func (c stateRemoveCmd) Run(ctx context.Context, e env) error {
	h, err := e.becomeUser(c.given())
	if err != nil {
		return err
	}
	s, err := openState(ctx, e, c.given(), store.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	for _, key := range c.Key {
		old, found, err := s.RemoveState(ctx, c.Namespace, key)
		if err == nil && !found {
			err = look.UnknownState(ctx, s, c.Namespace, key)
		}
		if err != nil {
			return err
		}
		e.note(view.Replaced(old), legacy.StillRead(h.StateDir, c.Namespace, key))
	}
	return nil
}
