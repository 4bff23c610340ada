package taskexec

import (
	"context"
	"errors"
	"syscall"

	"github.com/montimer/montimer"
)

// The exit codes of a run.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitLocked      = 75 // EX_TEMPFAIL of sysexits.h
	exitInterrupted = 128 + int(syscall.SIGTERM)
)

// A UsageError is a run that could not begin because of the request or of
// jobs.yaml.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// ExitCode returns the exit code that tells how [Runner.Exec] ended: 0 when
// there is nothing to report (which includes a disabled profile, one without
// tasks, a skipped tick, and a dry run), 1 when something failed or
// was not recorded, 2 for a UsageError, 75 when the profile's lock is held, 143
// when the run was interrupted.
func ExitCode(r montimer.Run, err error) int {
	var usage *UsageError
	switch {
	case errors.Is(err, ErrLocked):
		return exitLocked
	case errors.As(err, &usage):
		return exitUsage
	case r.State == montimer.RunInterrupted, errors.Is(err, context.Canceled):
		return exitInterrupted
	case err != nil, r.State == montimer.RunFailed:
		return exitFailed
	}
	return 0
}
