package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/hostcheck"
)

// env is the environment of a command.
type env struct {
	stdout, stderr io.Writer
	getenv         func(string) string
	instance       montimer.Instance
}

// note shows notes; "": none.
func (e env) note(texts ...string) {
	for _, text := range texts {
		if text != "" {
			fmt.Fprintln(e.stderr, "note:", text)
		}
	}
}

func (e env) warn(text string) { fmt.Fprintln(e.stderr, "warning:", text) }

// report shows the warnings, and returns the errors, about a host.
func (e env) report(f hostcheck.Findings) error {
	for _, text := range f.Warnings {
		e.warn(text)
	}
	if len(f.Errors) > 0 {
		return usage(errors.New(strings.Join(f.Errors, "\n")))
	}
	return nil
}

// source returns where the host's settings come from.
func (e env) source(given host.Settings) host.Source {
	return host.Source{Instance: e.instance, Flags: given, Getenv: e.getenv}
}

// host resolves the host's settings, as [host.Source.Host] does.
func (e env) host(given host.Settings) (montimer.Host, error) {
	return resolved(e.source(given).Host())
}

// hostWithUser resolves the host's settings, as [host.Source.WithUser] does.
func (e env) hostWithUser(given host.Settings) (montimer.Host, error) {
	return resolved(e.source(given).WithUser())
}

func resolved(h montimer.Host, err error) (montimer.Host, error) {
	if err != nil {
		return montimer.Host{}, usage(err)
	}
	return h, nil
}

// takeEnvironment gives this process the environment of the services.
func (e env) takeEnvironment(given host.Settings, h montimer.Host) error {
	s, err := e.source(given).Settings()
	if err != nil {
		return usage(err)
	}
	return byhand.TakeEnvironment(h, s, e.warn)
}

// becomeUser resolves the host's settings. Root becomes the user of the tasks,
// for good: it opens nothing that this user controls.
func (e env) becomeUser(given host.Settings) (montimer.Host, error) {
	h, err := e.host(given)
	if err == nil && host.IsRoot() && h.User != "root" {
		err = host.Become(h.User, h.Group)
	}
	return h, err
}

// asUser is becomeUser, and finds jobs.yaml, which who is no longer root reads itself.
func (e env) asUser(given host.Settings) (montimer.Host, error) {
	if _, err := e.becomeUser(given); err != nil {
		return montimer.Host{}, err
	}
	return e.host(given)
}
