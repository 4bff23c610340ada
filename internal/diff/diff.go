// Package diff says what a compile and the daemon-reload after it would change:
// [Compare] reads, changes.go finds what matters most, text.go formats
// the result for people.
package diff

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
)

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

// Systemd says what it remembers of timers.
type Systemd interface {
	timer.Running
	Units(ctx context.Context, names []string) (map[string]systemd.Unit, error)
}

// OnHost is Compare with the running systemd, if there is one, and the clock of
// this host.
func OnHost(ctx context.Context, h montimer.Host, units []compiler.Unit) (Comparison, error) {
	booted, err := systemd.BootedAt(ctx)
	if err != nil {
		return Comparison{}, err
	}
	clock := timer.Clock{Now: time.Now(), Boot: booted, Local: time.Local}
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return Compare(ctx, h, units, nil, clock)
	}
	defer conn.Close()
	return Compare(ctx, h, units, conn, clock)
}

// Compare finds out what writing the units would change. It only reads. Where no
// systemd runs (nil), or it does not read the unit directory, no timer is active.
func Compare(ctx context.Context, h montimer.Host, units []compiler.Unit, running Systemd, clock timer.Clock) (Comparison, error) {
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
	here := slices.Contains(unitfile.UnitPath(), h.UnitDir)
	if !here {
		running = nil
	}
	if c.Schedules, err = schedules(ctx, Reschedulings(units, have), h.Instance, running, clock); err != nil {
		return Comparison{}, err
	}
	if here {
		c.Overrides, err = unitdir.Overrides(unitfile.UnitPath(), h.UnitDir, units)
	}
	return c, err
}

func schedules(ctx context.Context, changes []Rescheduling, of montimer.Instance, running Systemd, clock timer.Clock) ([]Schedule, error) {
	states, err := timerStates(ctx, changes, of, running)
	if err != nil {
		return nil, err
	}
	memory := timer.Memory{Running: running, Stamps: timer.StampDir}
	list := make([]Schedule, 0, len(changes))
	for _, change := range changes {
		s := Schedule{Profile: change.Profile}
		if change.Old != nil {
			s.Before = newTiming(*change.Old, clock)
		}
		if change.New != nil {
			s.After = newTiming(*change.New, clock)
			unit := of.Timer(change.Profile)
			known, err := memory.Known(ctx, unit, *change.New, states[unit].IsActive())
			if err != nil {
				return nil, err
			}
			start, _ := clock.StartsAtOnce(*change.New, known)
			s.Starts = start.Why
		}
		list = append(list, s)
	}
	return list, nil
}

// timerStates returns the states of the timers of the changes; without systemd
// none.
func timerStates(ctx context.Context, changes []Rescheduling, of montimer.Instance, running Systemd) (map[string]systemd.Unit, error) {
	if running == nil {
		return nil, nil
	}
	var names []string
	for _, change := range changes {
		names = append(names, of.Timer(change.Profile))
	}
	return running.Units(ctx, names)
}

func newTiming(t timer.Timer, clock timer.Clock) *Timing {
	shown := Timing{Words: words(t.Schedule), OnCalendar: []string{}, AtBoot: t.Schedule.Boot, Every: []float64{}, Jitter: t.Jitter.Seconds(), CatchUp: t.Persistent, Next: []time.Time{}}
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

// words says when a timer elapses: as its file says, or by its directives.
func words(s montimer.Schedule) string {
	if s.Words != "" {
		return s.Words
	}
	var all []string
	for _, event := range s.Events {
		all = append(all, event.String())
	}
	if s.Boot {
		all = append(all, "once after each boot")
	}
	for _, span := range s.Every {
		all = append(all, "every "+calendar.FormatSpan(span))
	}
	return strings.Join(all, "; ")
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
	return unifiedDiff(from, to, c.Old, c.New)
}
