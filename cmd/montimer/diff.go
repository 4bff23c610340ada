package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/aymanbagabas/go-udiff"
	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/systemd"
)

// stampDir is where systemd keeps the time at which a persistent timer was
// last triggered, as the modification time of a file (systemd.timer(5)).
const stampDir = "/var/lib/systemd/timers"

// nextRuns is how many runs of a schedule are shown.
const nextRuns = 3

// comparison is all that a compile and the reload after it would change.
type comparison struct {
	Schedules []rescheduled            `json:"schedules"`
	Sandboxes []compiler.SandboxChange `json:"sandboxes"`
	Overrides []string                 `json:"overrides"`
	Changes   []changed                `json:"changes"`
}

// rescheduled is one profile that would run at other times.
type rescheduled struct {
	Profile string  `json:"profile"`
	Before  *timing `json:"before,omitempty"` // nil: it did not run
	After   *timing `json:"after,omitempty"`  // nil: it will not run
	Starts  string  `json:"starts,omitempty"` // why the reload itself starts it; "": it does not
}

// timing is when a profile runs.
type timing struct {
	Words      string      `json:"words"`
	OnCalendar []string    `json:"on_calendar"`
	AtBoot     bool        `json:"at_boot"`
	Every      []string    `json:"every"`
	CatchUp    bool        `json:"catch_up"`
	Jitter     string      `json:"jitter,omitempty"`
	Next       []time.Time `json:"next"`
}

// changed is one file of the plan.
type changed struct {
	Action compiler.Action `json:"action"`
	Unit   string          `json:"unit"`
	ByHand bool            `json:"changed_by_hand"` // since montimer wrote it
	Diff   string          `json:"diff,omitempty"`
}

// diff shows what writing the units would change. It takes no lock and writes
// nothing.
func (c compileCmd) diff(ctx context.Context, e env, h montimer.Host, profiles []montimer.Profile, units []compiler.Unit) error {
	m, err := thisMoment(ctx)
	if err != nil {
		return err
	}
	found, err := compare(h, profiles, units, m)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		err = writeJSON(e.stdout, found)
	} else {
		err = writeComparison(e.stdout, found, isTerminal(e.stdout))
	}
	if err == nil && len(found.Changes) > 0 {
		return exitError{code: exitChanges}
	}
	return err
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// compare finds out what writing the units would change. It only reads.
func compare(h montimer.Host, profiles []montimer.Profile, units []compiler.Unit, m compiler.Moment) (comparison, error) {
	have, err := compiler.ReadDirectory(h.UnitDir)
	if err != nil {
		return comparison{}, err
	}
	plan, err := compiler.Plan(units, have)
	if err != nil {
		return comparison{}, fmt.Errorf("in %s: %w", h.UnitDir, err)
	}
	c := comparison{Sandboxes: compiler.SandboxChanges(plan), Overrides: []string{}, Changes: []changed{}}
	for _, step := range plan {
		c.Changes = append(c.Changes, changed{step.Action, step.Name, compiler.ByHand(step.Old), unified(h.UnitDir, step)})
	}
	if c.Schedules, err = reschedules(profiles, units, have, m); err != nil {
		return comparison{}, err
	}
	if path := compiler.UnitPath(); slices.Contains(path, h.UnitDir) {
		c.Overrides, err = compiler.Overrides(path, h.UnitDir, units)
	}
	return c, err
}

func reschedules(profiles []montimer.Profile, units []compiler.Unit, have compiler.Installed, m compiler.Moment) ([]rescheduled, error) {
	changes, err := compiler.Reschedulings(units, have)
	if err != nil {
		return nil, err
	}
	words := make(map[string]string, len(profiles))
	for _, p := range profiles {
		words[p.Name] = p.Schedule.Words
	}
	list := make([]rescheduled, 0, len(changes))
	for _, change := range changes {
		r := rescheduled{Profile: change.Profile}
		before, after := changeWords(change, words[change.Profile])
		if change.Old != nil {
			r.Before = newTiming(*change.Old, before, m)
		}
		if change.New != nil {
			stamp, err := readStamp(change.Profile)
			if err != nil {
				return nil, err
			}
			r.After = newTiming(*change.New, after, m)
			r.Starts = m.WhyStarted(change.Old, *change.New, stamp)
		}
		list = append(list, r)
	}
	return list, nil
}

func newTiming(t compiler.Timer, words string, m compiler.Moment) *timing {
	shown := timing{Words: words, OnCalendar: []string{}, AtBoot: t.Schedule.Boot, Every: []string{}, CatchUp: t.Persistent, Next: []time.Time{}}
	for _, event := range t.Schedule.Events {
		shown.OnCalendar = append(shown.OnCalendar, event.String())
	}
	for _, span := range t.Schedule.Every {
		shown.Every = append(shown.Every, calendar.FormatSpan(span))
	}
	if t.Jitter > 0 {
		shown.Jitter = calendar.FormatSpan(t.Jitter)
	}
	for next, ok := t.Schedule.Next(m.Now, m.Local); ok && len(shown.Next) < nextRuns; next, ok = t.Schedule.Next(next, m.Local) {
		shown.Next = append(shown.Next, next)
	}
	return &shown
}

// readStamp returns when the timer of a profile was last triggered, or first
// activated; zero where there is no stamp or it is not ours to read.
func readStamp(profile string) (time.Time, error) {
	info, err := os.Stat(filepath.Join(stampDir, "stamp-"+compiler.TimerName(profile)))
	switch {
	case errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("read the stamp of a timer: %w", err)
	}
	return info.ModTime(), nil
}

// thisMoment reads the clocks of the host.
func thisMoment(ctx context.Context) (compiler.Moment, error) {
	booted, err := bootedAt(ctx)
	return compiler.Moment{Now: time.Now(), Boot: booted, Local: time.Local}, err
}

// bootedAt asks systemd, which in a container has not started with the kernel.
// Where it cannot be asked, the kernel has to do.
func bootedAt(ctx context.Context) (time.Time, error) {
	if conn, err := systemd.Connect(ctx); err == nil {
		defer conn.Close()
		return conn.BootedAt()
	}
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return time.Time{}, fmt.Errorf("read the time since boot: %w", err)
	}
	return time.Now().Add(-time.Duration(up.Nano())), nil
}

// unified is the change of one file as patch(1) reads it.
func unified(dir string, c compiler.Change) string {
	from, to := filepath.Join(dir, c.Name), filepath.Join(dir, c.Name)
	switch c.Action {
	case compiler.Keep:
		return ""
	case compiler.Create:
		from = os.DevNull
	case compiler.Remove:
		to = os.DevNull
	}
	return udiff.Unified(from, to, c.Old, c.New)
}
