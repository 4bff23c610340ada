package taskexec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/safetext"
)

// load finds the profile with the Tasks that are to run. If jobs.yaml cannot be
// used, a tick falls back on the last good copy; a run by hand fails.
func (r *run) load(ctx context.Context) (err error) {
	defer func() { r.Redactor.Add(secrets(r.profile, r.Environ)) }()
	r.profile, err = r.read(ctx)
	if !r.isTick() {
		return err
	}
	if err == nil {
		if err := keepCopy(r.StateDir, r.profile); err != nil {
			r.Log.Warn("cannot save the last good copy of the profile: " + err.Error())
		}
		return nil
	}
	good, copyErr := lastGood(r.StateDir, r.record.Profile)
	if copyErr != nil {
		if !errors.Is(copyErr, fs.ErrNotExist) {
			r.Log.Error("the last good copy cannot be used: "+copyErr.Error(), "event", EventTrouble)
		}
		return err
	}
	reason := "ran the last good copy of the profile: " + err.Error()
	r.Log.Error(reason, "event", EventTrouble)
	r.addReason(reason)
	r.profile = good
	return nil
}

// addReason adds to the reason of the record; "" adds nothing.
func (r *run) addReason(reason string) {
	if r.record.Reason != "" && reason != "" {
		reason = "; " + reason
	}
	r.record.Reason += reason
}

// secrets returns the values of a profile that must not be shown: those of its
// variables with the name of a secret, and the URL of its heartbeat.
func secrets(p montimer.Profile, environ []string) []string {
	var vars []string
	for _, v := range p.Env {
		vars = append(vars, v.Name+"="+v.Value)
	}
	for _, t := range p.Tasks {
		for _, v := range t.Env {
			vars = append(vars, v.Name+"="+v.Value)
		}
	}
	return append(safetext.SecretValues(vars), getenv(environ, p.Heartbeat))
}

// read reads the profile from jobs.yaml.
func (r *run) read(ctx context.Context) (montimer.Profile, error) {
	jobs, err := r.Load(ctx)
	if err != nil {
		return montimer.Profile{}, &UsageError{err}
	}
	profile, err := FindProfile(jobs, r.request.Profile)
	if err != nil {
		return profile, &UsageError{err}
	}
	profile.Tasks, err = choose(profile, r.request.Tasks)
	return profile, err
}

// choose returns the named tasks of p in file order; without names, all that
// are enabled.
func choose(p montimer.Profile, names []string) ([]montimer.Task, error) {
	if names == nil {
		return p.EnabledTasks(), nil
	}
	if err := KnowsTasks(p, names); err != nil {
		return nil, &UsageError{err}
	}
	var chosen []montimer.Task
	for _, t := range p.Tasks {
		if slices.Contains(names, t.Name) {
			chosen = append(chosen, t)
		}
	}
	return chosen, nil
}

// KnowsTasks returns an [*UnknownError] for the first name that is no task of p.
func KnowsTasks(p montimer.Profile, names []string) error {
	var known []string
	for _, t := range p.Tasks {
		known = append(known, t.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return &UnknownError{"task", name, known}
		}
	}
	return nil
}

// FindProfile returns a profile of jobs, or an [*UnknownError].
func FindProfile(jobs montimer.Jobs, name string) (montimer.Profile, error) {
	if p, ok := jobs.Profile(name); ok {
		return p, nil
	}
	known := make([]string, 0, len(jobs.Profiles))
	for _, p := range jobs.Profiles {
		known = append(known, p.Name)
	}
	return montimer.Profile{}, &UnknownError{"profile", name, known}
}

// An UnknownError is a name that is not among the known ones.
type UnknownError struct {
	Kind, Name string // what is named, and the given name
	Known      []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown %s %q; known: %s", e.Kind, e.Name, strings.Join(e.Known, ", "))
}

// A broken jobs.yaml, or one that a profile is gone from, must not stop the
// profile's checks while its timer ticks. So each tick saves a copy of the
// profile, for later ticks to fall back on.

// keepCopy writes the copy, unless it is there already.
func keepCopy(stateDir string, p montimer.Profile) error {
	data, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		return err
	}
	path := copyPath(stateDir, p.Name)
	if old, err := safefile.Read(path, maxCopy); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return safefile.Replace(path, data, 0o600)
}

// lastGood reads the copy.
func lastGood(stateDir, profile string) (p montimer.Profile, err error) {
	data, err := safefile.Read(copyPath(stateDir, profile), maxCopy)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err == nil && p.Name != profile {
		err = fmt.Errorf("%s is not a copy of %s", copyPath(stateDir, profile), profile)
	}
	return p, err
}

// maxCopy is more than the profiles of the largest jobs.yaml take, in bytes.
const maxCopy = 64 << 20

func copyPath(stateDir, profile string) string {
	return filepath.Join(stateDir, montimer.LastGoodDir, profile+".json")
}
