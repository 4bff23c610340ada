package compiler

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
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
	Deferred    bool // a tick during a run is passed over
	Sandbox     montimer.Sandbox
	Limits      []limit

	// Of the target.
	Timers []text
}

// hostView is the part that all services share.
type hostView struct {
	Binary, User, Group, Checkout, EnvFile text

	Environment    []text
	StateDirectory []text // below /var/lib: systemd makes it
	Writable       []text

	host   montimer.Host
	limits map[string][]limit
}

// limit is a directive whose name is the host's choice too.
type limit struct{ Directive, Value text }

// newHostView escapes what the host has decided.
func newHostView(h montimer.Host) (hostView, error) {
	var (
		v    = hostView{host: h, limits: map[string][]limit{}}
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
	for _, profile := range slices.Sorted(maps.Keys(h.Limits)) {
		for _, l := range h.Limits[profile] {
			var of limit
			set(&of.Directive, directive, "limits of "+profile, l.Directive)
			set(&of.Value, quantity, "limits of "+profile+": "+l.Directive, l.Value)
			v.limits[profile] = append(v.limits[profile], of)
		}
	}
	for _, profile := range slices.Sorted(maps.Keys(h.Sandboxes)) {
		switch s := h.Sandboxes[profile]; s {
		case montimer.SandboxStrict, montimer.SandboxDefault, montimer.SandboxHost:
		default:
			errs = append(errs, fmt.Errorf("sandbox of %s: there is none called %q", profile, s))
		}
	}
	return v, errors.Join(errs...)
}

// of is the value of a setting for a profile.
func of[T any](setting map[string]T, profile string) T {
	if value, ok := setting[profile]; ok {
		return value
	}
	return setting[montimer.AllOthers]
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

// deferring is the first systemd with DeferReactivation= (systemd.timer(5)). An
// older one would say at each reload that it does not know it.
const deferring = 257

// profileView adds one profile to what the host has decided.
func profileView(h hostView, p montimer.Profile) view {
	v := view{
		hostView: h,
		// A profile's name has no character that would need escaping.
		Profile:     text(p.Name),
		Description: prose("montimer profile " + p.Name),
		CatchUp:     catchesUp(p),
		Deferred:    p.Overlap == montimer.OverlapSkip && h.host.SystemdVersion >= deferring,
		Sandbox:     cmp.Or(of(h.host.Sandboxes, p.Name), montimer.SandboxDefault),
		Limits:      of(h.limits, p.Name),
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
