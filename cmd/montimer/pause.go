package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/taskexec"
)

type pauseCmd struct {
	Profile string `arg:"" help:"Name of the profile."`
	Until   string `required:"" placeholder:"TIME" help:"End of the pause: a time span such as 2h, HH:MM, 'tomorrow HH:MM', or RFC 3339."`
	Reason  string `required:"" placeholder:"TEXT" help:"The reason, shown with the pause."`
}

// needRoot returns an error for users other than root: a task must not be able
// to silence another.
func needRoot(command string) error {
	if host.IsRoot() {
		return nil
	}
	return usage(fmt.Errorf("%s needs root: a task must not silence another; use sudo montimer %[1]s …", command))
}

// Run pauses a profile.
func (c pauseCmd) Run(ctx context.Context, e env) error {
	if err := needRoot("pause"); err != nil {
		return err
	}
	if err := findTimer(ctx, e, c.Profile); err != nil {
		return err
	}
	until, err := parseUntil(c.Until, time.Now())
	if err != nil {
		return usage(fmt.Errorf("--until: %w", err))
	}
	if strings.TrimSpace(c.Reason) == "" {
		return usage(errors.New("--reason: must not be empty"))
	}
	p := montimer.Pause{Until: until, Reason: c.Reason, By: cmp.Or(e.getenv("SUDO_USER"), "root")}
	if err := host.WritePause(e.instance.PauseDir(), c.Profile, p); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "%s is %s\n", e.instance.Of(c.Profile), pauseText(p))
	return nil
}

// findTimer checks that a profile has a timer in the unit directory. jobs.yaml
// need not be readable; it only explains why there is none.
func findTimer(ctx context.Context, e env, profile string) error {
	h, err := hostFlags{}.resolve(e, false)
	if err != nil {
		return err
	}
	installed, err := unitdir.Read(h.UnitDir, h.Instance)
	if err != nil {
		return err
	}
	if _, ok := installed.Files[e.instance.Timer(profile)]; ok {
		return nil
	}
	if h, err = (hostFlags{}).host(e); err != nil {
		return err
	}
	p, err := jobsfile.FindProfile(ctx, h, profile)
	var unknown *taskexec.UnknownError
	switch {
	case err == nil && !p.Enabled:
		return usage(fmt.Errorf("profile %q is disabled (enabled: false in jobs.yaml): it has no scheduled runs", profile))
	case err == nil:
		return usage(fmt.Errorf("profile %q has no timer yet: %s", profile, e.instance.Command("apply")))
	case errors.As(err, &unknown):
		return err
	case len(timers(installed)) == 0:
		return usage(fmt.Errorf("there is no timer yet: montimer apply"))
	}
	return &taskexec.UnknownError{Kind: "profile", Name: profile, Known: timers(installed)}
}

// timers names the profiles that have a timer.
func timers(installed unitdir.Installed) (profiles []string) {
	for name := range installed.Files {
		profile, ok := installed.Instance.ProfileOf(name)
		if ok && profile != montimer.GitSync && installed.Instance.IsJobTimer(name) {
			profiles = append(profiles, profile)
		}
	}
	slices.Sort(profiles)
	return profiles
}

type resumeCmd struct {
	Profile string `arg:"" help:"Name of the profile."`
}

// Run ends a pause before its time, also that of a profile that is gone.
func (c resumeCmd) Run(ctx context.Context, e env) error {
	if err := needRoot("resume"); err != nil {
		return err
	}
	was, err := pauseNow(e.instance, c.Profile, time.Now())
	if err != nil {
		was = "paused by a file that cannot be used: " + safetext.String(err.Error())
	}
	found, err := host.EndPause(e.instance.PauseDir(), c.Profile)
	switch {
	case err != nil:
		return err
	case found:
		fmt.Fprintf(e.stderr, "%s runs again as scheduled; it was %s\n", e.instance.Of(c.Profile), cmp.Or(was, "paused until a time in the past"))
		return nil
	}
	if err := findTimer(ctx, e, c.Profile); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "%s is not paused\n", e.instance.Of(c.Profile))
	return nil
}

// parseUntil reads the end of a pause: a time of RFC 3339, a span of
// systemd.time(7) from now on, or HH:MM, the next one or that of tomorrow.
func parseUntil(text string, now time.Time) (time.Time, error) {
	until, err := untilTime(strings.TrimSpace(text), now)
	if err == nil && !until.After(now) {
		err = fmt.Errorf("%s is in the past", until.Format(time.RFC3339))
	}
	return until, err
}

func untilTime(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	clock, tomorrow := strings.CutPrefix(text, "tomorrow ")
	if t, err := time.Parse("15:04", strings.TrimSpace(clock)); err == nil {
		day := now.Day()
		at := func() time.Time {
			return time.Date(now.Year(), now.Month(), day, t.Hour(), t.Minute(), 0, 0, now.Location())
		}
		if tomorrow || !at().After(now) {
			day++
		}
		return at(), nil
	}
	if d, err := calendar.ParseSpan(text); err == nil {
		if calendar.EndsWithoutUnit(text) {
			return time.Time{}, fmt.Errorf("%q is %s: a number without a unit is seconds: write %sm or %[3]ss", text, calendar.FormatSpan(d), text)
		}
		return now.Add(d), nil
	}
	return time.Time{}, fmt.Errorf("%q is neither a time span (2h), nor HH:MM, nor tomorrow HH:MM, nor a time like %s", text, now.Format(time.RFC3339))
}

// pauseNow says until when and why a profile is paused; "": it is not. A file
// that cannot be read pauses nothing.
func pauseNow(of montimer.Instance, profile string, now time.Time) (string, error) {
	p, err := host.ReadPause(of.PauseDir(), profile, now)
	if err != nil || p.Until.IsZero() {
		return "", err
	}
	return pauseText(p), nil
}

func pauseText(p montimer.Pause) string { return safetext.String(p.String()) }
