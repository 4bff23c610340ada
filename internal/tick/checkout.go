package tick

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/drift"
	"github.com/montimer/montimer/internal/flock"
	"github.com/montimer/montimer/internal/gitsync"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// checkout implements [taskexec.Syncer] for the git checkout of the tasks.
type checkout struct {
	Syncer gitsync.Syncer
	Log    *slog.Logger // without secrets

	host     montimer.Host
	unitHost func() (montimer.Host, error)
	reader   *jobsfile.Reader
	redactor *safetext.Redactor
	records  *pager.Records // where commits are kept for the pages; nil: nowhere
	pages    []string       // of the sync
}

// newCheckout returns the checkout of a host. unitHost returns the host with the
// settings that the next compile uses.
func newCheckout(h montimer.Host, unitHost func() (montimer.Host, error), reader *jobsfile.Reader, log slog.Handler) *checkout {
	c := &checkout{host: h, unitHost: unitHost, reader: reader, redactor: notify.Redactor(os.Environ())}
	c.Log = slog.New(safetext.NewHandler(log, c.redactor))
	c.Syncer = gitsync.Syncer{
		Instance: h.Instance, Repo: h.Checkout, StateDir: h.StateDir, Sync: h.Sync, Environ: os.Environ(), Log: c.Log,
		OnChange: func(ctx context.Context) ([]montimer.OnChange, error) {
			j, err := c.peek(ctx)
			return j.OnChange, err
		},
		Units:     c.unitsFollow,
		Questions: new(gitsync.Questions),
	}
	return c
}

// safe returns the text of an error without secrets, safe to show.
func (c *checkout) safe(err error) string { return safetext.String(c.redactor.String(err.Error())) }

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
	o := c.Syncer.Run(ctx)
	c.pages = o.Pages
	if o.Err != nil {
		c.Log.Warn(fmt.Sprintf("pre-run git sync failed (running existing checkout): %v", o))
	} else {
		c.Log.Info(fmt.Sprintf("pre-run git sync: %v", o))
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
	release, err := c.Syncer.Hold(ctx, holdWait)
	held := taskexec.Held{Release: release}
	switch {
	case errors.Is(err, gitsync.ErrHalfTree):
		return held, fmt.Errorf("no task ran: %w; %s completes it or says what is in the way", err, c.host.Instance.Command("sync"))
	case errors.Is(err, gitsync.ErrNoSync), errors.Is(err, flock.ErrHeld):
		held.Reason = fmt.Sprintf("ran without the lock of the checkout, so a sync could change it during the run: %v", err)
		c.Log.Error(held.Reason, "event", taskexec.EventTrouble)
	case err != nil:
		c.Log.Error(fmt.Sprintf("could not lock the checkout, so a sync may change it during this run: %v", err))
	}
	held.Commit = c.Syncer.Commit(ctx)
	if c.records != nil && held.Commit != "" {
		if err := c.records.NoteCommit(ctx, held.Commit, c.Syncer.Commits); err != nil {
			c.Log.Warn(fmt.Sprintf("pages cannot name the commits of this run: %v", err))
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
		c.Log.Info(fmt.Sprintf("cannot compare the units with jobs.yaml: %v", err))
		if o.Old != o.New {
			drift.RequestApply(c.host.Instance)
		}
		return ""
	case len(lagging) == 0:
		return ""
	}
	return drift.Report(c.host, lagging, c.Log)
}

// lagging names the units that differ from what the next compile would write.
func (c *checkout) lagging(ctx context.Context) ([]string, error) {
	h, err := c.unitHost()
	if err != nil {
		return nil, err
	}
	h.JobsFile = c.host.JobsFile
	j, err := c.read(ctx, h)
	if err != nil {
		return nil, err
	}
	return drift.Lagging(h, j)
}
