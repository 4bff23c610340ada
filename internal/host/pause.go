package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/safetext"
)

// ReadPause returns the pause of a profile that is in force at a time; the zero
// Pause: none. A file that is not root's is an error, and not in force.
func ReadPause(dir, profile string, at time.Time) (montimer.Pause, error) {
	p, err := readPause(dir, profile)
	if err != nil || !at.Before(p.Until) {
		return montimer.Pause{}, err
	}
	return p, nil
}

// PauseOfTicks is ReadPause for a tick. A pause that was over at one tick stays
// over, also if the clock is set back: the state directory records that. If it
// cannot, only the clock decides.
func PauseOfTicks(dir, stateDir, profile string, at time.Time) (montimer.Pause, error) {
	p, err := readPause(dir, profile)
	if err != nil || p.Until.IsZero() {
		return montimer.Pause{}, err
	}
	// A link with the time for its target: made atomically, and read without
	// blocking if a task has replaced it.
	over, until := filepath.Join(stateDir, "pause-over", profile), p.Until.UTC().Format(time.RFC3339Nano)
	noted, _ := os.Readlink(over)
	switch {
	case noted == until:
		return montimer.Pause{}, nil
	case at.Before(p.Until):
		return p, nil
	}
	os.Mkdir(filepath.Dir(over), 0o700)
	os.Remove(over)
	os.Symlink(until, over)
	return montimer.Pause{}, nil
}

// readPause reads the file of a pause, in force or not; the zero Pause: none.
func readPause(dir, profile string) (montimer.Pause, error) {
	path, err := pausePath(dir, profile)
	if err != nil {
		return montimer.Pause{}, err
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return montimer.Pause{}, nil
	}
	if err == nil {
		err = Trusted(path)
	}
	var info fs.FileInfo
	if err == nil {
		info, err = os.Stat(path)
	}
	var p montimer.Pause
	if err == nil {
		p.Since = info.ModTime()
		dec := yaml.NewDecoder(bytes.NewReader(data))
		dec.KnownFields(true)
		err = dec.Decode(&p)
	}
	if err != nil {
		return montimer.Pause{}, fmt.Errorf("pause of %s: %w", profile, err)
	}
	return p, nil
}

// WritePause pauses a profile, also one that is paused already.
func WritePause(dir, profile string, p montimer.Pause) error {
	path, err := pausePath(dir, profile)
	if err != nil {
		return err
	}
	data, err := yaml.Marshal(p)
	if err != nil {
		return fmt.Errorf("pause of %s: %w", profile, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("pause of %s: %w", profile, err)
	}
	// Readable for all, independent of the umask: exec reads it as another user.
	if err := errors.Join(os.Chmod(dir, 0o755), safefile.Replace(path, data, 0o644)); err != nil {
		return fmt.Errorf("pause of %s: %w", profile, err)
	}
	return nil
}

// EndPause ends the pause of a profile, and reports whether there was a file.
func EndPause(dir, profile string) (found bool, err error) {
	path, err := pausePath(dir, profile)
	if err != nil {
		return false, err
	}
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// ByRetire is who pauses the profiles of a host that is retired.
const ByRetire = "montimer retire"

// Paused names the profiles that have a file of a pause, in force or not.
func Paused(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if montimer.ValidProfileName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func pausePath(dir, profile string) (string, error) {
	if !montimer.ValidProfileName(profile) {
		return "", fmt.Errorf("%q cannot be the name of a profile", profile)
	}
	return filepath.Join(dir, profile), nil
}

// PausedNow says until when and why a profile is paused; "": it is not. A file
// that cannot be used pauses nothing.
func PausedNow(of montimer.Instance, profile string, now time.Time) (string, error) {
	p, err := ReadPause(of.PauseDir(), profile, now)
	if err != nil || p.Until.IsZero() {
		return "", err
	}
	return PauseText(p), nil
}

// PauseText formats a pause for people.
func PauseText(p montimer.Pause) string { return safetext.String(p.String()) }

// ParseUntil reads the end of a pause: a time of RFC 3339, a span of
// systemd.time(7) from now on, or HH:MM, the next one or that of tomorrow.
func ParseUntil(text string, now time.Time) (time.Time, error) {
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
