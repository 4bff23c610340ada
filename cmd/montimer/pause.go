package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/taskexec"
)

type pauseCmd struct {
	Profile string `arg:"" help:"Name of the profile."`
	Until   string `required:"" placeholder:"TIME" help:"When it ends by itself: a time span such as 2h, HH:MM, 'tomorrow HH:MM', or RFC 3339."`
	Reason  string `required:"" placeholder:"TEXT" help:"Why; it is shown wherever the pause is."`
}

// errPauseRoot says why others than root pause nothing.
var errPauseRoot = errors.New("a pause is root's to give, so that no task can silence another: use sudo")

// Run has the ticks of a profile skipped for a while.
func (c pauseCmd) Run(e env) error {
	if !host.IsRoot() {
		return usage(errPauseRoot)
	}
	if err := compiled(e, c.Profile); err != nil {
		return err
	}
	until, err := parseUntil(c.Until, time.Now())
	if err != nil {
		return usage(fmt.Errorf("--until: %w", err))
	}
	if strings.TrimSpace(c.Reason) == "" {
		return usage(errors.New("--reason: say why"))
	}
	p := host.Pause{Until: until, Reason: c.Reason, By: cmp.Or(e.getenv("SUDO_USER"), "root")}
	if err := host.WritePause(host.PauseDir, c.Profile, p); err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "%s is %s\n", c.Profile, pauseText(p))
	return nil
}

// compiled checks that a profile has a timer. It does not ask jobs.yaml, which
// may be what is broken.
func compiled(e env, profile string) error {
	h, err := hostFlags{}.resolve(e, false)
	if err != nil {
		return err
	}
	timer := filepath.Join(h.UnitDir, compiler.TimerName(filepath.Base(profile)))
	if _, err := os.Stat(timer); err != nil {
		return usage(fmt.Errorf("no profile %q here: %w", profile, err))
	}
	return nil
}

type resumeCmd struct {
	Profile string `arg:"" help:"Name of the profile."`
}

// Run ends a pause before its time.
func (c resumeCmd) Run(e env) error {
	if !host.IsRoot() {
		return usage(errPauseRoot)
	}
	found, err := host.EndPause(host.PauseDir, c.Profile)
	if err == nil && !found {
		fmt.Fprintf(e.stderr, "%s is not paused\n", c.Profile)
	}
	return err
}

// parseUntil reads the end of a pause: a time of RFC 3339, a span of
// systemd.time(7) from now on, or HH:MM, the next one or that of tomorrow.
func parseUntil(text string, now time.Time) (time.Time, error) {
	until, err := untilTime(strings.TrimSpace(text), now)
	if err == nil && !until.After(now) {
		err = fmt.Errorf("%s is over", until.Format(time.RFC3339))
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
		return now.Add(d), nil
	}
	return time.Time{}, fmt.Errorf("%q is neither a time span (2h), nor HH:MM, nor tomorrow HH:MM, nor a time like %s", text, now.Format(time.RFC3339))
}

// pauseNow says, for people, until when and why a profile is paused; "": it is
// not. What cannot be read pauses nothing.
func pauseNow(profile string, now time.Time) (string, error) {
	p, err := host.ReadPause(host.PauseDir, profile, now)
	if err != nil || p.Until.IsZero() {
		return "", err
	}
	return pauseText(p), nil
}

func pauseText(p host.Pause) string { return string(taskexec.AppendDisplay(nil, []byte(p.String()))) }
