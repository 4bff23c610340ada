package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/drift"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

type execCmd struct {
	hostFlags
	Profile string   `arg:"" help:"Name of the profile."`
	Task    []string `placeholder:"TASK" help:"Run only this task, even if it or its profile is disabled; may be repeated."`
	DryRun  bool     `help:"Show what would run, and run nothing."`
	Notify  bool     `help:"Send alerts for this run too: by default a run by hand sends none."`
}

// Run runs the tasks of one profile; its exit code tells how they ended.
func (c execCmd) Run(ctx context.Context, e env) error {
	h, err := c.host(e)
	if err != nil {
		return err
	}
	if host.IsRoot() && h.User != "root" {
		if c.DryRun {
			return byhand.StepDown(ctx, h, nil, append([]string{"exec", "--dry-run", c.Profile}, taskFlags(c.Task)...), e.stdout, e.stderr)
		}
		return usage(fmt.Errorf("tasks do not run as root: use %s (or runuser -u %s -- %s)",
			e.instance.Command("run "+c.Profile), h.User, e.instance.Command("exec "+c.Profile)))
	}
	if !c.DryRun {
		if err := c.takeEnvironment(e, h); err != nil {
			return err
		}
		err := host.MakeStateDir(h.StateDir)
		if err != nil && !taskexec.IsService(os.Environ()) {
			return fmt.Errorf("make the state directory: %w", err)
		} // a service runs without it, and reports that
	}
	reader := &jobsfile.Reader{Options: jobsfile.Options{Files: c.DryRun}}
	if e.getenv("JOURNAL_STREAM") != "" {
		defer journal.Flush()
	}
	outlet := taskexec.NewOutlet()
	defer outlet.Close(readerTimeout)
	live := console.NewScreen(e.stderr, func(draw func()) { outlet.Do(0, draw) })
	if live != nil && !c.DryRun {
		defer live.Close()
		e.stderr = live
	} else {
		live = nil
	}
	err = c.exec(ctx, e, h, reader, outlet, live)
	var coded exitError
	if errors.As(err, &coded) && coded.err != nil { // flushed: the outlet may be stuck
		fmt.Fprintln(outlet.Writer(e.stderr), "montimer:", errorText(coded.err))
		return exitError{code: coded.code}
	}
	return err
}

// readerTimeout is how long the end of a run waits for a stuck reader of its
// output.
const readerTimeout = 3 * time.Second

// exec runs the profile with a Runner, and reports the run.
func (c execCmd) exec(ctx context.Context, e env, h montimer.Host, reader *jobsfile.Reader, outlet *taskexec.Outlet, live *console.Screen) error {
	id := taskexec.RunID(os.Environ())
	runner, err := c.runner(e, h, reader, id, outlet)
	if err != nil {
		return err
	}
	service, err := console.NewWatchdog(e.getenv("NOTIFY_SOCKET"), runner.Redactor.String)
	switch {
	case err != nil:
		runner.Log.Warn(err.Error()) // systemd may kill the run if it takes long
	case service != nil:
		runner.Watch = service.Watch
	case live != nil:
		runner.Watch, runner.Log = live.Watch, slog.New(console.WithoutStarts(runner.Log.Handler()))
	}
	isolate(e, runner.Log)
	e.stderr = outlet.Writer(e.stderr)
	checkout := newCheckout(e, c.hostFlags, h, reader, runner.Log.Handler())
	runner.Peek, runner.Syncer = checkout.peek, checkout
	missing := missingEnvFile(e)
	if missing != "" {
		runner.Syncer = nil // the commands after a change need it, too
	}
	var page *pager.Pager
	if !c.DryRun {
		page = pager.OfProcess(e.instance, pager.Open(ctx, h.StateDir), runner.Log)
		page.Manual = c.Notify
		checkout.records = &page.Records
		page.Observe(&runner)
		defer page.Records.Close()
	}
	pause := ""
	paused, err := host.PauseOfTicks(h.Instance.PauseDir(), h.StateDir, c.Profile, time.Now())
	if err == nil && !paused.Until.IsZero() {
		pause = host.PauseText(paused)
	}
	if err != nil {
		runner.Log.Error("pause ignored: "+err.Error(), "event", taskexec.EventTrouble)
	}
	var triggered time.Time
	runner.Timer = func(ctx context.Context, profile string) (taskexec.Timer, error) {
		t, err := systemd.LoadedTimer(ctx, e.instance.Timer(profile))
		triggered = t.Triggered
		return t, err
	}
	result, err := runner.Exec(ctx, taskexec.Request{
		ID:      id,
		Profile: c.Profile,
		Tasks:   c.Task,
		Trigger: taskexec.StartedBy(runner.Environ, e.instance.Timer(c.Profile)),
		Pause:   pause,
		Refused: missing,
		DryRun:  c.DryRun,
	})
	code := taskexec.ExitCode(result, err)
	service.End(taskexec.Summary(result, err))
	if !c.DryRun {
		if words := drift.UnblockTimer(e.instance.Timer(c.Profile), triggered, func() error { return drift.RequestApply(h.Instance) }, runner.Log); words != "" {
			checkout.pages = append(checkout.pages, words)
		}
		unclaim := func() {}
		unrecorded := errors.Is(err, taskexec.ErrUnrecorded) && taskexec.IsService(os.Environ())
		if unrecorded {
			unclaim = page.Unrecorded(context.WithoutCancel(ctx), h.StateDir, result, err, checkout.pages)
		} else {
			page.Recorded(context.WithoutCancel(ctx), h.StateDir, result, checkout.pages)
		}
		if unsent := page.Ended(result, code); unsent != nil {
			unclaim()
		} else if unrecorded {
			code = exitUnrecorded // the handler of the failure has nothing to report
		}
		if err := page.Records.Prune(context.WithoutCancel(ctx)); err != nil {
			runner.Log.Warn("prune old runs: " + err.Error())
		}
	}
	var refused *taskexec.UsageError
	switch {
	case code == exitDone:
		return nil
	case errors.As(err, &refused) && !errors.Is(err, jobsfile.ErrInvalid):
		return exitError{code, refused}
	case errors.Is(err, jobsfile.ErrInvalid), errors.Is(err, taskexec.ErrUnrecorded): // reported already
		return exitError{code: code}
	}
	return exitError{code, err}
}

// isolate keeps the tasks of a confined service from the memory of processes
// outside of the sandbox, if the kernel can.
func isolate(e env, log *slog.Logger) {
	if e.getenv("MONTIMER_SANDBOX") == "" || !taskexec.IsService(os.Environ()) {
		return
	}
	if err := host.Isolate(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		log.Warn("tasks can change the memory of other processes of their user: "+err.Error(), "event", taskexec.EventTrouble)
	}
}

// missingEnvFile says that the environment file of this service is missing; "":
// it exists, or this is no service. systemd starts the service without it, so
// that this is recorded and reported; but no task runs, since one that sends
// its own alerts would lose them without its token.
func missingEnvFile(e env) string {
	path := e.getenv("MONTIMER_ENV_FILE")
	if path == "" || !taskexec.IsService(os.Environ()) {
		return ""
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("the environment file %s is missing, so no task was run: put it back (it may be empty)", path)
	case err == nil && info.IsDir():
		return fmt.Sprintf("the environment file %s is a directory, so no task was run: put a file in its place (it may be empty)", path)
	}
	return "" // also if this user cannot look: systemd reads it as root
}

// runner returns the Runner of all runs of a host.
func (c execCmd) runner(e env, h montimer.Host, reader *jobsfile.Reader, id string, outlet *taskexec.Outlet) (taskexec.Runner, error) {
	sink, log, err := console.Outlets(e.stderr, id)
	if err != nil {
		return taskexec.Runner{}, err
	}
	e.stderr, log = outlet.Writer(e.stderr), outlet.Handler(log)
	most, err := taskexec.ParseMaxOutput(e.getenv("MONTIMER_OUTPUT_MAX"))
	if err != nil {
		slog.New(log).Warn(err.Error())
	}
	r := taskexec.Runner{
		Checkout: h.Checkout,
		StateDir: h.StateDir,
		Environ:  os.Environ(),
		Host:     host.Hostname(),
		Load:     func(ctx context.Context) (montimer.Jobs, error) { return load(ctx, e, h, reader) },
		Redactor: notify.Redactor(os.Environ()),
		Sink:     sink,
		Outlet:   outlet,

		MaxOutput: most,
		Log:       slog.New(log),
		Boot:      store.Now().Boot,
	}
	return r, nil
}

// load reads jobs.yaml for a run. The error is short, for a page.
func load(ctx context.Context, e env, h montimer.Host, reader *jobsfile.Reader) (montimer.Jobs, error) {
	f, err := reader.Read(ctx, h)
	if err != nil {
		return montimer.Jobs{}, usage(err)
	}
	e.show(f)
	return f.Jobs, f.Err(notify.Redactor(os.Environ()).String)
}
