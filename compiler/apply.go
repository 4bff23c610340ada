package compiler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"
)

// Manager is what Apply asks of systemd. Start, Stop and Restart return when
// the unit is in its new state; they work on units that have failed, and Stop
// does on one that is not loaded.
type Manager interface {
	Reload(context.Context) error
	ReadAt() (time.Time, error) // when units were last read from disk
	Units(ctx context.Context, names []string) (map[string]UnitState, error)
	LastTrigger(ctx context.Context, timer string) (time.Time, error) // zero: never
	Start(ctx context.Context, unit string) error
	Stop(ctx context.Context, unit string) error
	Restart(ctx context.Context, unit string) error
	Enabled(ctx context.Context, unit string) (bool, error)
	Enable(ctx context.Context, unit string) error
}

// UnitState is what systemd says of a unit (systemctl(1), "list-units").
type UnitState struct {
	Load, Active, Sub string
	Reason            string // why it could not be loaded
}

func (u UnitState) active() bool { return u.Active == "active" }

// Applier takes units into force: files, and what systemd makes of them.
type Applier struct {
	Dir       *Directory
	Manager   Manager
	Stamps    Stamps
	Moment    Moment
	NoCatchUp bool // nothing starts for what was missed so far
	Automatic bool // nobody asked for it: a target that is off stays off

	Done func(verb, unit string) // told of each step, once it is taken
	Say  func(message string)    // told what a person should know
}

// Apply brings the host in line with the wanted units. A run in flight is
// never touched, a timer never left stopped on the way. When systemd refuses a
// unit, all files are put back. Killed at any point, the next Apply completes
// what is missing.
//
// Timers take up their new files where they are, and start nothing that is not
// due: see hush.
func (a *Applier) Apply(ctx context.Context, want []Unit) error {
	p, err := a.survey(ctx, want)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// From here on, stopping in the middle would be worse than being late.
	ctx = context.WithoutCancel(ctx)
	if err := p.hush(ctx); err != nil {
		return errors.Join(err, p.unhush(ctx))
	}
	if err := p.update(ctx); err != nil {
		return err
	}
	if err := p.start(ctx); err != nil {
		return errors.Join(err, p.unhush(ctx))
	}
	return p.remove(ctx)
}

// application is one pass of Apply: what it found, and what it has to do.
type application struct {
	*Applier
	have     Installed
	writes   []Change             // files to create or to update
	removals []Change             // files of profiles that have gone
	timers   map[string]Timer     // the wanted ones
	before   map[string]UnitState // of the wanted timers and the target
	unread   bool                 // files that systemd has not read yet
	hushed   []string             // timers that must not start anything
	target   targetPlan
}

// survey finds out what has to be done. It changes nothing.
func (a *Applier) survey(ctx context.Context, want []Unit) (*application, error) {
	p := &application{Applier: a, timers: map[string]Timer{}}
	var err error
	if p.have, err = a.Dir.Installed(); err != nil {
		return nil, err
	}
	plan, err := Plan(want, p.have)
	if err != nil {
		return nil, fmt.Errorf("in %s: %w", a.Dir.path, err)
	}
	for _, c := range plan {
		if c.New != "" {
			p.writes = append(p.writes, c)
		} else {
			p.removals = append(p.removals, Change{Action: Remove, Name: c.Name, Old: c.Old})
		}
	}
	for _, u := range want {
		if isTimer(u.Name) {
			if p.timers[u.Name], err = ReadTimer(u.Content); err != nil {
				return nil, fmt.Errorf("read %s back: %w", u.Name, err)
			}
		}
	}
	if p.before, err = a.Manager.Units(ctx, append(slices.Sorted(maps.Keys(p.timers)), TargetName)); err != nil {
		return nil, err
	}
	if p.unread, err = p.isUnread(); err != nil {
		return nil, err
	}
	if p.target, err = p.planTarget(ctx); err != nil {
		return nil, err
	}
	p.hushed, err = p.needless(ctx)
	return p, err
}

// isUnread reports whether files have changed since systemd read them: by a
// compile, or by an apply that was killed.
func (p *application) isUnread() (bool, error) {
	leftover, err := p.Stamps.guarded()
	if err != nil || len(leftover) > 0 {
		return true, err
	}
	read, err := p.Manager.ReadAt()
	if err != nil {
		return false, err
	}
	for _, dir := range []string{p.Dir.path, p.Stamps.DropIns} {
		info, err := os.Stat(dir)
		if err != nil {
			return false, fmt.Errorf("look for changed units: %w", err)
		}
		if info.ModTime().After(read) {
			return true, nil
		}
	}
	return false, nil
}

// needless returns the timers that would start their services at once though
// no time is missed without that. It says which start for a reason.
func (p *application) needless(ctx context.Context) ([]string, error) {
	written := map[string]bool{}
	for _, c := range p.writes {
		written[c.Name] = true
	}
	if p.target == targetOff && !p.NoCatchUp {
		return nil, nil
	}
	var hushed []string
	for _, name := range slices.Sorted(maps.Keys(p.timers)) {
		state := p.before[name]
		taken := written[name] || p.unread || p.NoCatchUp || p.isStuck(name, state)
		if !taken || state.Load == "masked" || state.Sub == "running" {
			continue
		}
		last, fresh, err := p.lastTrigger(ctx, name)
		if err != nil {
			return nil, err
		}
		start, ok := p.Moment.startsAtOnce(p.timers[name], last, fresh)
		switch {
		case !ok:
		case start.missed && !p.NoCatchUp || len(p.timers[name].Schedule.Every) > 0:
			p.Say(fmt.Sprintf("%s starts at once: %s", name, start.why))
		default:
			p.Say(fmt.Sprintf("%s does not start at once, although %s", name, start.why))
			hushed = append(hushed, name)
		}
	}
	return hushed, nil
}

// lastTrigger returns what systemd will take for the last trigger of a timer:
// that which it remembers of an active one, and for one that it starts that of
// the stamp.
func (p *application) lastTrigger(ctx context.Context, name string) (last time.Time, fresh bool, err error) {
	if state := p.before[name]; state.active() && !p.isStuck(name, state) {
		last, err = p.Manager.LastTrigger(ctx, name)
		return last, false, err
	}
	if !p.timers[name].Persistent {
		return time.Time{}, true, nil
	}
	last, err = p.Stamps.read(name)
	if last.After(p.Moment.Now) {
		last = time.Time{} // systemd does not believe it either
	}
	return last, true, err
}

func (p *application) isStuck(name string, state UnitState) bool {
	return state.Sub == "elapsed" && p.Moment.stuck(p.timers[name])
}

// hush keeps timers from starting anything when they are taken up: it has
// systemd believe that they were triggered just now. Two things make it do so:
// a stamp of now, and a drop-in that makes the timer persistent, so that the
// stamp counts and OnBootSec= is over. A timer that is active has to be
// restarted to see them; its file is still the old one then, or has been read
// long ago. Times from now on are not lost, however long all this takes.
func (p *application) hush(ctx context.Context) error {
	if len(p.hushed) == 0 {
		return nil
	}
	var active []string
	for _, name := range p.hushed {
		if err := p.Stamps.guard(name); err != nil {
			return err
		}
		if state := p.before[name]; state.active() && !p.isStuck(name, state) {
			active = append(active, name)
		}
	}
	if len(active) == 0 {
		return nil
	}
	if err := p.Manager.Reload(ctx); err != nil {
		return err
	}
	for _, name := range active {
		if err := p.Manager.Restart(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// unhush takes the drop-ins of hush away again, also those of an apply that
// was killed.
func (p *application) unhush(ctx context.Context) error {
	names, err := p.Stamps.guarded()
	if err != nil || len(names) == 0 {
		return err
	}
	for _, name := range names {
		if err := p.Stamps.unguard(name, p.timers[name].Persistent); err != nil {
			return err
		}
	}
	return p.Manager.Reload(ctx)
}

// update writes the files and has systemd read them. The files of profiles
// that have gone stay: deleting that of an active timer makes it fail.
func (p *application) update(ctx context.Context) error {
	if len(p.writes) == 0 && !p.unread && len(p.hushed) == 0 {
		return nil
	}
	if err := p.Dir.Write(p.have, p.writes); err != nil {
		return errors.Join(err, p.unhush(ctx))
	}
	p.done(p.writes)
	if err := p.Manager.Reload(ctx); err != nil {
		return err
	}
	err := p.refused(ctx)
	if err == nil {
		return nil
	}
	if back := p.rollBack(ctx); back != nil {
		return errors.Join(err, fmt.Errorf("put the files back: %w", back))
	}
	return fmt.Errorf("%w\nnothing has changed: all files are as before", err)
}

// refused says which of the written units systemd does not load.
func (p *application) refused(ctx context.Context) error {
	names := make([]string, len(p.writes))
	for i, c := range p.writes {
		names[i] = c.Name
	}
	units, err := p.Manager.Units(ctx, names)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		switch u := units[name]; u.Load {
		case "loaded", "masked":
		case "not-found":
			errs = append(errs, fmt.Errorf("systemd does not find %s: it does not look for units in %s", name, p.Dir.path))
		default:
			errs = append(errs, fmt.Errorf("systemd refuses %s: %s Its reason: journalctl -b -t systemd --grep %s", name, u.Reason, name))
		}
	}
	return errors.Join(errs...)
}
