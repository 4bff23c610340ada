package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/view"
)

type metricsCmd struct {
	runFlags
	File  string `arg:"" optional:"" help:"The file to write, NAME.prom in the directory of node_exporter's textfile collector, replaced as a whole. Default: standard output."`
	Boots string `hidden:"" help:"The boots that the journal has, as JSON (given by root to the run-as user)."`
}

// Run writes the metrics. Root has the run-as user read everything but the
// journal, and writes the file itself.
func (c metricsCmd) Run(ctx context.Context, e env) error {
	if info, err := os.Lstat(c.File); c.File != "" && err == nil && !info.Mode().IsRegular() {
		return usage(fmt.Errorf("%s is not a regular file: name one in the directory of the textfile collector", c.File))
	}
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	var boots []journal.Boot
	if c.Boots == "" {
		boots, _ = journal.Boots(ctx) // without it the reason of a missed tick is not known
	} else if err := json.Unmarshal([]byte(c.Boots), &boots); err != nil {
		return usage(fmt.Errorf("--boots: %w", err))
	}
	var text bytes.Buffer
	if host.IsRoot() && h.User != "root" {
		err = byhand.Capture(ctx, h, append([]string{"metrics"}, journal.BootsFlag(boots)), &text, e.stderr)
	} else {
		v, tallies, failed := look.Counted(ctx, h, e.source(c.given()), boots)
		if failed != nil {
			return failed
		}
		for _, part := range v.NotSeen {
			e.note("not seen: " + part)
		}
		text.WriteString(view.Metrics(v, tallies, view.Build{Version: montimer.Version(), Commit: montimer.BuiltFrom()}))
	}
	switch {
	case err != nil:
		return err
	case c.File != "":
		return safefile.Replace(c.File, text.Bytes(), 0o644)
	}
	_, err = text.WriteTo(e.stdout)
	return err
}
