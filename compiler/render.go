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

// TargetName is the unit that upholds all that ticks or listens.
const TargetName = "montimer.target"

// The units that take requests for an apply, and carry them out.
const (
	applySocket  = "montimer-apply.socket"
	applyService = "montimer-apply.service"
	applyTimer   = "montimer-apply.timer"
)

const outboxTimer = "montimer-outbox.timer"

// TmpName is the unit whose /tmp all services share.
const TmpName = "montimer-tmp.service"

// singles are the units that are there once, with their templates.
var singles = map[string]string{
	TargetName:                  "target",
	TmpName:                     "tmp",
	"montimer-failure@.service": "failure",
	"montimer-alarm@.service":   "alarm",
	"montimer-outbox.service":   "outbox.service",
	outboxTimer:                 "outbox.timer",
	applySocket:                 "apply.socket",
	applyTimer:                  "apply.timer",
	applyService:                "apply.service",
}

// jobPrefix is a namespace of its own: no profile can replace another unit of
// montimer, and drop-ins in montimer-job-.service.d reach the jobs only.
const jobPrefix = "montimer-job-"

// TimerName returns the name of the timer unit of a profile.
func TimerName(profile string) string { return pairName(profile) + ".timer" }

// ServiceName returns the name of the service unit of a profile.
func ServiceName(profile string) string { return pairName(profile) + ".service" }

func pairName(profile string) string {
	if profile == Sync {
		return syncPair
	}
	return jobPrefix + profile
}

// Render returns the units of the enabled profiles and those of the host, sorted
// by name, the target last. Its error names every value of h that no unit file can express.
func Render(h montimer.Host, profiles []montimer.Profile) ([]Unit, error) {
	return renderOnly(h, profiles, func(string) bool { return true })
}

// RenderTimers returns of [Render]'s units those that jobs.yaml decides about: the
// timers of profiles and of the git syncs, and the target.
func RenderTimers(h montimer.Host, profiles []montimer.Profile) ([]Unit, error) {
	return renderOnly(h, profiles, func(name string) bool { return name == TargetName || IsJobTimer(name) })
}

func renderOnly(h montimer.Host, profiles []montimer.Profile, wanted func(name string) bool) ([]Unit, error) {
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
		target = view{Upheld: []text{applySocket, applyTimer, outboxTimer}}
		units  = make([]Unit, 0, 2*len(profiles)+2+len(singles))
	)
	add := func(profile string, v view, err error) {
		for _, u := range []struct{ name, template string }{{TimerName(profile), "timer"}, {ServiceName(profile), "service"}} {
			var content string
			if err == nil && wanted(u.name) {
				if content, err = f.cast(u.template, v); err != nil {
					err = fmt.Errorf("%s: %w", u.template, err)
				}
				units = append(units, Unit{u.name, content})
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("profile %.64q: %w", profile, err))
			return
		}
		target.Upheld = append(target.Upheld, text(TimerName(profile)))
	}
	if h.Sync.Every > 0 {
		add(Sync, syncView(host), nil)
	}
	for _, p := range profiles {
		if !p.Enabled {
			continue
		}
		if s := p.Schedule; len(s.Events) == 0 && !s.Boot && len(s.Every) == 0 {
			errs = append(errs, fmt.Errorf("profile %.64q: its schedule never runs", p.Name))
			continue
		}
		v, err := profileView(host, p)
		add(p.Name, v, err)
	}
	slices.Sort(target.Upheld)
	target.hostView = host
	for name, template := range singles {
		if !wanted(name) {
			continue
		}
		content, err := f.single(template, target)
		errs = append(errs, err)
		units = append(units, Unit{name, content})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	slices.SortFunc(units, func(a, b Unit) int { return compareNames(a.Name, b.Name) })
	return units, nil
}

// single renders a unit that is there once.
func (f *foundry) single(template string, v view) (string, error) {
	content, err := f.execute(template, v)
	if err != nil {
		return "", err
	}
	harmless, err := f.execute(template, v.replaceHostTexts(x))
	if err != nil {
		return "", err
	}
	if err := keepsPromise(content, promiseOf(harmless)); err != nil {
		return "", fmt.Errorf("%s: %w", template, err)
	}
	signed := []byte(content)
	sign(signed)
	return string(signed), nil
}
