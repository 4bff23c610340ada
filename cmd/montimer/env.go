package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/manual"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/taskexec"
)

// env is the environment of a command.
type env struct {
	stdout, stderr io.Writer
	getenv         func(string) string
	instance       montimer.Instance
}

// ofInstance says which instance something is of; "" for the default one.
func (e env) ofInstance() string {
	if e.instance == "" {
		return ""
	}
	return " of instance " + string(e.instance)
}

// note shows a note; "": none.
func (e env) note(text string) {
	if text != "" {
		fmt.Fprintln(e.stderr, "note:", text)
	}
}

// report shows the warnings, and returns the errors, about a host.
func (e env) report(f hostcheck.Findings) error {
	for _, text := range f.Warnings {
		fmt.Fprintln(e.stderr, "warning:", text)
	}
	if len(f.Errors) > 0 {
		return usage(errors.New(strings.Join(f.Errors, "\n")))
	}
	return nil
}

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
	case errors.As(err, &refused), errors.As(err, &unknown):
		coded.code = exitUsage
	}
	if coded.err != nil && !errors.Is(err, syscall.EPIPE) { // the reader closed the pipe
		fmt.Fprintln(e.stderr, "montimer:", errorText(e.instance, coded.err))
	}
	return coded.code
}
