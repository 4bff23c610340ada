package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/drift"
	"github.com/montimer/montimer/internal/flock"
	"github.com/montimer/montimer/internal/gitsync"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

type syncCmd struct {
	hostFlags
	Repair bool   `help:"Replace a damaged repository by a new fetch; the old one is kept in the checkout."`
	URL    string `name:"url" placeholder:"URL" help:"With --repair: the remote, where .git/config has lost it."`
}

// Run syncs the checkout as a run does. The exit code is 75 when tasks
// prevented it.
func (c syncCmd) Run(ctx context.Context, e env) error {
	h, err := c.host(e)
	if err != nil {
		return err
	}
	if missing := missingEnvFile(e); missing != "" {
		return errors.New(missing)
	}
	if host.IsRoot() && h.User != "root" {
		environ, err := byhand.PassedEnvironment(h)
		if err != nil {
			return err
		}
		args := []string{"sync"}
		if c.Repair {
			args = append(args, "--repair")
		}
		if c.URL != "" {
			args = append(args, "--url="+c.URL)
		}
		return byhand.StepDown(ctx, h, environ, args, e.stdout, e.stderr)
	}
	if err := c.takeEnvironment(e, h); err != nil {
		return err
	}
	if err := host.MakeStateDir(h.StateDir); err != nil {
		return fmt.Errorf("make the state directory: %w", err)
	}
	defer stayAlive(e.getenv("NOTIFY_SOCKET"))()
	checkout := newCheckout(e, c.hostFlags, h, new(jobsfile.Reader), console.NewLog(e.stderr, false))
	isolate(e, checkout.log)
	if c.Repair {
		if err := c.repair(ctx, e, checkout.syncer); err != nil {
			return err
		}
	}
	o := checkout.syncer.Run(ctx)
	if len(o.Pages) > 0 {
		p := pager.OfProcess(e.instance, pager.Open(ctx, h.StateDir), checkout.log)
		defer p.Records.Close()
		for _, words := range o.Pages {
			p.Page(ctx, "", "", words)
		}
		if _, err := p.Send(ctx); err != nil {
			checkout.log.Error("alerts: " + err.Error())
		}
	}
	switch {
	case o.Err != nil:
		return exitError{exitFailed, fmt.Errorf("git sync: %s", safetext.String(checkout.redactor.String(o.Err.Error())))}
	case o.PutOff:
		return exitError{exitTryAgain, fmt.Errorf("git sync: %v", o)}
	case len(o.Failed) > 0:
		return exitError{code: exitFailed}
	}
	_, err = fmt.Fprintln(e.stdout, o)
	return err
}

// repair replaces a damaged repository, and prints what it kept.
func (c syncCmd) repair(ctx context.Context, e env, s gitsync.Syncer) error {
	commit, kept, err := s.Repair(ctx, c.URL)
	if kept != "" {
		fmt.Fprintf(e.stderr, "the old repository is in %s: remove it when nothing in it is needed\n", kept)
	}
	if err != nil {
		return exitError{exitFailed, fmt.Errorf("repair the repository of %s: %s", s.Repo, safetext.String(err.Error()))}
	}
	_, err = fmt.Fprintf(e.stdout, "repaired %s, at commit %s\n", s.Repo, commit[:min(len(commit), 8)])
	return err
}

// stayAlive keeps systemd from killing the service as hung until stop is
// called: a sync has its own time-outs.
func stayAlive(socket string) (stop func()) {
	if socket == "" {
		return func() {}
	}
	done := make(chan struct{})
	if notifier, err := systemd.NewNotifier(socket); err == nil {
		go func() {
			for {
				notifier.Status("git sync", console.Hangs)
				select {
				case <-done:
					return
				case <-time.After(5 * time.Second):
				}
			}
		}()
	}
	return func() { close(done) }
}

// checkout implements [taskexec.Syncer] for the git checkout of the tasks.
type checkout struct {
	syncer   gitsync.Syncer
	env      env
	flags    hostFlags
	host     montimer.Host
	reader   *jobsfile.Reader
	log      *slog.Logger
	redactor *safetext.Redactor
	records  *pager.Records // where commits are kept for the pages; nil: nowhere
	pages    []string       // of the sync
}

func newCheckout(e env, f hostFlags, h montimer.Host, reader *jobsfile.Reader, log slog.Handler) *checkout {
	c := &checkout{env: e, flags: f, host: h, reader: reader, redactor: notify.Redactor(os.Environ())}
	c.log = slog.New(safetext.NewHandler(log, c.redactor))
	c.syncer = gitsync.Syncer{
		Repo: h.Checkout, StateDir: h.StateDir, Sync: h.Sync, Environ: os.Environ(), Log: c.log,
		OnChange: func(ctx context.Context) ([]montimer.OnChange, error) {
			j, err := c.peek(ctx)
			return j.OnChange, err
		},
		Units:     c.unitsFollow,
		Questions: new(gitsync.Questions),
	}
	return c
}

// peek reads the current jobs.yaml, without reporting its mistakes: the load
// for the tasks does.
func (c *checkout) peek(ctx context.Context) (montimer.Jobs, error) { return c.read(ctx, c.host) }

// read is peek with other host settings.
func (c *checkout) read(ctx context.Context, h montimer.Host) (montimer.Jobs, error) {
	f, err := c.reader.Read(ctx, h)
	if err == nil {
		err = f.Err(c.redactor.String)
	}
	return f.Jobs, err
}

// Sync implements [taskexec.Syncer].
func (c *checkout) Sync(ctx context.Context) []montimer.TaskRun {
	o := c.syncer.Run(ctx)
	c.pages = o.Pages
	if o.Err != nil {
		c.log.Warn(fmt.Sprintf("pre-run git sync failed (running existing checkout): %v", o))
	} else {
		c.log.Info(fmt.Sprintf("pre-run git sync: %v", o))
	}
	for i := range o.Failed {
		o.Failed[i].StderrTail = c.redactor.String(o.Failed[i].StderrTail)
	}
	return o.Failed
}

// holdWait is how long tasks wait at most for the end of a sync and of the commands
// after it.
const holdWait = 20 * time.Minute

// Hold implements [taskexec.Syncer].
func (c *checkout) Hold(ctx context.Context) (taskexec.Held, error) {
	release, err := c.syncer.Hold(ctx, holdWait)
	held := taskexec.Held{Release: release}
	switch {
	case errors.Is(err, gitsync.ErrHalfTree):
		return held, fmt.Errorf("no task ran: %w; %s completes it or says what is in the way", err, c.host.Instance.Command("sync"))
	case errors.Is(err, gitsync.ErrNoSync), errors.Is(err, flock.ErrHeld):
		held.Reason = fmt.Sprintf("ran without the lock of the checkout, so a sync could change it during the run: %v", err)
		c.log.Error(held.Reason, "event", taskexec.EventTrouble)
	case err != nil:
		c.log.Error(fmt.Sprintf("could not lock the checkout, so a sync may change it during this run: %v", err))
	}
	held.Commit = c.syncer.Commit(ctx)
	if c.records != nil && held.Commit != "" {
		if err := c.records.NoteCommit(ctx, held.Commit, c.syncer.Commits); err != nil {
			c.log.Warn(fmt.Sprintf("pages cannot name the commits of this run: %v", err))
		}
	}
	return held, nil
}

// unitsFollow asks for an apply when the units differ from jobs.yaml. It returns a
// page when it has not been applied for long.
func (c *checkout) unitsFollow(ctx context.Context, o gitsync.Outcome) (page string) {
	lagging, err := c.lagging(ctx)
	switch {
	case errors.Is(err, jobsfile.ErrInvalid):
		return "" // the run reports it
	case err != nil:
		c.log.Info(fmt.Sprintf("cannot compare the units with jobs.yaml: %v", err))
		if o.Old != o.New {
			drift.RequestApply(c.host.Instance)
		}
		return ""
	case len(lagging) == 0:
		return ""
	}
	return drift.Report(c.host, lagging, c.log)
}

// lagging names the units that differ from what the next compile would write.
func (c *checkout) lagging(ctx context.Context) ([]string, error) {
	h, err := c.flags.compileHost(c.env)
	if err != nil {
		return nil, err
	}
	h.JobsFile = c.host.JobsFile
	j, err := c.read(ctx, h)
	if err != nil {
		return nil, err
	}
	return drift.Lagging(h, j.Profiles)
}
