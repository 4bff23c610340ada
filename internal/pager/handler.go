package pager

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
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

// A Handler is started by systemd after a service has failed (OnFailure=), with
// $MONITOR_* (systemd.exec(5)).
type Handler struct {
	Instance montimer.Instance
	Unit     string // the service
	StateDir string
	Err      error // why the state directory is not known, or is out of reach
	// IfMissing is a user: the handler has nothing to do if the user exists and the
	// handler that runs as that user was able to report; "": it always has.
	IfMissing string
	Log       *slog.Logger
}

// unreported says that the handler of a unit was itself killed.
func (h Handler) unreported(failed Failed) error {
	handler := strings.Replace(h.Instance.Unit("failure@.service"), "@", "@"+h.Unit, 1)
	return fmt.Errorf("its handler, %s, could not report that: %v", handler, failed)
}

// report reports a run that failed, unless it has done so itself, and the next one
// if that fails meanwhile: systemd starts no second handler for it. Its results
// are those of [Pager.Send].
func (h Handler) report(ctx context.Context, p *Pager, failed Failed) (stuck, err error) {
	s := service(ctx, h.Unit)
	if s.Invocation == failed.ID {
		failed.Said = s.Status
	}
	// systemd names the current run of the service. That may already be the next
	// one: RecordEnd has recorded the failed one, if it could.
	if s.Invocation != failed.ID || !s.Running() || !p.Records.LastFailed(ctx, failed.Profile) {
		p.Report(ctx, h.StateDir, failed)
	}
	stuck, err = p.Send(ctx)
	if s := service(ctx, h.Unit); s.Active == "failed" && s.Invocation != "" && s.Invocation != failed.ID {
		p.Report(ctx, h.StateDir, h.failed(s))
		stuckAgain, errAgain := p.Send(ctx)
		stuck, err = errors.Join(stuck, stuckAgain), errors.Join(err, errAgain)
	}
	return stuck, err
}

// Run makes sure that the failure is reported: by the run itself, according to
// the database, or else from here. Without the database it sends from memory,
// without Telegram it writes a critical entry into the journal.
func (h Handler) Run(ctx context.Context) error {
	failed := h.failed(systemd.Service{Invocation: os.Getenv("MONITOR_INVOCATION_ID"), Result: os.Getenv("MONITOR_SERVICE_RESULT")})
	failed.Code, failed.Status = os.Getenv("MONITOR_EXIT_CODE"), os.Getenv("MONITOR_EXIT_STATUS")
	if h.IfMissing != "" && h.Err == nil {
		if _, h.Err = user.Lookup(h.IfMissing); h.Err == nil {
			if failed.Exited() {
				return nil // the handler that runs as this user has reported the failure, or logged why not
			}
			h.Err = h.unreported(failed)
			s := service(ctx, h.Unit)
			failed = h.failed(systemd.Service{Invocation: s.Invocation, Result: s.Result})
		}
	}
	db := Records{Err: h.Err}
	if h.Err == nil {
		db = Open(ctx, h.Instance, h.StateDir)
	}
	defer db.Close()
	p := OfProcess(h.Instance, db, h.Log)
	stuck, err := h.report(ctx, p, failed)
	if p.unsent == nil && err != nil && !db.hasOutbox(ctx) {
		// What failed has been sent from memory, and the runs report the outbox.
		h.Log.Error("alerts: "+err.Error(), "event", taskexec.EventTrouble)
		return nil
	}
	if stuck != nil {
		err = errors.Join(err, p.LogUnsent(failed, stuck))
	}
	return errors.Join(stuck, err)
}

// failed is how the current run of the service failed.
func (h Handler) failed(s systemd.Service) Failed {
	f := Failed{Unit: h.Unit, ID: s.Invocation, Result: s.Result, Said: s.Status}
	var ok bool
	if f.Profile, ok = h.Instance.ProfileOf(h.Unit); !ok {
		f.Profile = strings.TrimSuffix(h.Unit, ".service")
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

// EndedRun is how the run of a profile ended, after which systemd has started
// this process (ExecStopPost= in systemd.service(5)).
func EndedRun(of montimer.Instance, profile string) Failed {
	return Failed{
		Unit: of.Service(profile), Profile: profile,
		ID: taskexec.RunID(os.Environ()), Result: os.Getenv("SERVICE_RESULT"),
		Code: os.Getenv("EXIT_CODE"), Status: os.Getenv("EXIT_STATUS"),
	}
}

// RecordEnd records a run that was killed before it was on record, since systemd
// starts no second failure handler while one is running. It stores the alert in
// the outbox; the handler sends it.
func RecordEnd(ctx context.Context, of montimer.Instance, stateDir string, f Failed, log *slog.Logger) error {
	db := Open(ctx, of, stateDir)
	defer db.Close()
	if s := service(ctx, f.Unit); s.Invocation == f.ID {
		f.Said = s.Status
	}
	p := OfProcess(of, db, log)
	return p.Ensure(ctx, stateDir, f, func(reason string) montimer.Run {
		var timer *taskexec.Timer
		if t, err := systemd.LoadedTimer(ctx, of.Timer(f.Profile)); err == nil {
			timer = &t
		}
		run := taskexec.Unrecorded(os.Environ(), f.Profile, of.Timer(f.Profile), timer, reason)
		run.Host = p.host.Name
		return run
	})
}
