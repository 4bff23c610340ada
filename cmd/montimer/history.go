package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/view"
)

type historyCmd struct {
	runFlags
	What    string   `arg:"" optional:"" name:"profile|run" help:"A profile, or the id of a run to show whole."`
	Failed  bool     `help:"Only runs that failed or were lost."`
	Missed  bool     `help:"Only ticks without a run: missed, host_down or unknown."`
	State   []string `placeholder:"STATE" help:"Only this state: ok, failed, skipped, missed, paused, host_down, running, lost or unknown; may be repeated."`
	Since   string   `placeholder:"TIME" default:"30d" help:"From this time on: a date, a date with a time, or a time span ago (default: 30d)."`
	Until   string   `placeholder:"TIME" help:"Before this time."`
	Task    string   `placeholder:"TASK" help:"Only runs that have this task."`
	Grep    string   `placeholder:"REGEXP" help:"Only runs whose reason or last lines of output match."`
	Compare string   `placeholder:"OLD.db" help:"Only compare the alerts with those of the system before montimer, which ran the same jobs.yaml beside it: those that only one of them sent, by tick. Ends with 1 if there are any."`
	Number  int      `short:"n" default:"20" placeholder:"N" help:"The newest N entries (default: 20; 0: all)."`
	Output  string   `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// Run shows how each tick ended, the newest first, or one run whole.
func (c historyCmd) Run(ctx context.Context, e env) error {
	filter, err := view.Ask{
		Since: c.Since, Until: c.Until, Failed: c.Failed, Missed: c.Missed, States: c.State, Task: c.Task, Grep: c.Grep, Most: c.Number,
	}.Filter(time.Now())
	if err != nil {
		return usage(err)
	}
	boots, err := journal.Boots(ctx) // which root may read, and the user of the tasks may not
	if err != nil {
		e.note("not seen: " + err.Error())
	}
	h, err := e.asUser(c.given())
	if err != nil {
		return err
	}
	if c.Compare != "" {
		return c.compare(ctx, e, h, filter)
	}
	if montimer.IsRunID(c.What) {
		run, err := look.Run(ctx, h, c.What)
		if err != nil {
			return err
		}
		return console.Show(e.stdout, c.Output, []*view.Run{run}, func(w io.Writer) error {
			if _, err := io.WriteString(w, run.Text()); err != nil {
				return err
			}
			return console.Fit(w)(run.Table())
		})
	}
	entries, more, notes, err := look.History(ctx, h, c.What, filter, boots)
	if err != nil {
		return err
	}
	e.note(notes...)
	err = console.Show(e.stdout, c.Output, entries, func(w io.Writer) error { return console.Fit(w)(view.HistoryTable(h.Instance, entries)) })
	e.note(view.More(more))
	return err
}

// compare shows what only one of two systems alerted; its exit code says whether
// there is anything.
func (c historyCmd) compare(ctx context.Context, e env, h montimer.Host, f view.Filter) error {
	if c.Failed || c.Missed || c.State != nil || c.Task != "" || c.Grep != "" || montimer.IsRunID(c.What) {
		return usage(errors.New("--compare takes a profile, --since and --until"))
	}
	found, notes, err := look.Compare(ctx, h, c.Compare, c.What, f.Since, f.Until)
	if err != nil {
		return err
	}
	e.note(notes...)
	err = console.Show(e.stdout, c.Output, found.Rows, func(w io.Writer) error {
		if found.Differ() {
			if err := console.Fit(w)(found.Table()); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintln(w, found.Verdict())
		return err
	})
	if err == nil && found.Differ() {
		return exitError{code: exitFailed}
	}
	return err
}
