package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"strconv"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

type failureCmd struct {
	hostFlags
	IfMissing string `placeholder:"USER" help:"Do nothing, unless this user is missing or the handler that runs as this user could not report."`
	Unit      string `arg:"" help:"The unit that failed."`
}

// Run makes sure that the failure of a service is reported: by the run itself,
// according to the database, or else from here. Without the database it sends
// from memory, without Telegram it writes a critical entry into the journal.
func (c failureCmd) Run(ctx context.Context, e env) error {
	h, err := becomeUser(c.hostFlags, e)
	failed := c.failed(e.instance, systemd.Service{Invocation: e.getenv("MONITOR_INVOCATION_ID"), Result: e.getenv("MONITOR_SERVICE_RESULT")})
	failed.Code, failed.Status = e.getenv("MONITOR_EXIT_CODE"), e.getenv("MONITOR_EXIT_STATUS")
	if c.IfMissing != "" && err == nil {
		if _, err = user.Lookup(c.IfMissing); err == nil {
			if failed.Exited() {
				return nil // the handler that runs as this user has reported the failure, or logged why not
			}
			err = fmt.Errorf("its handler, %s, could not report that: %v",
				strings.Replace(e.instance.Unit("failure@.service"), "@", "@"+c.Unit, 1), failed)
			s := service(ctx, c.Unit)
			failed = c.failed(e.instance, systemd.Service{Invocation: s.Invocation, Result: s.Result})
		}
	}
	db := pager.Records{Err: err}
	if err == nil {
		db = pager.Open(ctx, h.StateDir)
	}
	defer db.Close()
	p := newPager(e, db, serviceLog(e))
	s := service(ctx, c.Unit)
	if s.Invocation == failed.ID {
		failed.Said = s.Status
	}
	// systemd names the current run of the service. That may already be the next
	// one: endedCmd has recorded the failed one, if it could.
	if s.Invocation != failed.ID || !s.Running() || !db.LastFailed(ctx, failed.Profile) {
		p.Report(ctx, h.StateDir, failed)
	}
	stuck, err := p.Send(ctx)
	// systemd starts no second handler for a run that failed meanwhile.
	if s := service(ctx, c.Unit); s.Active == "failed" && s.Invocation != "" && s.Invocation != failed.ID {
		p.Report(ctx, h.StateDir, c.failed(e.instance, s))
		stuckAgain, errAgain := p.Send(ctx)
		stuck, err = errors.Join(stuck, stuckAgain), errors.Join(err, errAgain)
	}
	if stuck != nil {
		err = errors.Join(err, p.LogUnsent(failed, stuck))
	}
	return errors.Join(stuck, err)
}

// failed is how the current run of the service failed.
func (c failureCmd) failed(of montimer.Instance, s systemd.Service) pager.Failed {
	f := pager.Failed{Unit: c.Unit, ID: s.Invocation, Result: s.Result, Said: s.Status}
	var ok bool
	if f.Profile, ok = of.ProfileOf(c.Unit); !ok {
		f.Profile = strings.TrimSuffix(c.Unit, ".service")
	}
	if s.ExitCode != 0 && !s.Signaled {
		f.Code, f.Status = "exited", strconv.Itoa(s.ExitCode)
	}
	return f
}

// service returns the state of a service; zero if systemd cannot be asked.
func service(ctx context.Context, unit string) systemd.Service {
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return systemd.Service{}
	}
	defer conn.Close()
	s, _ := conn.Service(ctx, unit)
	return s
}

// endedCmd runs after each run of a service (ExecStopPost=). A run that was
// killed before it was on record gets its record here, since systemd starts no
// second failure handler while one is running.
type endedCmd struct {
	hostFlags
	Profile string `arg:"" help:"Name of the profile."`
}

// Run stores the alert in the outbox; the handler sends it.
func (c endedCmd) Run(ctx context.Context, e env) error {
	f := pager.Failed{
		Unit: e.instance.Service(c.Profile), Profile: c.Profile,
		ID: taskexec.RunID(os.Environ()), Result: e.getenv("SERVICE_RESULT"),
		Code: e.getenv("EXIT_CODE"), Status: e.getenv("EXIT_STATUS"),
	}
	if f.Result == "success" || f.SelfReported() {
		return nil
	}
	h, err := c.host(e)
	if err != nil {
		return err
	}
	db := pager.Open(ctx, h.StateDir)
	defer db.Close()
	if s := service(ctx, f.Unit); s.Invocation == f.ID {
		f.Said = s.Status
	}
	return newPager(e, db, serviceLog(e)).Ensure(ctx, h.StateDir, f, func(reason string) montimer.Run {
		var timer *taskexec.Timer
		if t, err := systemd.LoadedTimer(ctx, e.instance.Timer(c.Profile)); err == nil {
			timer = &t
		}
		run := taskexec.Unrecorded(os.Environ(), c.Profile, e.instance.Timer(c.Profile), timer, reason)
		run.Host = hostname()
		return run
	})
}

// newPager returns the pager of this process.
func newPager(e env, r pager.Records, log *slog.Logger) *pager.Pager {
	redactor := notify.Redactor(os.Environ())
	return pager.New(pager.Host{Name: hostname(), Instance: e.instance, Getenv: e.getenv, Redact: redactor.String, Journal: e.journalCommand},
		r, slog.New(safetext.NewHandler(log.Handler(), redactor)))
}

// journalCommand shows a run of a profile, "": of one that is not known.
func (e env) journalCommand(profile, runID string) string {
	run := journal.Run{Invocation: runID}
	if profile != "" {
		run.Unit = e.instance.Service(profile)
	}
	return run.Command()
}
