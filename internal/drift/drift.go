// Package drift finds what systemd does otherwise than jobs.yaml says, and asks
// root for an apply: units that lag behind the file, a timer that a step of the
// clock has stopped.
package drift

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
	"github.com/montimer/montimer/taskexec"
)

// maxLag is how long the units may differ from jobs.yaml.
const maxLag = 15 * time.Minute

// Lagging names the units of a host that differ from what the next compile would
// write for this jobs.yaml: the timers, and the target. The other units do not
// count: they do not depend on jobs.yaml, or a run reads it itself. Without a
// target, nothing has been compiled yet.
func Lagging(h montimer.Host, j montimer.Jobs) ([]string, error) {
	have, err := unitdir.Read(h.UnitDir, h.Instance)
	if err != nil {
		return nil, err
	}
	return LaggingOf(h, j, have), nil
}

// LaggingOf is Lagging of a unit directory that has been read.
func LaggingOf(h montimer.Host, j montimer.Jobs, have unitdir.Installed) []string {
	return compareTimers(compiler.Timers(h, j), have)
}

func compareTimers(want map[string]timer.Timer, have unitdir.Installed) (differ []string) {
	target := have.Instance.Target()
	if have.Files[target] == "" {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		content, exists := have.Files[name]
		if is, err := timer.Read(content); err != nil || !exists || !is.Equal(want[name]) {
			differ = append(differ, name)
		}
	}
	upheld := unitfile.Upheld(have.Files[target])
	maps.DeleteFunc(upheld, func(name string, _ bool) bool { return !have.Instance.IsJobTimer(name) }) // the host's
	if !slices.Equal(slices.Sorted(maps.Keys(upheld)), slices.Sorted(maps.Keys(want))) {
		differ = append(differ, target)
	}
	return differ
}

// Report asks for an apply because of units that lag behind jobs.yaml. It returns a
// page when they have for long.
func Report(h montimer.Host, lagging []string, log *slog.Logger) (page string) {
	if err := RequestApply(h.Instance); err != nil {
		log.Info(fmt.Sprintf("units behind jobs.yaml: %s: %v", strings.Join(lagging, ", "), err))
	} else {
		log.Info("asked for an apply: units behind jobs.yaml: " + strings.Join(lagging, ", "))
	}
	// A sync that changes jobs.yaml writes a new file.
	if info, err := os.Stat(h.JobsFile); err == nil && LagsTooLong(info.ModTime(), time.Now()) {
		return fmt.Sprintf("units behind jobs.yaml since %s: %s. To fix it, run as root: %s",
			info.ModTime().Format(time.DateTime), strings.Join(lagging, ", "), h.Instance.Command("apply"))
	}
	return ""
}

// LagsTooLong reports whether units have lagged behind a jobs.yaml of that time
// for too long. The age of a file from the future is not known: the clock was
// set.
func LagsTooLong(written, now time.Time) bool {
	age := now.Sub(written)
	return age > maxLag || age < 0
}

// UnblockTimer asks for an apply if the clock was set back during a run: its
// timer would start nothing until the time of its last trigger comes again. It
// returns a page if no apply will run.
func UnblockTimer(unit string, triggered time.Time, ask func() error, log *slog.Logger) (page string) {
	if !timer.TriggeredAhead(triggered, time.Now()) {
		return ""
	}
	words := fmt.Sprintf("the clock was set back during this run: %s starts nothing until %s", unit, triggered.Format(time.DateTime))
	if err := ask(); err != nil {
		return fmt.Sprintf("%s. To fix it, run as root: systemctl restart %s (%v)", words, unit, err)
	}
	log.Info(words + ", unless it is restarted: asked for an apply, which does so")
	return ""
}

// RequestApply asks root for an apply; a pending request is enough. It never
// blocks, although only montimer-apply.service reads the FIFO.
func RequestApply(of montimer.Instance) error {
	fifo, socket := of.RequestFIFO(), of.Unit("apply.socket")
	f, err := os.OpenFile(fifo, os.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	switch {
	case errors.Is(err, syscall.ENXIO):
		err = fmt.Errorf("%s is not active", socket)
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%w: systemctl restart %s, if run_as was changed", err, socket)
	}
	if err != nil {
		return fmt.Errorf("ask for an apply: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Mode().Type() != fs.ModeNamedPipe {
		err = fmt.Errorf("%s is not a FIFO", fifo)
	}
	if err == nil {
		_, err = f.Write([]byte{'\n'})
	}
	if err != nil && !errors.Is(err, syscall.EAGAIN) { // full of requests
		return fmt.Errorf("ask for an apply: %w", err)
	}
	return nil
}

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
