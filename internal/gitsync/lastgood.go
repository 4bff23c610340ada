package gitsync

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/montimer/montimer"
)

const (
	lastGoodFile = "last-good-jobs.yaml"
	maxJobs      = 16 << 20 // bytes
)

// LastGoodPath is where the last good copy of jobs.yaml is kept.
func LastGoodPath(stateDir string) string { return filepath.Join(stateDir, lastGoodFile) }

// KeepLastGood keeps a copy of a jobs.yaml that a run can go by.
func KeepLastGood(stateDir string, data []byte) error {
	if kept, err := LastGood(stateDir); err == nil && bytes.Equal(kept, data) {
		return nil
	}
	if err := writeFile(stateDir, lastGoodFile, data); err != nil {
		return fmt.Errorf("keep a copy of jobs.yaml: %w", err)
	}
	return nil
}

// LastGood returns the copy that was kept last.
func LastGood(stateDir string) ([]byte, error) {
	return readFile(LastGoodPath(stateDir), maxJobs)
}

// Syncs reports whether anything pulls the checkout: a profile that runs, or
// the host's own timer.
func Syncs(of montimer.Sync, jobs montimer.Jobs) bool {
	for _, p := range jobs.Profiles {
		if p.Enabled && p.SyncBeforeRun {
			return true
		}
	}
	return of.Every > 0
}

// Asked reports whether a run of the profile begins with a sync. nil is a file
// that is missing or invalid. A profile that no file knows syncs: that may be
// what brings it back.
func Asked(profile string, current, last *montimer.Jobs) bool {
	for _, jobs := range []*montimer.Jobs{current, last} {
		if p, ok := find(jobs, profile); ok {
			return p.SyncBeforeRun
		}
	}
	return true
}

// ErrNoProfile says that neither jobs.yaml nor its last good copy has the
// profile.
var ErrNoProfile = errors.New("neither jobs.yaml nor its last good copy has the profile")

// Choose returns what a run of the profile goes by: the current file or, where
// that is invalid or does not have the profile any more, the last good copy. A
// page tells of the latter, and of neither.
func Choose(profile string, current, last *montimer.Jobs) (jobs montimer.Jobs, page string, err error) {
	if _, ok := find(current, profile); ok {
		return *current, "", nil
	}
	what := "jobs.yaml is missing or invalid"
	if current != nil {
		what = fmt.Sprintf("jobs.yaml has no profile %s any more, but its timer still runs", profile)
	}
	if _, ok := find(last, profile); ok {
		return *last, fmt.Sprintf("%s: %s ran by the last good copy", what, profile), nil
	}
	return montimer.Jobs{}, fmt.Sprintf("%s, and no good copy has it: %s did not run", what, profile), ErrNoProfile
}

func find(jobs *montimer.Jobs, profile string) (montimer.Profile, bool) {
	if jobs == nil {
		return montimer.Profile{}, false
	}
	return jobs.Profile(profile)
}
