package drift

import (
	"errors"
	"fmt"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/taskexec"
)

// FindTimer returns nil if a profile has a timer in the unit directory, and else
// a [*taskexec.UsageError] or a [*taskexec.UnknownError] that says why not. find
// returns the profile as in jobs.yaml, or why it cannot be read; it is called
// only if there is no timer.
func FindTimer(h montimer.Host, profile string, find func() (montimer.Profile, error)) error {
	installed, err := unitdir.Read(h.UnitDir, h.Instance)
	if err != nil {
		return err
	}
	if _, ok := installed.Files[h.Instance.Timer(profile)]; ok {
		return nil
	}
	p, err := find()
	var unknown *taskexec.UnknownError
	switch {
	case errors.As(err, &unknown):
		return err
	case err == nil && !p.Enabled:
		return &taskexec.UsageError{Err: fmt.Errorf("profile %q is disabled (enabled: false in jobs.yaml): it has no scheduled runs", profile)}
	case err == nil:
		return &taskexec.UsageError{Err: fmt.Errorf("profile %q has no timer yet: %s", profile, h.Instance.Command("apply"))}
	case len(installed.Profiles()) == 0:
		return &taskexec.UsageError{Err: fmt.Errorf("there is no timer yet: %s", h.Instance.Command("apply"))}
	}
	return &taskexec.UnknownError{Kind: "profile", Name: profile, Known: installed.Profiles()}
}
