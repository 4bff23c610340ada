package compiler

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// view is what units.tmpl sees.
type view struct {
	hostView

	// Of one profile.
	Profile     text
	Description text
	OnCalendar  []text
	OnBoot      []text
	Every       []text
	Jitter      text // "" for none
	CatchUp     bool

	// Of the target.
	Timers []text
}

// hostView is the part that all services share.
type hostView struct {
	Binary, User, Group, Checkout, EnvFile text

	Environment    []text
	StateDirectory []text // below /var/lib: systemd makes it
	Writable       []text
}

// newHostView escapes what the host has decided.
func newHostView(h montimer.Host) (hostView, error) {
	var (
		v    hostView
		errs []error
	)
	set := func(to *text, escape func(string) (text, error), what, value string) {
		t, err := escape(value)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
		*to = t
	}
	set(&v.Binary, program, "binary", h.Binary)
	set(&v.User, line, "run-as user", h.User)
	set(&v.Group, line, "run-as group", h.Group)
	set(&v.Checkout, line, "checkout", h.Checkout)
	set(&v.EnvFile, line, "env file", h.EnvFile)

	for _, e := range serviceEnv(h) {
		var t text
		set(&t, word, "environment "+e.Name, e.Name+"="+e.Value)
		v.Environment = append(v.Environment, t)
	}

	writable := []string{h.Checkout}
	if name, ok := strings.CutPrefix(h.StateDir, stateRoot); ok {
		var t text
		set(&t, word, "state directory", name)
		v.StateDirectory = []text{t}
	} else {
		writable = append(writable, h.StateDir)
	}
	for _, dir := range writable {
		var t text
		set(&t, word, "writable directory", dir)
		v.Writable = append(v.Writable, t)
	}
	return v, errors.Join(errs...)
}

// stateRoot is where StateDirectory= makes directories (systemd.exec(5)).
const stateRoot = "/var/lib/"

// program escapes the path of the binary, which stands where systemd expands
// $VARIABLES and reads prefixes.
func program(s string) (text, error) {
	if strings.Contains(s, "$") || !filepath.IsAbs(s) {
		return "", fmt.Errorf("%q is no absolute path without a $", s)
	}
	return word(s)
}

// serviceEnv is the environment that a service hands to `montimer exec`: the
// host's settings frozen in, and what monitoring scripts have always been
// given. The environment file comes after it and wins.
func serviceEnv(h montimer.Host) []montimer.EnvVar {
	return []montimer.EnvVar{
		{Name: "MONTIMER_JOBS", Value: h.JobsFile},
		{Name: "MONTIMER_CHECKOUT", Value: h.Checkout},
		{Name: "REPO_ROOT", Value: h.Checkout},
		{Name: "MONTIMER_STATE_DIR", Value: h.StateDir},
		{Name: "CACHE_DIR", Value: h.StateDir},
		{Name: "PATH", Value: filepath.Join(h.Checkout, ".venv/bin") + ":/usr/local/bin:/usr/bin:/bin"},
		{Name: "LOG_LEVEL", Value: "INFO"},
		{Name: "PYTHONUNBUFFERED", Value: "1"},
	}
}

// atBoot is the OnBootSec= of what runs once after each boot. Zero would turn
// the line off.
const atBoot = "1us"

// profileView adds one profile to what the host has decided.
func profileView(h hostView, p montimer.Profile) view {
	v := view{
		hostView: h,
		// A profile's name has no character that would need escaping.
		Profile:     text(p.Name),
		Description: prose("montimer profile " + p.Name),
		CatchUp:     catchesUp(p),
	}
	if p.Description != "" {
		v.Description = prose(p.Name + ": " + p.Description)
	}
	for _, e := range p.Schedule.Events {
		v.OnCalendar = append(v.OnCalendar, text(e.String()))
	}
	if p.Schedule.Boot {
		v.OnBoot = []text{atBoot}
	}
	for _, d := range p.Schedule.Every {
		v.Every = append(v.Every, text(calendar.FormatSpan(d)))
	}
	if p.Jitter > 0 {
		v.Jitter = text(calendar.FormatSpan(p.Jitter))
	}
	return v
}

// catchesUp reports whether the timer keeps a stamp of its last trigger. Only
// one of calendar events alone may: with a stamp from before the boot, systemd
// takes OnBootSec= for elapsed already and never starts the service. Nothing
// is lost, as such a profile runs after every boot anyway.
func catchesUp(p montimer.Profile) bool {
	return p.CatchUp && !p.Schedule.Boot && len(p.Schedule.Every) == 0
}
