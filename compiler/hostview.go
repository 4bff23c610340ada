package compiler

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/montimer/montimer"
)

// hostView is the part of a view that all services share.
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

// stateRoot is where StateDirectory= makes directories (systemd.exec(5)).
const stateRoot = "/var/lib/"

// newHostView escapes what the host has decided. Its error names every setting
// that no unit can express.
func newHostView(h montimer.Host) (hostView, error) {
	var e escaper
	v := hostView{
		Binary:   e.text("binary", program, h.Binary),
		User:     e.text("run-as user", account, h.User),
		Group:    e.text("run-as group", account, h.Group),
		Checkout: e.text("checkout", directory, h.Checkout),
		EnvFile:  e.text("env file", envFile, h.EnvFile),
		host:     h,
		limits:   e.limits(h.Limits),
	}
	e.text("jobs file", path, h.JobsFile)
	e.text("state directory", directory, h.StateDir)
	e.sandboxes(h.Sandboxes)
	if e.err() != nil {
		return hostView{}, e.err()
	}

	for _, variable := range serviceEnv(h) {
		v.Environment = append(v.Environment, e.text("environment", word, variable.Name+"="+variable.Value))
	}
	v.Writable = []text{e.text("checkout", word, h.Checkout)}
	if name, ok := strings.CutPrefix(h.StateDir, stateRoot); ok {
		v.StateDirectory = []text{e.text("state directory", stateName, name)}
	} else {
		v.Writable = append(v.Writable, e.text("state directory", word, h.StateDir))
	}
	return v, e.err()
}

// serviceEnv is the environment that a service hands to `montimer exec`: the
// host's settings frozen in, and what monitoring scripts have always been
// given. The environment file comes after it and wins.
func serviceEnv(h montimer.Host) []montimer.EnvVar {
	env := []montimer.EnvVar{
		{Name: "MONTIMER_JOBS", Value: h.JobsFile},
		{Name: "MONTIMER_CHECKOUT", Value: h.Checkout},
		{Name: "REPO_ROOT", Value: h.Checkout},
		{Name: "MONTIMER_STATE_DIR", Value: h.StateDir},
		{Name: "MONTIMER_ENV_FILE", Value: h.EnvFile},
		{Name: "CACHE_DIR", Value: h.StateDir},
		{Name: "PATH", Value: filepath.Join(h.Checkout, ".venv/bin") + ":/usr/local/bin:/usr/bin:/bin"},
		{Name: "LOG_LEVEL", Value: "INFO"},
		{Name: "PYTHONUNBUFFERED", Value: "1"},
	}
	if h.Timezone != "" {
		env = append(env, montimer.EnvVar{Name: "MONTIMER_TIMEZONE", Value: h.Timezone})
	}
	return append(env, syncEnv(h.Sync)...)
}

func (e *escaper) limits(given map[string][]montimer.Limit) map[string][]limit {
	escaped := make(map[string][]limit, len(given))
	for _, profile := range slices.Sorted(maps.Keys(given)) {
		for _, l := range given[profile] {
			escaped[profile] = append(escaped[profile], limit{
				e.text("limits of "+profile, directive, l.Directive),
				e.text("limits of "+profile+", "+l.Directive, quantity, l.Value),
			})
		}
	}
	return escaped
}

func (e *escaper) sandboxes(given map[string]montimer.Sandbox) {
	for _, profile := range slices.Sorted(maps.Keys(given)) {
		switch s := given[profile]; s {
		case montimer.SandboxStrict, montimer.SandboxDefault, montimer.SandboxHost:
		default:
			e.errs = append(e.errs, fmt.Errorf("sandbox of %s: there is none called %.40q", profile, s))
		}
	}
}

// of is the value of a setting for a profile.
func of[T any](setting map[string]T, profile string) T {
	if value, ok := setting[profile]; ok {
		return value
	}
	return setting[montimer.AllOthers]
}
