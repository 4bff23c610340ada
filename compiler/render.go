// Package compiler turns profiles into systemd units. Read render.go (the
// units), view.go and hostview.go (the data of units.tmpl), escape.go and
// lines.go (safe values), template.go (one template for many profiles).
package compiler

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitfile"
)

// Unit is one unit file.
type Unit struct {
	Name    string // file name, such as montimer-job-hourly.timer
	Content string
	Timer   *timer.Timer // of the timer of a profile, of the git syncs or of the report; of others nil
}

// singles are the units that an instance has once, besides its target, by their
// names for [montimer.Instance.Unit], with their templates.
var singles = map[string]string{
	"tmp.service":      "tmp",
	"failure@.service": "failure",
	"alarm@.service":   "alarm",
	"outbox.service":   "outbox.service",
	outboxTimer:        "outbox.timer",
	applySocket:        "apply.socket",
	applyTimer:         "apply.timer",
	applyService:       "apply.service",
}

const (
	outboxTimer  = "outbox.timer"
	applySocket  = "apply.socket"
	applyTimer   = "apply.timer"
	applyService = "apply.service"
)

// serving are likewise those of a host that answers over HTTP.
var serving = map[string]string{
	apiSocket:     "api.socket",
	"api.service": "api.service",
}

const apiSocket = "api.socket"

// backingUp are those of a host that backs its database up.
var backingUp = map[string]string{
	backupTimer:      "backup.timer",
	"backup.service": "backup.service",
}

const backupTimer = "backup.timer"

// HostUnits returns the names of all these units, sorted.
func HostUnits(i montimer.Instance) []string {
	names := slices.Sorted(maps.Keys(singles))
	names = append(names, slices.Collect(maps.Keys(serving))...)
	names = append(names, slices.Collect(maps.Keys(backingUp))...)
	slices.Sort(names)
	for n := range names {
		names[n] = i.Unit(names[n])
	}
	return names
}

// Render returns the units of the enabled profiles and of the report, and those of
// the host, sorted by name, the target last. Its error names every value of h that no unit file can express.
func Render(h montimer.Host, j montimer.Jobs) ([]Unit, error) {
	host, err := newHostView(h)
	if err != nil {
		return nil, fmt.Errorf("host settings: %w", err)
	}
	f, err := newRenderer()
	if err != nil {
		return nil, err
	}
	r := rendering{renderer: f, of: h.Instance, units: make([]Unit, 0, 2*len(j.Profiles)+5+len(singles))}
	r.target.hostView = host
	for _, name := range []string{applySocket, applyTimer, outboxTimer} {
		r.target.Upheld = append(r.target.Upheld, text(r.of.Unit(name)))
	}
	if h.Serve.Enabled {
		r.target.Upheld = append(r.target.Upheld, text(r.of.Unit(apiSocket)))
	}
	if h.Backup.Dir != "" {
		r.target.Upheld = append(r.target.Upheld, text(r.of.Unit(backupTimer)))
	}
	if h.Sync.Every > 0 {
		at := syncTimer(h)
		v, err := syncView(host, at)
		r.pair(montimer.GitSync, at, v, err)
	}
	if period := j.Notify.Report; period != "" {
		at := reportTimer(period)
		v, err := reportView(host, period, at)
		r.pair(montimer.Report, at, v, err)
	}
	for _, p := range j.Profiles {
		if p.Enabled {
			r.profile(host, p)
		}
	}
	slices.Sort(r.target.Upheld)
	for name, template := range singles {
		r.single(r.of.Unit(name), template)
	}
	if h.Serve.Enabled {
		for name, template := range serving {
			r.single(r.of.Unit(name), template)
		}
	}
	if h.Backup.Dir != "" {
		for name, template := range backingUp {
			r.single(r.of.Unit(name), template)
		}
	}
	last := len(r.units)
	r.single(r.of.Target(), "target")
	if err := errors.Join(r.errs...); err != nil {
		return nil, err
	}
	slices.SortFunc(r.units[:last], func(a, b Unit) int { return strings.Compare(a.Name, b.Name) })
	return r.units, nil
}

// A rendering is the units so far, with what was wrong.
type rendering struct {
	*renderer
	of     montimer.Instance
	target view // which upholds the timers
	units  []Unit
	errs   []error
}

func (r *rendering) profile(host hostView, p montimer.Profile) {
	if s := p.Schedule; len(s.Events) == 0 && !s.Boot && len(s.Every) == 0 {
		r.errs = append(r.errs, fmt.Errorf("profile %.64q: its schedule never runs", p.Name))
		return
	}
	at := profileTimer(p)
	v, err := profileView(host, p, at)
	r.pair(p.Name, at, v, err)
}

// pair renders the timer and the service of a profile; err is that of its view.
func (r *rendering) pair(profile string, at timer.Timer, v view, err error) {
	p := v.split()
	for _, u := range []struct {
		name, template string
		timer          *timer.Timer
	}{{r.of.Timer(profile), "timer", &at}, {r.of.Service(profile), v.template(), nil}} {
		var content string
		if err == nil {
			if content, err = r.render(u.template, v, p); err != nil {
				err = fmt.Errorf("%s: %w", u.template, err)
			}
		}
		r.units = append(r.units, Unit{u.name, content, u.timer})
	}
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("profile %.64q: %w", profile, err))
		return
	}
	r.target.Upheld = append(r.target.Upheld, text(r.of.Timer(profile)))
}

// single renders a unit of the whole host.
func (r *rendering) single(name, template string) {
	content, err := r.renderer.single(template, r.target)
	r.errs = append(r.errs, err)
	r.units = append(r.units, Unit{Name: name, Content: content})
}

// Timers returns when the timers of the enabled profiles, of the git syncs and of
// the report elapse, by the names of the units.
func Timers(h montimer.Host, j montimer.Jobs) map[string]timer.Timer {
	timers := map[string]timer.Timer{}
	if h.Sync.Every > 0 {
		timers[h.Instance.Timer(montimer.GitSync)] = syncTimer(h)
	}
	if period := j.Notify.Report; period != "" {
		timers[h.Instance.Timer(montimer.Report)] = reportTimer(period)
	}
	for _, p := range j.Profiles {
		if p.Enabled {
			timers[h.Instance.Timer(p.Name)] = profileTimer(p)
		}
	}
	return timers
}

// single renders a unit of the host.
func (f *renderer) single(template string, v view) (string, error) {
	content, err := f.execute(template, v)
	if err != nil {
		return "", err
	}
	expected, err := f.harmless(template, v)
	if err != nil {
		return "", err
	}
	if err := checkLines(content, expected); err != nil {
		return "", fmt.Errorf("%s: %w", template, err)
	}
	signed := []byte(content)
	unitfile.Sign(signed)
	return string(signed), nil
}

// Properties returns the settings of a profile's service as systemd-run takes
// them: without commands and exit codes, and with the /tmp of the other services.
func Properties(h montimer.Host, p montimer.Profile) (all []string, err error) {
	host, err := newHostView(h)
	if err != nil {
		return nil, fmt.Errorf("host settings: %w", err)
	}
	v, err := profileView(host, p, profileTimer(p))
	if err != nil {
		return nil, fmt.Errorf("profile %.64q: %w", p.Name, err)
	}
	r, err := newRenderer()
	if err != nil {
		return nil, err
	}
	service, err := r.render("service", v, v.split())
	for d := range unitfile.Directives(service) {
		switch {
		case d.Section == "Unit" && d.Value == h.Instance.Unit("tmp.service"):
			all = append(all, d.Key+"="+d.Value)
		case d.Section == "Service" && !slices.Contains([]string{"Type", "ExecStart", "ExecStopPost", "SuccessExitStatus"}, d.Key):
			all = append(all, d.Key+"="+singlePercents(d.Value))
		}
	}
	return all, err
}
