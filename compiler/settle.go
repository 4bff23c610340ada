package compiler

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
)

// start sees to it that every wanted timer is active, as far as the owner of
// the host lets it be.
func (p *application) start(ctx context.Context) error {
	if err := p.startTarget(ctx); err != nil || p.target == targetOff {
		return err
	}
	now, err := p.Manager.Units(ctx, slices.Sorted(maps.Keys(p.timers)))
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(p.timers)) {
		switch state := now[name]; {
		case state.Load == "masked":
			p.Say(name + " is masked: left alone")
			continue
		case state.Sub == "elapsed" && p.Moment.stuck(p.timers[name]):
			err = p.Manager.Restart(ctx, name)
		case !state.active():
			err = p.startTimer(ctx, name)
		case p.before[name].active():
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.done([]Change{{Action: "start", Name: name}})
	}
	return errors.Join(errs...)
}

// startTimer starts a timer; systemd refuses where its service is masked.
func (p *application) startTimer(ctx context.Context, name string) error {
	err := p.Manager.Start(ctx, name)
	if err == nil {
		return nil
	}
	profile, _ := profileOf(name)
	service := ServiceName(profile)
	if units, e := p.Manager.Units(ctx, []string{service}); e == nil && units[service].Load == "masked" {
		p.Say(service + " is masked: its timer stays off")
		return nil
	}
	return err
}

// A targetPlan says what is to become of the target.
type targetPlan int

const (
	targetOff   targetPlan = iota // and stays off: the owner's decision
	targetOn                      // already
	targetStart                   // and enable: it never was
)

// planTarget decides about the target and names one that stays off.
func (p *application) planTarget(ctx context.Context) (targetPlan, error) {
	state := p.before[TargetName]
	if state.Load == "masked" {
		p.Say(TargetName + " is masked: no timer runs")
		return targetOff, nil
	}
	if slices.ContainsFunc(p.writes, func(c Change) bool { return c.Action == Create && c.Name == TargetName }) {
		return targetStart, nil
	}
	enabled, err := p.Manager.Enabled(ctx, TargetName)
	switch {
	case err != nil:
		return targetOff, err
	case !enabled && !p.Automatic:
		return targetStart, nil
	case !enabled && state.active():
		p.Say(TargetName + " is not enabled: no timer runs after the next boot")
	case !state.active():
		p.Say(TargetName + " is stopped: no timer runs until systemctl start " + TargetName)
		return targetOff, nil
	}
	return targetOn, nil
}

// startTarget starts the target, and then enables it: an apply that is killed
// in between finds it not enabled.
func (p *application) startTarget(ctx context.Context) error {
	if p.target != targetStart {
		return nil
	}
	if err := p.Manager.Start(ctx, TargetName); err != nil {
		return err
	}
	if err := p.Manager.Enable(ctx, TargetName); err != nil {
		return err
	}
	p.done([]Change{{Action: "enable", Name: TargetName}})
	return nil
}

// remove deletes the files of profiles that have gone: the target does not hold
// their timers any more, so these can be stopped.
func (p *application) remove(ctx context.Context) error {
	if err := p.delete(ctx, p.removals); err != nil {
		return err
	}
	return errors.Join(p.unhush(ctx), p.removeStamps())
}

// removeStamps removes the stamps of profiles that have gone, however long ago:
// should one come back, it does not catch up.
func (p *application) removeStamps() error {
	timers, err := p.Stamps.list()
	if err != nil {
		return err
	}
	for _, name := range timers {
		_, wanted := p.timers[name]
		content, exists := p.have.Files[name]
		if wanted || exists && !generated(content) {
			continue
		}
		if err := p.Stamps.remove(name); err != nil {
			return err
		}
	}
	return nil
}

// delete stops the timers among the files and then deletes the files.
func (p *application) delete(ctx context.Context, files []Change) error {
	if len(files) == 0 {
		return nil
	}
	for _, c := range files {
		if isTimer(c.Name) {
			if err := p.Manager.Stop(ctx, c.Name); err != nil {
				return err
			}
		}
	}
	if err := p.Dir.Write(Installed{}, files); err != nil {
		return err
	}
	p.done(files)
	return p.Manager.Reload(ctx)
}

// rollBack undoes update: the old contents come back, created files go, and
// timers that have suffered are started again.
func (p *application) rollBack(ctx context.Context) error {
	var old, created []Change
	for _, c := range p.writes {
		if c.Action == Create {
			created = append(created, Change{Action: Remove, Name: c.Name, Old: c.New})
		} else {
			old = append(old, Change{Action: Update, Name: c.Name, Old: c.New, New: c.Old})
		}
	}
	if err := p.Dir.Write(Installed{}, old); err != nil {
		return err
	}
	p.done(old)
	if err := p.Manager.Reload(ctx); err != nil {
		return err
	}
	if err := p.delete(ctx, created); err != nil {
		return err
	}
	if err := p.revive(ctx); err != nil {
		return err
	}
	return p.unhush(ctx)
}

// revive starts the timers that were active before and are not now.
func (p *application) revive(ctx context.Context) error {
	now, err := p.Manager.Units(ctx, slices.Sorted(maps.Keys(p.before)))
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(p.before)) {
		if p.before[name].active() && !now[name].active() {
			errs = append(errs, p.Manager.Start(ctx, name))
		}
	}
	return errors.Join(errs...)
}

// done tells of steps that were taken.
func (p *application) done(changes []Change) {
	for _, c := range changes {
		p.Done(string(c.Action), c.Name)
	}
}

func isTimer(unit string) bool { return strings.HasSuffix(unit, ".timer") }
