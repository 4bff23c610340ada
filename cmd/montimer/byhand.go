package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/taskexec"
)

// envPassed is set for a child that root has given the variables of the
// environment file: it need not be able to read that.
const envPassed = "MONTIMER_ENV_PASSED"

// asService gives this process the environment that the services have, if it is
// not one of them, so that a run by hand does what a run of the timer does. What
// cannot be had is reported, and stops nothing.
func (f hostFlags) asService(e env, h montimer.Host) error {
	if taskexec.IsService(os.Environ()) && e.getenv("MONTIMER_JOBS") != "" {
		return nil
	}
	s, err := f.settings(e)
	if err != nil {
		return err
	}
	by := host.ByHand{Getenv: e.getenv, Service: compiler.ServiceEnv(h)}
	if s.RunAs != "" {
		if by.Account, err = user.Current(); err != nil {
			fmt.Fprintf(e.stderr, "warning: HOME and USER stay as they are: %v\n", err)
			by.Account = &user.User{Username: e.getenv("USER"), HomeDir: e.getenv("HOME")}
		}
	}
	if e.getenv(envPassed) == "" {
		by.File, err = host.ReadEnvironment(h.EnvFile)
		switch {
		case errors.Is(err, fs.ErrNotExist) && s.RunAs == "" && s.EnvFile == "": // no host of services
		case errors.Is(err, fs.ErrNotExist):
			fmt.Fprintf(e.stderr, "warning: the environment file of the services is missing: %s; this runs without its variables\n", h.EnvFile)
		case err != nil:
			fmt.Fprintf(e.stderr, "warning: %v; this runs without its variables\n", err)
		}
	}
	for name, value := range by.Variables() {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s, as the services have it: %w", name, err)
		}
	}
	return os.Unsetenv(envPassed)
}

// stepDown runs a command again as the user that tasks run as, and passes its
// output and exit code on.
func (f hostFlags) stepDown(ctx context.Context, e env, h montimer.Host, environ, args []string) error {
	args = append(append(args, h.Instance.Flags()...), "--checkout="+h.Checkout, "--state-dir="+h.StateDir, "--env-file="+h.EnvFile)
	if h.JobsFile != "" {
		args = append(args, "--jobs="+h.JobsFile)
	}
	err := host.StepDown(ctx, h.User, h.Group, environ, displayed{e.stdout}, displayed{e.stderr}, args...)
	var child *host.ChildError
	if errors.As(err, &child) {
		return exitError{code: child.Code}
	}
	return err
}

// passEnvironment returns the environment file of the services for a child that
// may not read it.
func passEnvironment(h montimer.Host) ([]string, error) {
	if err := host.Trusted(h.EnvFile); err != nil {
		return nil, usage(err)
	}
	file, err := host.ReadEnvironment(h.EnvFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // of which the child warns
	}
	environ := []string{envPassed + "=1"}
	for name, value := range file {
		environ = append(environ, name+"="+value)
	}
	return environ, err
}

func taskFlags(tasks []string) (flags []string) {
	for _, t := range tasks {
		flags = append(flags, "--task="+t)
	}
	return flags
}
