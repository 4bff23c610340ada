package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/unitdir"
)

// update writes the files and reloads systemd. The files of removed profiles
// stay: deleting that of an active timer makes it fail.
func (p *application) update(ctx context.Context) error {
	if len(p.writes) == 0 && !p.unread && len(p.suppressed) == 0 {
		return nil
	}
	if err := p.Dir.Write(p.have, p.writes); err != nil {
		return err
	}
	p.done(p.writes...)
	if err := p.Control.Reload(ctx); err != nil {
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
	var names []string
	for _, c := range p.writes {
		if !strings.Contains(c.Name, "@.") { // systemd loads instances of a template only
			names = append(names, c.Name)
		}
	}
	units, err := p.State.Units(ctx, names)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, p.refusal(name, units[name]))
	}
	return errors.Join(errs...)
}

// refusal says why systemd does not load a unit; nil if it does.
func (p *application) refusal(name string, u systemd.Unit) error {
	switch u.Load {
	case "loaded", "masked":
		return nil
	case "not-found":
		return fmt.Errorf("systemd does not find %s in %s", name, p.Dir.Path)
	}
	where := ""
	if len(u.DropIns) > 0 {
		where = " Its drop-ins: " + strings.Join(u.DropIns, ", ") + "."
	}
	return fmt.Errorf("systemd refuses %s: %s%s Its reason: journalctl -b -t systemd --grep %s", name, u.Reason, where, name)
}

func (p *application) isRefused(ctx context.Context, name string) bool {
	units, err := p.State.Units(ctx, []string{name})
	return err == nil && p.refusal(name, units[name]) != nil
}

// rollBack undoes update: it restores old contents, deletes created files, and
// starts affected timers again.
func (p *application) rollBack(ctx context.Context) error {
	old, created := split(unitdir.Revert(p.writes))
	if err := p.Dir.Write(unitdir.Installed{}, old); err != nil {
		return err
	}
	for _, c := range old {
		p.Done("revert", c.Name)
	}
	if err := p.Control.Reload(ctx); err != nil {
		return err
	}
	return errors.Join(p.delete(ctx, created), p.restartTimers(ctx))
}

// restartTimers starts the timers that were active before and are not, or that
// have elapsed for good: so is a timer after systemd has refused its unit or
// its service.
func (p *application) restartTimers(ctx context.Context) error {
	names := slices.Sorted(maps.Keys(p.before))
	now, err := p.State.Units(ctx, names)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		before, now := p.before[name], now[name]
		switch {
		case !before.IsActive():
		case !now.IsActive():
			errs = append(errs, p.Control.Start(ctx, name))
		case now.Sub == "elapsed" && before.Sub != "elapsed":
			errs = append(errs, p.Control.Restart(ctx, name))
		}
	}
	return errors.Join(errs...)
}
