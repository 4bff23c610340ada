// Package compiler turns profiles into systemd units and the units into files:
// Render makes the texts, Plan compares them with what is on disk, and
// Directory.Write carries the plan out.
package compiler

import (
	"errors"
	"fmt"
	"slices"

	"github.com/montimer/montimer"
)

// Unit is one unit file.
type Unit struct {
	Name    string // file name, such as montimer-job-hourly.timer
	Content string
}

// TargetName is the unit that holds all timers.
const TargetName = "montimer.target"

// jobPrefix is a namespace of its own: no profile can replace another unit of
// montimer, and drop-ins in montimer-job-.service.d reach the jobs only.
const jobPrefix = "montimer-job-"

// TimerName returns the name of the timer unit of a profile.
func TimerName(profile string) string { return jobPrefix + profile + ".timer" }

// ServiceName returns the name of the service unit of a profile.
func ServiceName(profile string) string { return jobPrefix + profile + ".service" }

// Render returns the units of the enabled profiles and the target, sorted by
// name. Its error names every value of h that no unit file can express.
func Render(h montimer.Host, profiles []montimer.Profile) ([]Unit, error) {
	host, err := newHostView(h)
	if err != nil {
		return nil, fmt.Errorf("host settings: %w", err)
	}
	f, err := newFoundry()
	if err != nil {
		return nil, err
	}
	var (
		errs   []error
		target view
		units  = make([]Unit, 0, 2*len(profiles)+1)
	)
	for _, p := range profiles {
		if !p.Enabled {
			continue
		}
		if s := p.Schedule; len(s.Events) == 0 && !s.Boot && len(s.Every) == 0 {
			errs = append(errs, fmt.Errorf("profile %.64q: its schedule never runs", p.Name))
			continue
		}
		timer, service, err := f.pair(host, p)
		if err != nil {
			errs = append(errs, fmt.Errorf("profile %.64q: %w", p.Name, err))
			continue
		}
		units = append(units,
			Unit{TimerName(p.Name), timer},
			Unit{ServiceName(p.Name), service})
		target.Timers = append(target.Timers, text(TimerName(p.Name)))
	}
	slices.Sort(target.Timers)
	content, err := f.target(target)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	units = append(units, Unit{TargetName, content})
	slices.SortFunc(units, func(a, b Unit) int { return compareNames(a.Name, b.Name) })
	return units, nil
}

// pair renders the two units of a profile.
func (f *foundry) pair(h hostView, p montimer.Profile) (timer, service string, err error) {
	v, err := profileView(h, p)
	if err != nil {
		return "", "", err
	}
	if timer, err = f.cast("timer", v); err != nil {
		return "", "", fmt.Errorf("timer: %w", err)
	}
	if service, err = f.cast("service", v); err != nil {
		return "", "", fmt.Errorf("service: %w", err)
	}
	return timer, service, nil
}

// target renders the unit that holds all timers.
func (f *foundry) target(v view) (string, error) {
	content, err := f.execute("target", v)
	if err != nil {
		return "", err
	}
	signed := []byte(content)
	sign(signed)
	return string(signed), nil
}
