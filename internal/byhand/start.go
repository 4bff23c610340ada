// Package byhand starts runs for people: by systemd, as the timer does
// (start.go); single tasks in a service like the profile's (tasks.go); or here,
// with the environment of the services (environ.go).
package byhand

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

// pollInterval is the time between two queries of systemd.
const pollInterval = 300 * time.Millisecond

// ErrRunning says that no run was started, since one is under way.
var ErrRunning = errors.New("is already running: no second run started")

// Start has systemd start a run of a profile, and returns it once it has begun.
// The error is ErrRunning, with that run, if one is under way, and a
// [*taskexec.UsageError] if the caller may not start it or there is no unit.
// Until release is called, systemd keeps how the run ended.
func Start(ctx context.Context, of montimer.Instance, profile string) (run journal.Run, release func(), err error) {
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
