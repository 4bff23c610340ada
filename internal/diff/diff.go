// Package diff says what a compile and the daemon-reload after it would change:
// [Compare] reads, text.go formats the result for people, words.go describes
// old and new schedules.
package diff

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/aymanbagabas/go-udiff"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
)

// stampDir is where systemd keeps the time at which a persistent timer was
// last triggered, as the modification time of a file (systemd.timer(5)).
const stampDir = "/var/lib/systemd/timers"

// nextRuns is how many runs of a schedule are shown.
const nextRuns = 3

// Comparison is what a compile and the reload after it would change.
type Comparison struct {
	Schedules []Schedule      `json:"schedules"`
	Sandboxes []SandboxChange `json:"sandboxes"`
	Overrides []string        `json:"overrides"`
	Changes   []File          `json:"changes"`
}

// Schedule is one profile that would run at other times.
type Schedule struct {
	Profile string  `json:"profile"`
	Before  *Timing `json:"before,omitempty"` // nil: it did not run
	After   *Timing `json:"after,omitempty"`  // nil: it will not run
	Starts  string  `json:"starts,omitempty"` // why the reload itself starts it; "": it does not
}

// Timing is when a profile runs.
type Timing struct {
	Words      string      `json:"words"`
	OnCalendar []string    `json:"on_calendar"`
	AtBoot     bool        `json:"at_boot"`
	Every      []float64   `json:"every_seconds"`
	CatchUp    bool        `json:"catch_up"`
	Jitter     float64     `json:"jitter_seconds"`
	Next       []time.Time `json:"next"`
}

// File is one file of the plan.
type File struct {
	Action unitdir.Action `json:"action"`
	Unit   string         `json:"unit"`
	ByHand bool           `json:"changed_by_hand"` // since montimer wrote it
	Diff   string         `json:"diff,omitempty"`
}

// Compare finds out what writing the units would change. It only reads.
func Compare(h montimer.Host, profiles []montimer.Profile, units []compiler.Unit, clock timer.Clock) (Comparison, error) {
	have, err := unitdir.Read(h.UnitDir, h.Instance)
	if err != nil {
		return Comparison{}, err
	}
	plan, err := unitdir.Plan(units, have)
	if err != nil {
		return Comparison{}, fmt.Errorf("in %s: %w", h.UnitDir, err)
	}
	c := Comparison{Sandboxes: SandboxChanges(h.Instance, plan), Overrides: []string{}, Changes: []File{}}
	for _, step := range plan {
		c.Changes = append(c.Changes, File{step.Action, step.Name, unitfile.ByHand(step.Old), unified(h.UnitDir, step)})
	}
	if c.Schedules, err = reschedules(profiles, units, have, clock); err != nil {
		return Comparison{}, err
	}
	if path := unitfile.UnitPath(); slices.Contains(path, h.UnitDir) {
		c.Overrides, err = unitdir.Overrides(path, h.UnitDir, units)
	}
	return c, err
}

func reschedules(profiles []montimer.Profile, units []compiler.Unit, have unitdir.Installed, clock timer.Clock) ([]Schedule, error) {
	changes, err := Reschedulings(units, have)
	if err != nil {
		return nil, err
	}
	words := make(map[string]string, len(profiles))
	for _, p := range profiles {
		words[p.Name] = p.Schedule.Words
	}
	list := make([]Schedule, 0, len(changes))
	for _, change := range changes {
		r := Schedule{Profile: change.Profile}
		before, after := changeWords(change, words[change.Profile])
		if change.Old != nil {
			r.Before = newTiming(*change.Old, before, clock)
		}
		if change.New != nil {
			stamp, err := readStamp(have.Instance.Timer(change.Profile))
			if err != nil {
				return nil, err
			}
			r.After = newTiming(*change.New, after, clock)
			r.Starts = clock.WhyStarted(change.Old, *change.New, stamp)
		}
		list = append(list, r)
	}
	return list, nil
}

func newTiming(t timer.Timer, words string, clock timer.Clock) *Timing {
	shown := Timing{Words: words, OnCalendar: []string{}, AtBoot: t.Schedule.Boot, Every: []float64{}, Jitter: t.Jitter.Seconds(), CatchUp: t.Persistent, Next: []time.Time{}}
	for _, event := range t.Schedule.Events {
		shown.OnCalendar = append(shown.OnCalendar, event.String())
	}
	for _, span := range t.Schedule.Every {
		shown.Every = append(shown.Every, span.Seconds())
	}
	for next, ok := t.Schedule.Next(clock.Now, clock.Local); ok && len(shown.Next) < nextRuns; next, ok = t.Schedule.Next(next, clock.Local) {
		shown.Next = append(shown.Next, next)
	}
	return &shown
}

// readStamp returns when a timer was last triggered, or first activated; zero if
// there is no stamp or it cannot be read.
func readStamp(timer string) (time.Time, error) {
	info, err := os.Stat(filepath.Join(stampDir, "stamp-"+timer))
	switch {
	case errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("read the stamp of a timer: %w", err)
	}
	return info.ModTime(), nil
}

// unified is the change of one file as patch(1) reads it.
func unified(dir string, c unitdir.Change) string {
	from, to := filepath.Join(dir, c.Name), filepath.Join(dir, c.Name)
	switch c.Action {
	case unitdir.Keep:
		return ""
	case unitdir.Create:
		from = os.DevNull
	case unitdir.Remove:
		to = os.DevNull
	}
	return udiff.Unified(from, to, c.Old, c.New)
}
