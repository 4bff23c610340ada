package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/view"
)

type logsCmd struct {
	runFlags
	What   string `arg:"" name:"profile|run" help:"A profile, or the id of a run."`
	Follow bool   `short:"f" help:"Go on with what is to come: of a run until it ends, of a profile until ^C or until nobody reads it."`
	Failed bool   `help:"Of a run, or of the last failed run of a profile: only the tasks that failed, and what montimer and systemd say of the run."`
	Task   string `placeholder:"TASK" help:"Only this task."`
	Since  string `placeholder:"TIME" help:"From this time on: a date, a date with a time, or a time span ago."`
	Until  string `placeholder:"TIME" help:"Before this time."`
	Number *int   `short:"n" placeholder:"N" help:"The newest N entries; 0: all (default: of a run and of a given time all, else 100; before following 10)."`
	Output string `short:"o" enum:"text,json" default:"text" help:"text, or json: one object an entry."`
}

// Run shows entries of the journal. Where there are none it says why, with exit
// code 1.
func (c logsCmd) Run(ctx context.Context, e env) error {
	ask, err := view.LogWords{
		What: c.What, Task: c.Task, Since: c.Since, Until: c.Until, Failed: c.Failed, Follow: c.Follow, Most: c.Number,
	}.Ask(time.Now())
	if err != nil {
		return usage(err)
	}
	h, err := e.host(c.given())
	if err != nil { // the journal is readable although the user of the tasks is gone
		h.Instance = e.instance
	}
	show := func(entry view.LogEntry) error {
		return console.Show(e.stdout, c.Output, []view.LogEntry{entry}, entry.Write)
	}
	reading, stop := console.WhileRead(ctx, e.stdout)
	defer stop()
	shown, none, err := look.Logs(reading, h, ask, show)
	e.note(none.Partly(shown))
	switch {
	case c.Follow && reading.Err() != nil: // ^C, or the reader has enough
		return nil
	case reading.Err() != nil:
		return exitError{code: exitInterrupted}
	case err != nil || shown > 0:
		return err
	}
	if h, err = e.asUser(c.given()); err != nil { // who may read the database, and perhaps not the journal
		return err
	}
	why, err := look.WhyNoLog(ctx, h, none)
	return cmp.Or(err, errors.New(why))
}
