package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	sdjournal "github.com/coreos/go-systemd/v22/journal"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

// messageUnreported is the MESSAGE_ID of the journal entry that stands for an
// alert which could not be sent: journalctl -u 'montimer-failure@*' MESSAGE_ID=...
const messageUnreported = "5d1c3a4e0b6f4c7c9a2f8e71d0b3c596"

type failureCmd struct {
	hostFlags
	IfMissing string `placeholder:"USER" help:"Do nothing, unless this user is missing or the handler that runs as this user could not report."`
	Unit      string `arg:"" help:"The unit that failed."`
}

// Run sees to it that the failure of a service is told of: by the run itself,
// which the database then says, or else from here. It works with what there
// is: without the database it sends from memory, without a way to Telegram it
// leaves a critical entry in the journal.
func (c failureCmd) Run(ctx context.Context, e env) error {
	h, err := becomeUser(c.hostFlags, e)
	failed := failedRun{
		id: e.getenv("MONITOR_INVOCATION_ID"), result: e.getenv("MONITOR_SERVICE_RESULT"),
		code: e.getenv("MONITOR_EXIT_CODE"), status: e.getenv("MONITOR_EXIT_STATUS"),
	}
	if c.IfMissing != "" && err == nil {
		if _, err = user.Lookup(c.IfMissing); err == nil {
			if failed.exited() {
				return nil // the handler that runs as this user has reported, or said why it could not
			}
			err = fmt.Errorf("its handler, montimer-failure@%s.service, could not report that: %v", c.Unit, failed)
			s := c.service(ctx)
			failed = failedRun{id: s.Invocation, result: s.Result}
		}
	}
	db := records{err: err}
	if err == nil {
		db = openRecords(ctx, h.StateDir)
	}
	defer db.Close()
	p := newPager(e, db, serviceLog(e))
	s := c.service(ctx)
	if s.Invocation == failed.id {
		failed.said = s.Status
	}
	// systemd names the run that the service has now. That may be the next one, and
	// under way: of the one that failed endedCmd has made a record, if it could.
	if s.Invocation != failed.id || !s.Running() || !c.lastFailed(ctx, db) {
		c.report(ctx, p, h.StateDir, failed)
	}
	stuck, err := p.send(ctx)
	// systemd starts no second handler for a run that failed meanwhile.
	if s := c.service(ctx); s.Active == "failed" && s.Invocation != "" && s.Invocation != failed.id {
		again := failedRun{id: s.Invocation, result: s.Result, said: s.Status}
		if s.ExitCode != 0 && !s.Signaled {
			again.code, again.status = "exited", strconv.Itoa(s.ExitCode)
		}
		c.report(ctx, p, h.StateDir, again)
		stuckAgain, errAgain := p.send(ctx)
		stuck, err = errors.Join(stuck, stuckAgain), errors.Join(err, errAgain)
	}
	if stuck != nil {
		c.leave(failed, stuck)
	}
	return errors.Join(stuck, err)
}

// failedRun is what systemd knows of a run (OnFailure= in systemd.unit(5)).
type failedRun struct {
	id     string // its invocation
	result string // of the service: "signal", "oom-kill", "timeout" …
	code   string // "exited" or "killed"
	status string // exit code, or name of the signal
	said   string // the last STATUS= of the run
}

// exited reports whether the program ran and ended by itself: a signal ended it
// otherwise, or systemd could not start it and says so by an exit status from 200
// on ("Process Exit Codes" in systemd.exec(5)).
func (f failedRun) exited() bool {
	status, err := strconv.Atoi(f.status)
	return f.result == "exit-code" && err == nil && status < 200
}

// String leaves out what systemd does not know: a service that could not be
// started has no exit code.
func (f failedRun) String() string {
	var words []string
	if f.result != "" {
		words = append(words, f.result)
	}
	if exit := strings.TrimSpace(f.code + " " + f.status); exit != "" {
		if status, err := strconv.Atoi(f.status); err == nil && f.result == "exit-code" && journal.Reserved(status) != "" {
			exit += "/" + journal.Reserved(status)
		}
		words = append(words, exit)
	}
	if f.said != "" {
		words = append(words, "last status: "+f.said)
	}
	return strings.Join(words, ", ")
}

// selfReported reports whether the run was not recorded and has reported that by
// itself, with what else there was to report.
func (f failedRun) selfReported() bool {
	return f.result == "exit-code" && f.status == strconv.Itoa(exitUnrecorded)
}

// lastFailed reports whether the run of the timer that ended last is on record as
// one that did not end well.
func (c failureCmd) lastFailed(ctx context.Context, db records) bool {
	last, _, err := db.LastOfTimer(ctx, c.profile())
	return err == nil && slices.Contains([]montimer.RunState{montimer.RunFailed, montimer.RunLost, montimer.RunInterrupted}, last.State)
}

func (c failureCmd) profile() string {
	return strings.TrimSuffix(strings.TrimPrefix(c.Unit, "montimer-job-"), ".service")
}

// service returns how systemd has the service now; zero where it cannot be asked.
func (c failureCmd) service(ctx context.Context) systemd.Service {
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return systemd.Service{}
	}
	defer conn.Close()
	s, _ := conn.Service(ctx, c.Unit)
	return s
}

// report makes the page about a failed run that the database does not know of.
func (c failureCmd) report(ctx context.Context, p *pager, stateDir string, f failedRun) {
	if err := told(ctx, p, stateDir, f); err != nil && !f.selfReported() && !deathOf(stateDir, c.profile()).is(f.id) {
		p.page(ctx, c.profile(), f.id, c.words(f)+"; "+err.Error())
	}
}

// told is nil when the database says how the run has ended: then what there is
// to tell was stored with that, or is now, for the runs that are lost. Of a run
// that was told to stop nobody hears, unless it was systemd that lost patience.
func told(ctx context.Context, p *pager, stateDir string, f failedRun) error {
	free := func(profile string) bool { return taskexec.Idle(stateDir, profile) }
	tell := func(run montimer.Run) *montimer.Alert {
		if run.ID == f.id {
			run.Reason += "; " + f.String()
		}
		return p.alert(run)
	}
	if _, err := p.records.Lost(ctx, free, tell); err != nil {
		return err
	}
	run, err := p.records.store.Run(ctx, f.id)
	if errors.Is(err, store.ErrNoRun) {
		return errNoRecord
	}
	switch {
	case err == nil && run.State == montimer.RunRunning:
		err = errUnderWay
	case err == nil && run.State == montimer.RunInterrupted && f.result == "timeout":
		err = errHung
	}
	return err
}

// What the database says of a run whose failure it does not explain.
var (
	errNoRecord = errors.New("there is no record of the run")
	errUnderWay = errors.New("the run is said to be under way")
	errHung     = errors.New("it hung")
)

// endedCmd runs after each run of a service (ExecStopPost=). A run that was killed
// before it was on record gets its record here, since systemd starts no second
// handler of failures while one is at work.
type endedCmd struct {
	hostFlags
	Profile string `arg:"" help:"Name of the profile."`
}

// Run leaves it to the handler to send the alert, which the outbox has. Where the
// database cannot be used it sends the alert itself: the handler of an earlier run
// would not know of this one.
func (c endedCmd) Run(ctx context.Context, e env) error {
	f := failedRun{
		id: taskexec.RunID(os.Environ()), result: e.getenv("SERVICE_RESULT"),
		code: e.getenv("EXIT_CODE"), status: e.getenv("EXIT_STATUS"),
	}
	if f.result == "success" || f.selfReported() {
		return nil
	}
	h, err := c.host(e)
	if err != nil {
		return err
	}
	db := openRecords(ctx, h.StateDir)
	defer db.Close()
	p := newPager(e, db, serviceLog(e))
	handler := failureCmd{Unit: compiler.ServiceName(c.Profile)}
	if s := handler.service(ctx); s.Invocation == f.id {
		f.said = s.Status
	}
	if err = db.err; err == nil {
		err = c.record(ctx, p, h.StateDir, f)
	}
	if err == nil {
		return nil
	}
	p.page(ctx, c.Profile, f.id, handler.words(f)+"; it could not be recorded: "+err.Error())
	if _, sendErr := p.send(ctx); p.unsent == nil {
		deathOf(h.StateDir, c.Profile).note(f.id)
	} else {
		err = errors.Join(err, sendErr)
	}
	return err
}

// record makes the record of a run that has none. The error says that there is
// still none.
func (c endedCmd) record(ctx context.Context, p *pager, stateDir string, f failedRun) error {
	switch err := told(ctx, p, stateDir, f); err {
	case nil, errUnderWay, errHung:
		return nil
	case errNoRecord:
	default:
		return err
	}
	var timer *taskexec.Timer
	if t, err := loadedTimer(ctx, c.Profile); err == nil {
		timer = &t
	}
	run := taskexec.Unrecorded(os.Environ(), c.Profile, compiler.TimerName(c.Profile), timer, errNoRecord.Error()+"; "+f.String())
	run.Host = hostname()
	return p.records.Finish(ctx, run, p.alert(run))
}

// words says that the unit failed, and how.
func (c failureCmd) words(f failedRun) string {
	if how := f.String(); how != "" {
		return c.Unit + " failed: " + how
	}
	return c.Unit + " failed"
}

// leave writes into the journal what nobody could be told.
func (c failureCmd) leave(f failedRun, why error) {
	sdjournal.Send(c.words(f)+"; its alert could not be sent: "+newRedactor(os.Environ()).String(why.Error()), sdjournal.PriCrit, map[string]string{
		"MESSAGE_ID":      messageUnreported,
		"MONTIMER_UNIT":   c.Unit,
		"MONTIMER_RUN_ID": f.id,
	})
}
