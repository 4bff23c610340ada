package main

import (
	"context"
	"io"
	"time"

	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/view"
)

type stateCmd struct {
	List   stateListCmd   `cmd:"" help:"List the namespaces of what tasks keep, or the keys and values of one."`
	Get    stateGetCmd    `cmd:"" help:"Print a value; ends with 2 if there is none."`
	Set    stateSetCmd    `cmd:"" help:"Store a value, and say which one it replaces."`
	Remove stateRemoveCmd `cmd:"" name:"rm" help:"Remove values, and say what they were; ends with 2 if one is not there."`
	Import stateImportCmd `cmd:"" help:"Import the text caches that tasks used before the database; ends with 1 if a file or a line could not be imported. All others are."`
	Export stateExportCmd `cmd:"" help:"Write text caches, for tasks with CACHE_BACKEND=file; ends with 1 if something could not be written. All else is."`
}

type stateListCmd struct {
	stateFlags
	Namespace string `arg:"" optional:"" help:"Show the keys and values of this namespace."`
	Output    string `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// Run lists the namespaces, or the values of one.
func (c stateListCmd) Run(ctx context.Context, e env) error {
	s, err := openState(ctx, e, c.given(), readState)
	if err != nil {
		return err
	}
	defer s.Close()
	now := time.Now()
	if c.Namespace == "" {
		all, err := s.Namespaces(ctx)
		if err != nil {
			return err
		}
		return console.Show(e.stdout, c.Output, view.StateNamespaces(all), func(w io.Writer) error { return console.Fit(w)(view.StateNamespaceTable(all, now)) })
	}
	all, err := s.State(ctx, c.Namespace)
	if err == nil && len(all) == 0 {
		err = look.UnknownState(ctx, s, c.Namespace, "")
	}
	if err != nil {
		return err
	}
	return console.Show(e.stdout, c.Output, view.StateValues(all), func(w io.Writer) error { return console.Fit(w)(view.StateValueTable(all, now)) })
}

// readState opens what belongs to the tasks, and needs none of montimer's tables.
var readState = store.Options{ReadOnly: true, Shared: true}

func openState(ctx context.Context, e env, given host.Settings, o store.Options) (*store.Store, error) {
	h, err := e.becomeUser(given)
	if err != nil {
		return nil, err
	}
	o.Instance = e.instance
	s, err := store.Open(ctx, h.StateDir, o)
	return s, noDatabase(h, err)
}
