package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/legacy"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/store"
)

type stateImportCmd struct {
	runFlags
	File      []string `sep:"none" placeholder:"FILE" help:"Import this text cache too, to the namespace of its base name; relative to the state directory. May be repeated."`
	Overwrite bool     `help:"Replace values that are there. Without, they stay, and of lines with the same key the first one counts."`
	DryRun    bool     `help:"Count what an import would do, and change nothing."`
}

// Run imports the text caches that the environment of the services and jobs.yaml
// name.
func (c stateImportCmd) Run(ctx context.Context, e env) error {
	h, err := e.asUser(c.given())
	if err == nil {
		err = e.takeEnvironment(c.given(), h)
	}
	if err != nil {
		return err
	}
	jobs, jobsErr := jobsfile.Valid(ctx, h)
	if jobsErr != nil {
		jobs.Profiles = nil
		e.warn(fmt.Sprintf("text caches that jobs.yaml names are not imported: %v", jobsErr))
	}
	o := store.Options{Instance: e.instance, ReadOnly: c.DryRun, Shared: c.DryRun}
	if !c.DryRun {
		if err := host.MakeStateDir(h.StateDir); err != nil {
			return fmt.Errorf("make the state directory: %w", err)
		}
	}
	im := legacy.Import{Into: &legacy.Preview{}, Overwrite: c.Overwrite, Report: legacy.Report{Out: e.stdout, Err: e.stderr}}
	switch s, err := store.Open(ctx, h.StateDir, o); {
	case err == nil:
		defer s.Close()
		if im.Into = s; c.DryRun {
			im.Into = &legacy.Preview{Of: s}
		}
	case !c.DryRun || !errors.Is(err, fs.ErrNotExist):
		return err
	}
	sum, err := im.Run(ctx, legacy.Files(h.StateDir, os.LookupEnv, jobs.Profiles, c.File))
	fmt.Fprintf(e.stdout, "%v db=%s\n", sum, safetext.String(filepath.Join(h.StateDir, store.FileName)))
	if err == nil && (jobsErr != nil || !sum.Complete()) {
		err = exitError{code: exitFailed}
	}
	return err
}
