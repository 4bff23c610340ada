package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"strings"

	"github.com/montimer/montimer/internal/host"
)

// wrongUser adds to an error about permissions the user that has to run the
// command.
func wrongUser(e env, args []string, err error) error {
	if err == nil || host.IsRoot() || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	config, _ := host.ConfigOf(e.instance)
	runAs, _, _ := strings.Cut(config.RunAs, ":")
	if account, lookup := user.Current(); runAs == "" || lookup == nil && account.Username == runAs {
		return err
	}
	coded := exitError{exitFailed, err}
	if errors.As(err, &coded); coded.err == nil {
		return err
	}
	args, _ = splitInstance(args, e.instance)
	as := "sudo " + e.instance.Command(args[0]) // root becomes the user of the tasks
	if args[0] == "exec" {
		as = "sudo -u " + runAs + " " + e.instance.Command("exec")
	}
	coded.err = fmt.Errorf("%w: run it as another user: %s …", coded.err, as)
	return coded
}

// needRoot returns an error for users other than root: a task must not be able
// to silence another.
func needRoot(command string) error {
	if host.IsRoot() {
		return nil
	}
	return usage(fmt.Errorf("%s needs root: a task must not silence another; use sudo montimer %[1]s …", command))
}
