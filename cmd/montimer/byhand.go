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

// envPassed is set for a child that has the variables of the environment file
// from root, since it may not be able to read it.
const envPassed = "MONTIMER_ENV_PASSED"

// asService gives this process the environment of the services, unless it is
// one, so that a run by hand behaves like a run of the timer. It warns of what
// it cannot set.
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
			fmt.Fprintf(e.stderr, "warning: the environment file of the services is missing: %s; running without its variables\n", h.EnvFile)
		case err != nil:
			fmt.Fprintf(e.stderr, "warning: %v; running without its variables\n", err)
		}
	}
	for name, value := range by.Variables() {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s, as the services have it: %w", name, err)
		}
	}
	return os.Unsetenv(envPassed)
}

// stepDown runs a command again as the user of the tasks, and passes on its
// output and exit code.
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

// passEnvironment returns the variables of the environment file for a child
// that may not read it.
func passEnvironment(h montimer.Host) ([]string, error) {
	if err := host.Trusted(h.EnvFile); err != nil {
		return nil, usage(err)
	}
	file, err := host.ReadEnvironment(h.EnvFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the child warns of that
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
