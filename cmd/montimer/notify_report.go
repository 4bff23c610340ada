package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/tick"
)

type notifyReportCmd struct {
	runFlags
	Period montimer.ReportPeriod `arg:"" enum:"daily,weekly" help:"daily or weekly."`
	Send   bool                  `help:"Have it sent, once for each period (montimer-report.service)."`
}

// Run shows the report up to now, or stores that of the last period in the outbox.
func (c notifyReportCmd) Run(ctx context.Context, e env) error {
	boots, _ := journal.Boots(ctx) // without it, why a tick has no run is not known
	if _, err := e.becomeUser(c.given()); err != nil {
		return err
	}
	h, err := e.host(c.given()) // who is no longer root finds jobs.yaml itself
	if err != nil {
		return err
	}
	report := tick.Report{Host: h, Units: e.source(c.given()), Period: c.Period, Boots: boots}
	if c.Send {
		done, err := report.Store(ctx)
		e.note(done)
		return err
	}
	lines, err := report.Now(ctx)
	if err == nil {
		_, err = fmt.Fprintln(e.stdout, strings.Join(lines, "\n"))
	}
	return err
}
