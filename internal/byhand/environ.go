package byhand

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// envPassed is set for a child that has the variables of the environment file
// from root, since it may not be able to read it.
const envPassed = "MONTIMER_ENV_PASSED"

// TakeEnvironment gives this process the environment of the services, unless it
// is one, so that a run by hand behaves like a run of the timer. s are the
// settings that h was made of. It calls warn for what it cannot set.
func TakeEnvironment(h montimer.Host, s host.Settings, warn func(string)) error {
	if taskexec.IsService(os.Environ()) && os.Getenv("MONTIMER_JOBS") != "" {
		return nil
	}
	by := host.ByHand{Getenv: os.Getenv, Service: compiler.ServiceEnv(h)}
	var err error
	if s.RunAs != "" {
		if by.Account, err = user.Current(); err != nil {
			warn(fmt.Sprintf("HOME and USER stay as they are: %v", err))
			by.Account = &user.User{Username: os.Getenv("USER"), HomeDir: os.Getenv("HOME")}
		}
	}
	if os.Getenv(envPassed) == "" {
		by.File, err = host.ReadEnvironment(h.EnvFile)
		switch {
		case errors.Is(err, fs.ErrNotExist) && s.RunAs == "" && s.EnvFile == "": // no host of services
		case errors.Is(err, fs.ErrNotExist):
			warn(fmt.Sprintf("the environment file of the services is missing: %s; running without its variables", h.EnvFile))
		case err != nil:
			warn(fmt.Sprintf("%v; running without its variables", err))
		}
	}
	for name, value := range by.Variables() {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s, as the services have it: %w", name, err)
		}
	}
	return os.Unsetenv(envPassed)
}

// StepDown runs a command of this program again as the user of the tasks, and
// passes on its output. The error is a [*host.ChildError] without a message if
// the command failed.
func StepDown(ctx context.Context, h montimer.Host, environ, args []string, stdout, stderr io.Writer) error {
	args = append(append(args, h.Instance.Flags()...), "--checkout="+h.Checkout, "--state-dir="+h.StateDir, "--env-file="+h.EnvFile)
	if h.JobsFile != "" {
		args = append(args, "--jobs="+h.JobsFile)
	}
	return host.StepDown(ctx, h.User, h.Group, environ, safetext.NewWriter(stdout), safetext.NewWriter(stderr), args...)
}

// maxCaptured bounds what Capture keeps: a thousand profiles have less.
const maxCaptured = 16 << 20

// Capture is StepDown that keeps the output, of a command that has succeeded.
func Capture(ctx context.Context, h montimer.Host, args []string, stdout *bytes.Buffer, stderr io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	kept := &limited{to: stdout, stop: stop}
	err := StepDown(ctx, h, nil, args, kept, stderr)
	if kept.over {
		return fmt.Errorf("run as %s: more output than %d bytes", h.User, maxCaptured)
	}
	return err
}

// limited passes on what is written up to maxCaptured, then calls stop.
type limited struct {
	to   *bytes.Buffer
	stop func()
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	if l.to.Len()+len(p) > maxCaptured {
		l.over = true
		l.stop()
		return 0, io.ErrShortWrite
	}
	return l.to.Write(p)
}

// PassedEnvironment returns the variables of the environment file for a child
// that may not read it.
func PassedEnvironment(h montimer.Host) ([]string, error) {
	if err := host.Trusted(h.EnvFile); err != nil {
		return nil, &taskexec.UsageError{Err: err}
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
