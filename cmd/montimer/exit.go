package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/apply"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/manual"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/taskexec"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitChanges     = 3
	exitUnrecorded  = pager.ExitUnrecorded
	exitTryAgain    = 75 // sysexits.h: EX_TEMPFAIL
	exitInterrupted = 143
)

// exitCodes has their meanings, for the manual.
var exitCodes = []manual.ExitCode{
	{Code: exitDone, Meaning: "Done."},
	{Code: exitFailed, Meaning: "A task, a check or an operation failed."},
	{Code: exitUsage, Meaning: "Wrong usage, or jobs.yaml is missing, unreadable or invalid."},
	{Code: exitChanges, Meaning: "There are changes (compile --diff)."},
	{Code: exitUnrecorded, Meaning: "A run of a service could not be recorded, and has reported that."},
	{Code: exitTryAgain, Meaning: "Try again: the profile is running already, or another compile or apply is under way."},
	{Code: exitInterrupted, Meaning: "Ended by SIGTERM, SIGINT or SIGHUP."},
}

// exitError carries an exit code. Without an err, it is reported already.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// usage marks err as a mistake of the caller or of the file.
func usage(err error) error { return exitError{exitUsage, err} }

// exited returns the error of what a command has waited for: it ended with an exit
// code, and perhaps an error.
func exited(code int, err error) error {
	switch {
	case errors.Is(err, context.Canceled): // stopped by the operator
		return exitError{code: exitInterrupted}
	case code == exitDone:
		return err
	}
	return exitError{code, err}
}

// errorText formats an error for standard error, after "montimer: ".
func errorText(of montimer.Instance, err error) string {
	var unknown *taskexec.UnknownError
	if errors.As(err, &unknown) {
		return manual.Unknown(unknown, of)
	}
	return strings.ReplaceAll(err.Error(), "\n", "\nmontimer: ")
}

// exitCode reports the error of a command and returns its exit code.
func exitCode(e env, err error) int {
	if err == nil {
		return exitDone
	}
	coded := exitError{exitFailed, err}
	var child *host.ChildError // that has passed on what it said
	var refused *taskexec.UsageError
	var unknown *taskexec.UnknownError
	switch {
	case errors.As(err, &coded):
	case errors.As(err, &child) && child.Message == "":
		return child.Code
	case errors.As(err, &refused), errors.As(err, &unknown), errors.Is(err, apply.ErrNotRead):
		coded.code = exitUsage
	case errors.Is(err, host.ErrCompiling):
		coded.code = exitTryAgain
	}
	if coded.err != nil && !errors.Is(err, syscall.EPIPE) { // the reader closed the pipe
		fmt.Fprintln(e.stderr, "montimer:", errorText(e.instance, coded.err))
	}
	return coded.code
}
