// Package byhand starts runs for people: by systemd, as the timer does
// (start.go); single tasks in a service like the profile's (tasks.go); or here,
// with the environment of the services (environ.go).
package byhand

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

// pollInterval is the time between two queries of systemd.
const pollInterval = 300 * time.Millisecond

// ErrRunning says that no run was started, since one is under way.
var ErrRunning = errors.New("is already running: no second run started")

// start has systemd start a run of a profile, and returns it once it has begun.
// The error is ErrRunning, with that run, if one is under way, and a
// [*taskexec.UsageError] if the caller may not start it or there is no unit.
// Until release is called, systemd keeps how the run ended.
func start(ctx context.Context, of montimer.Instance, profile string) (run journal.Run, release func(), err error) {
	run = journal.Run{Unit: of.Service(profile)}
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return run, nil, fmt.Errorf("%w; without systemd: %s", err, of.Command("exec "+profile))
	}
	defer conn.Close()
	if release, err = systemd.Hold(ctx, run.Unit); err != nil {
		release = func() {} // the journal has how the run ended
	}
	run.Invocation, err = begin(ctx, conn, run.Unit)
	switch {
	case systemd.IsDenied(err):
		err = &taskexec.UsageError{Err: fmt.Errorf("%s: sudo %s, or as the user that tasks run as: %s", strings.TrimSuffix(err.Error(), "."),
			of.Command("run "+profile), of.Command("exec "+profile))}
	case systemd.IsUnknown(err):
		err = &taskexec.UsageError{Err: fmt.Errorf("%s has no unit yet: sudo %s", profile, of.Command("apply"))}
	}
	if err != nil && !errors.Is(err, ErrRunning) {
		release()
		return run, nil, err
	}
	return run, release, err
}

// begin starts a service, and returns the invocation of its run; with
// ErrRunning that of the running one.
func begin(ctx context.Context, conn *systemd.Conn, unit string) (invocation string, err error) {
	before, err := conn.Service(ctx, unit)
	if err != nil {
		return "", err
	}
	if before.Running() && before.Invocation != "" {
		return before.Invocation, ErrRunning
	}
	// After a failed run of the timer, systemd 252 keeps $TRIGGER_UNIT until
	// the unit has been inactive: this run would count as one of the timer.
	conn.ResetFailed(ctx, unit)
	job, err := conn.Queue(ctx, unit)
	if err != nil {
		return "", err
	}
	for result := ""; ; {
		now, err := conn.Service(ctx, unit)
		if err != nil {
			return "", err
		}
		if now.Invocation != "" && now.Invocation != before.Invocation {
			return now.Invocation, nil
		}
		if result != "" {
			return "", fmt.Errorf("systemd ended the start of %s without a run that can be followed (job: %s): journalctl -eu %[1]s", unit, result)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case result = <-job:
		case <-time.After(pollInterval):
		}
	}
}

// A Service is the service of a profile, to be started as its timer does.
type Service struct {
	Host           montimer.Host
	Profile        string
	Follow         bool // show what the run logs until it ends
	Stdout, Stderr io.Writer
}

// Run starts the service, unless the profile is disabled; a jobs.yaml that cannot
// be read is reported by the run. A run that was followed to its end has an exit
// code, and perhaps a reason as the error. The end of ctx, which is then the error,
// ends the following only.
func (s Service) Run(ctx context.Context) (code int, err error) {
	p, err := jobsfile.FindProfile(ctx, s.Host, s.Profile)
	if unknown := new(taskexec.UnknownError); errors.As(err, &unknown) {
		return 0, err
	}
	if err == nil && !p.Enabled {
		fmt.Fprintf(s.Stderr, "profile '%s' is disabled, skipping (enabled: false in jobs.yaml; a single task of it: --task TASK)\n", s.Profile)
		return 0, nil
	}
	of := s.Host.Instance
	run, release, err := start(ctx, of, s.Profile)
	switch {
	case ctx.Err() != nil:
		return 0, s.goesOn(ctx, run)
	case errors.Is(err, ErrRunning):
		fmt.Fprintf(s.Stderr, "%s %v\n", of.Of(s.Profile), err)
	case err != nil:
		return 0, err
	}
	defer release()
	if !s.Follow {
		s.name(run)
		return 0, nil
	}
	return s.follow(ctx, run)
}

// name prints the id of a run, and the command that shows it.
func (s Service) name(run journal.Run) {
	id, of := run.Invocation, s.Host.Instance
	if of != "" {
		id += " of instance " + string(of)
	}
	fmt.Fprintf(s.Stderr, "run %s; see: %s\n", id, of.Command("logs "+run.Invocation))
}

func (s Service) follow(ctx context.Context, run journal.Run) (code int, err error) {
	ending, err := journal.Follow(ctx, run, s.Stdout, s.Stderr)
	switch {
	case err != nil && ctx.Err() != nil:
		return 0, s.goesOn(ctx, run)
	case err != nil:
		return 0, err
	}
	if reason := ending.Reason(); reason != "" {
		err = errors.New(reason)
	}
	return ending.Code(), err
}

// goesOn says that the run goes on after the end of following.
func (s Service) goesOn(ctx context.Context, run journal.Run) error {
	fmt.Fprintf(s.Stderr, "stopped following; the run goes on. To see it: %s\nTo end it: systemctl stop %s\n", s.Host.Instance.Command("logs "+run.Invocation+" --follow"), run.Unit)
	return ctx.Err()
}
