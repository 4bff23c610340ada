// Package tick is what the services do at a tick of their timers: it joins a run
// of package taskexec with the sync of the checkout, the pages, the pauses, and
// the units that follow jobs.yaml. Read tick.go (a run), checkout.go (the sync),
// then service.go.
package tick

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/drift"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

// Run is a run of a profile in this process.
type Run struct {
	Host     montimer.Host
	UnitHost func() (montimer.Host, error) // with the settings that the next compile uses
	Profile  string
	Tasks    []string // only these; none: all that are enabled
	DryRun   bool     // only show what would run
	Notify   bool     // send alerts for a run by hand, too

	Stderr    io.Writer
	ErrorText func(error) string // how an error is shown

	outlet *taskexec.Outlet // what Stderr is written by
	screen *console.Screen  // a live view of the run; nil: none
}

// readerTimeout is how long the end of a run waits for a stuck reader of its
// output.
const readerTimeout = 3 * time.Second

// Exec runs the tasks, reports the run, on a terminal with a live view of it, and
// returns its exit code.
func (r Run) Exec(ctx context.Context) int {
	if os.Getenv("JOURNAL_STREAM") != "" {
		defer journal.Flush()
	}
	r.outlet = taskexec.NewOutlet()
	defer r.outlet.Close(readerTimeout)
	if !r.DryRun {
		r.screen = console.NewScreen(r.Stderr, func(draw func()) { r.outlet.Do(0, draw) })
	}
	if r.screen != nil {
		defer r.screen.Close()
		r.Stderr = r.screen
	}
	code, err := r.exec(ctx)
	if err != nil { // by the outlet, which may be stuck
		fmt.Fprintln(r.outlet.Writer(r.Stderr), "montimer:", r.ErrorText(err))
	}
	return code
}

// exec runs the tasks, and reports the run. The error is what has not been
// reported yet.
func (r Run) exec(ctx context.Context) (code int, err error) {
	id := taskexec.RunID(os.Environ())
	reader := &jobsfile.Reader{Options: jobsfile.Options{Files: r.DryRun}}
	runner, err := r.runner(reader, id)
	if err != nil {
		return 1, err
	}
	service := r.watch(&runner)
	Isolate(runner.Log)
	checkout := newCheckout(r.Host, r.UnitHost, reader, runner.Log.Handler())
	runner.Peek, runner.Syncer = checkout.peek, checkout
	missing := MissingEnvFile()
	if missing != "" {
		runner.Syncer = nil // the commands after a change need it, too
	}
	var page *pager.Pager
	if !r.DryRun {
		page = r.observe(ctx, &runner, checkout)
		defer page.Records.Close()
		runner.Timetable = page.Records.Timetable
	}
	timer := r.Host.Instance.Timer(r.Profile)
	var triggered time.Time
	runner.Timer = func(ctx context.Context, _ string) (taskexec.Timer, error) {
		t, err := systemd.LoadedTimer(ctx, timer)
		triggered = t.Triggered
		return t, err
	}
	elsewhere := r.elsewhere(runner.Log)
	paused := r.pause(runner.Log)
	result, err := runner.Exec(ctx, taskexec.Request{
		ID:      id,
		Profile: r.Profile,
		Tasks:   r.Tasks,
		Trigger: taskexec.StartedBy(runner.Environ, timer),
		Pause:   text(paused),
		Refused: missing,
		DryRun:  r.DryRun,

		Elsewhere: retired(elsewhere, paused),
	})
	code = taskexec.ExitCode(result, err)
	service.End(taskexec.Summary(result, err))
	if r.DryRun {
		return code, unreported(code, err)
	}
	if elsewhere == nil && err == nil && r.Host.Backup.Dir != "" && page.Records.Err == nil {
		if err := page.Records.Store.EndRefusals(context.WithoutCancel(ctx)); err != nil {
			runner.Log.Warn(err.Error())
		}
	}
	if elsewhere != nil && err == nil {
		return r.refused(context.WithoutCancel(ctx), page, result, elsewhere), nil
	}
	if words := drift.UnblockTimer(timer, triggered, func() error { return drift.RequestApply(r.Host.Instance) }, runner.Log); words != "" {
		checkout.pages = append(checkout.pages, words)
	}
	code = r.report(context.WithoutCancel(ctx), page, result, err, code, checkout.pages)
	if err := page.Records.Prune(context.WithoutCancel(ctx)); err != nil {
		runner.Log.Warn("prune old runs: " + err.Error())
	}
	return code, unreported(code, err)
}

// watch has the runner report its progress to systemd or on the screen. The
// watchdog is nil where systemd does not watch this process.
func (r Run) watch(runner *taskexec.Runner) *console.Watchdog {
	service, err := console.NewWatchdog(os.Getenv("NOTIFY_SOCKET"), runner.Redactor.String)
	switch {
	case err != nil:
		runner.Log.Warn(err.Error()) // systemd may kill the run if it takes long
	case service != nil:
		runner.Watch = service.Watch
	case r.screen != nil:
		runner.Watch, runner.Log = r.screen.Watch, slog.New(console.WithoutStarts(runner.Log.Handler()))
	}
	return service
}

// observe returns the pager that records and reports the run.
func (r Run) observe(ctx context.Context, runner *taskexec.Runner, of *checkout) *pager.Pager {
	page := pager.OfProcess(r.Host.Instance, pager.Open(ctx, r.Host.Instance, r.Host.StateDir), runner.Log)
	page.Manual = r.Notify
	of.records = &page.Records
	page.Observe(runner)
	return page
}

// unreported returns the part of a run's error that is still to be shown.
func unreported(code int, err error) error {
	var refused *taskexec.UsageError
	switch {
	case code == 0, errors.Is(err, jobsfile.ErrInvalid):
		return nil
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, taskexec.ErrUnrecorded):
		return nil
	}
	return err
}

// report reports a run that has ended with this error and exit code, and returns
// the exit code of the process.
func (r Run) report(ctx context.Context, page *pager.Pager, result montimer.Run, err error, code int, pages []string) int {
	unclaim := func() {}
	unrecorded := errors.Is(err, taskexec.ErrUnrecorded) && taskexec.IsService(os.Environ())
	if unrecorded {
		unclaim = page.Unrecorded(ctx, r.Host.StateDir, result, err, pages)
	} else {
		page.Recorded(ctx, r.Host.StateDir, result, pages)
	}
	if unsent := page.Ended(result, code); unsent != nil {
		unclaim()
	} else if unrecorded {
		return pager.ExitUnrecorded // the handler of the failure has nothing to report
	}
	return code
}

// elsewhere says that another host runs the jobs; nil: it is this one, as far as is
// known. What is not known keeps no task from running.
func (r Run) elsewhere(log *slog.Logger) *backup.NotOwnerError {
	if r.Host.Backup.Dir == "" || r.DryRun {
		return nil
	}
	err := backup.Elsewhere(r.Host.Backup.Dir)
	var other *backup.NotOwnerError
	if err != nil && !errors.As(err, &other) {
		log.Error("whether another host runs the jobs is not known, so they run here: "+err.Error(), "event", taskexec.EventTrouble)
	}
	return other
}

// retired says why this host runs nothing, also by hand; "": it does.
func retired(other *backup.NotOwnerError, paused montimer.Pause) string {
	switch {
	case other != nil:
		return other.Error()
	case paused.By == host.ByRetire:
		return host.PauseText(paused)
	}
	return ""
}

// refused ends a run that another host is to do, and returns its exit code. It sends no
// heartbeats: those are the other host's.
func (r Run) refused(ctx context.Context, page *pager.Pager, result montimer.Run, other *backup.NotOwnerError) int {
	if result.Trigger == montimer.TriggerManual {
		return 1
	}
	if err := page.Elsewhere(ctx, other); err != nil { // logged
		return 1
	}
	return 0
}

// text says until when and why a profile is paused; "": it is not.
func text(p montimer.Pause) string {
	if p.Until.IsZero() {
		return ""
	}
	return host.PauseText(p)
}

// pause returns the pause of the profile.
func (r Run) pause(log *slog.Logger) montimer.Pause {
	paused, err := host.PauseOfTicks(r.Host.Instance.PauseDir(), r.Host.StateDir, r.Profile, time.Now())
	if err != nil {
		log.Error("pause ignored: "+err.Error(), "event", taskexec.EventTrouble)
		return montimer.Pause{}
	}
	return paused
}

// load reads jobs.yaml, and shows what is wrong with it.
func (r Run) load(ctx context.Context, reader *jobsfile.Reader, redactor *safetext.Redactor) (montimer.Jobs, error) {
	f, err := reader.Read(ctx, r.Host)
	if err != nil {
		return montimer.Jobs{}, err
	}
	jobs.WriteText(r.outlet.Writer(r.Stderr), f.Diagnostics, false)
	return f.Jobs, f.Err(redactor.String) // short, for a page
}

// runner returns a Runner that reads jobs.yaml, and writes to the outlet.
func (r Run) runner(reader *jobsfile.Reader, id string) (taskexec.Runner, error) {
	sink, log, err := console.Outlets(r.Stderr, id)
	if err != nil {
		return taskexec.Runner{}, err
	}
	log = r.outlet.Handler(log)
	most, err := taskexec.ParseMaxOutput(os.Getenv("MONTIMER_OUTPUT_MAX"))
	if err != nil {
		slog.New(log).Warn(err.Error())
	}
	redactor := notify.Redactor(os.Environ())
	return taskexec.Runner{
		Checkout: r.Host.Checkout,
		StateDir: r.Host.StateDir,
		Environ:  os.Environ(),
		Host:     host.Hostname(),
		Load:     func(ctx context.Context) (montimer.Jobs, error) { return r.load(ctx, reader, redactor) },
		Redactor: redactor,
		Sink:     sink,
		Outlet:   r.outlet,

		MaxOutput: most,
		Log:       slog.New(log),
		Boot:      store.Now().Boot,
	}, nil
}
