package compiler

import (
	"context"
	"fmt"
	"time"
)

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
	for _, name := range p.names {
		state := p.before[name]
		taken := written[name] || p.unread || p.NoCatchUp || p.isStuck(name, state)
		if !taken || state.Load == "masked" || state.Sub == "running" {
			continue
		}
		past, err := p.past(ctx, name)
		if err != nil {
			return nil, err
		}
		start, ok := p.Moment.startsAtOnce(p.timers[name], past)
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

// past returns what systemd will know of a timer: of an active one what it
// remembers, and of one that it starts what the stamp says.
func (p *application) past(ctx context.Context, name string) (past, error) {
	if state := p.before[name]; state.active() && !p.isStuck(name, state) {
		last, err := p.Manager.LastTrigger(ctx, name)
		if err != nil {
			return past{}, err
		}
		active, err := p.Manager.ActiveSince(ctx, name)
		return past{last, active}, err
	}
	if !p.timers[name].Persistent {
		return past{}, nil
	}
	last, err := p.Stamps.read(name)
	if last.After(p.Moment.Now) {
		last = time.Time{} // systemd does not believe it either
	}
	return past{last: last}, err
}

// isStuck reports whether a timer has times left that it will not elapse at,
// unless it is restarted.
func (p *application) isStuck(name string, state UnitState) bool {
	return p.ahead[name] || state.Sub == "elapsed" && p.Moment.stuck(p.timers[name])
}

// findAhead finds the active timers that were last triggered in the future: the
// clock was set back while their services ran. systemd counts from that trigger,
// and corrects it only for a timer that waits (timer_time_change in timer.c).
func (p *application) findAhead(ctx context.Context) (map[string]bool, error) {
	ahead := map[string]bool{}
	for _, name := range p.names {
		if !p.before[name].active() || len(p.timers[name].Schedule.Events) == 0 {
			continue
		}
		last, err := p.Manager.LastTrigger(ctx, name)
		if err != nil {
			return nil, err
		}
		if TriggeredAhead(last, p.Moment.Now) {
			ahead[name] = true
			p.Say(fmt.Sprintf("%s is restarted: it was last triggered at %s, before the clock was set back, and would start nothing until then", name, p.Moment.show(last)))
		}
	}
	return ahead, nil
}

// TriggeredAhead reports whether the clock was set back since a timer was last
// triggered, by more than a check can be late for other reasons.
func TriggeredAhead(last, now time.Time) bool {
	return last.Round(0).Sub(now.Round(0)) > time.Minute
}

// hush keeps timers from starting anything when they are taken up: it has
// systemd believe that they were triggered just now. Two things make it do so:
// a stamp of now, and a drop-in that makes the timer persistent, so that the
// stamp counts and OnBootSec= is over. A timer that is active has to be
// restarted to look at its stamp, while systemd still has its old file: the
// new one would start its service as soon as it is read. So where files are
// on disk that systemd has not read, the drop-in comes too late; that matters
// only to a timer that was not persistent and turns to @reboot.
//
// No time from now on is lost, however long all this takes.
func (p *application) hush(ctx context.Context) error {
	var active []string
	for _, name := range p.hushed {
		if err := p.Stamps.guard(name); err != nil {
			return err
		}
		if state := p.before[name]; state.active() && !p.isStuck(name, state) {
			active = append(active, name)
		}
	}
	if len(active) > 0 && !p.unread {
		if err := p.Manager.Reload(ctx); err != nil {
			return err
		}
	}
	for _, name := range active {
		if err := p.Manager.Restart(ctx, name); err != nil && !p.isRefused(ctx, serviceOf(name)) {
			return err // else start tells of it, or the reload mends it
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
