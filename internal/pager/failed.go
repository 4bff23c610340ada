package pager

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	sdjournal "github.com/coreos/go-systemd/v22/journal"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

// ExitUnrecorded is the exit code of a run of a service that could not be recorded
// and has reported that: EX_IOERR of sysexits.h.
const ExitUnrecorded = 74

// messageUnreported is the MESSAGE_ID of the journal entry about an alert that
// could not be sent: journalctl -u 'montimer-failure@*' MESSAGE_ID=...
const messageUnreported = "5d1c3a4e0b6f4c7c9a2f8e71d0b3c596"

// Failed is what systemd knows of a run that failed (OnFailure= in
// systemd.unit(5)).
type Failed struct {
	Unit    string // its service
	Profile string
	ID      string // its invocation
	Result  string // of the service: "signal", "oom-kill", "timeout" …
	Code    string // "exited" or "killed"
	Status  string // exit code, or name of the signal
	Said    string // the last STATUS= of the run
}

// Exited reports whether the program ran and ended without a signal. An exit
// status from 200 on says that systemd could not start it ("Process Exit Codes" in
// systemd.exec(5)).
func (f Failed) Exited() bool {
	status, err := strconv.Atoi(f.Status)
	return f.Result == "exit-code" && err == nil && status < 200
}

// SelfReported reports whether the run could not be recorded and has reported
// that, together with its result.
func (f Failed) SelfReported() bool {
	return f.Result == "exit-code" && f.Status == strconv.Itoa(ExitUnrecorded)
}

// String omits what systemd does not know: a service that could not be started
// has no exit code.
func (f Failed) String() string {
	var words []string
	if f.Result != "" {
		words = append(words, f.Result)
	}
	if exit := strings.TrimSpace(f.Code + " " + f.Status); exit != "" {
		if status, err := strconv.Atoi(f.Status); err == nil && f.Result == "exit-code" && journal.Reserved(status) != "" {
			exit += "/" + journal.Reserved(status)
		}
		words = append(words, exit)
	}
	if f.Said != "" {
		words = append(words, "last status: "+f.Said)
	}
	return strings.Join(words, ", ")
}

// words says that the unit failed, and how.
func (f Failed) words() string {
	if how := f.String(); how != "" {
		return f.Unit + " failed: " + how
	}
	return f.Unit + " failed"
}

// Report makes the page about a failed run that the database does not explain.
func (p *Pager) Report(ctx context.Context, stateDir string, f Failed) {
	if err := p.explained(ctx, stateDir, f); err != nil && !f.SelfReported() && !deathOf(stateDir, f.Profile).is(f.ID) {
		p.Page(ctx, f.Profile, f.ID, f.words()+"; "+err.Error())
	}
}

// explained returns nil when the database says how the run ended: then its
// alert was stored with that, or is now, for lost runs. A stopped run is not
// reported, unless systemd stopped it because it hung.
func (p *Pager) explained(ctx context.Context, stateDir string, f Failed) error {
	free := func(profile string) bool { return taskexec.Idle(stateDir, profile) }
	alert := func(run montimer.Run) *montimer.Alert {
		if run.ID == f.ID {
			run.Reason += "; " + f.String()
		}
		return p.Alert(run)
	}
	if _, err := p.Records.Lost(ctx, free, alert); err != nil {
		return err
	}
	run, err := p.Records.Store.Run(ctx, f.ID)
	if errors.Is(err, store.ErrNoRun) {
		return errNoRecord
	}
	switch {
	case err == nil && run.State == montimer.RunRunning:
		err = errUnderWay
	case err == nil && run.State == montimer.RunInterrupted && f.Result == "timeout":
		err = errHung
	}
	return err
}

// Why the database does not explain a failure.
var (
	errNoRecord = errors.New("there is no record of the run")
	errUnderWay = errors.New("the run is recorded as running")
	errHung     = errors.New("it hung")
)

// Ensure makes sure that a killed run is on record: if it is not, it records
// the run that missing returns for a reason. If the database cannot be used it
// sends the alert itself, since the handler of an earlier failure would not
// know of this one; the error then says why the run is not recorded.
func (p *Pager) Ensure(ctx context.Context, stateDir string, f Failed, missing func(reason string) montimer.Run) error {
	err := p.Records.Err
	if err == nil {
		err = p.explained(ctx, stateDir, f)
	}
	switch err {
	case nil, errUnderWay, errHung:
		return nil
	case errNoRecord:
		run := missing(errNoRecord.Error() + "; " + f.String())
		if err = p.Records.Finish(ctx, run, p.Alert(run)); err == nil {
			return nil
		}
	}
	p.Page(ctx, f.Profile, f.ID, f.words()+"; it could not be recorded: "+err.Error())
	if _, sendErr := p.Send(ctx); p.unsent != nil {
		return errors.Join(err, sendErr)
	}
	deathOf(stateDir, f.Profile).note(f.ID)
	return err
}

// LastFailed reports whether the last run of the timer is recorded as failed,
// lost or interrupted.
func (r Records) LastFailed(ctx context.Context, profile string) bool {
	last, _, err := r.LastOfTimer(ctx, profile)
	return err == nil && slices.Contains([]montimer.RunState{montimer.RunFailed, montimer.RunLost, montimer.RunInterrupted}, last.State)
}

// LogUnsent writes a critical entry into the journal about an alert that could
// not be sent.
func (p *Pager) LogUnsent(f Failed, why error) error {
	return sdjournal.Send(f.words()+"; its alert could not be sent: "+p.host.Redact(why.Error()), sdjournal.PriCrit, map[string]string{
		"MESSAGE_ID":      messageUnreported,
		"MONTIMER_UNIT":   f.Unit,
		"MONTIMER_RUN_ID": f.ID,
	})
}
