package apply

import (
	"context"
	"fmt"

	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/timer"
)

// notDue returns the timers that would start their services at once although no
// time would be missed otherwise. It reports those that start.
func (p *application) notDue(ctx context.Context) ([]string, error) {
	written := map[string]bool{}
	for _, c := range p.writes {
		written[c.Name] = true
	}
	if p.target == targetOff && !p.NoCatchUp {
		return nil, nil
	}
	var suppressed []string
	for _, name := range p.names {
		state := p.before[name]
		taken := written[name] || p.unread || p.NoCatchUp || p.isStuck(name, state)
		if !taken || state.Load == "masked" || state.Sub == "running" {
			continue
		}
		remembered := timer.Memory{Running: p.State, Stamps: p.Stamps.Dir}
		known, err := remembered.Known(ctx, name, p.timers[name], state.IsActive() && !p.isStuck(name, state))
		if err != nil {
			return nil, err
		}
		start, ok := p.Clock.StartsAtOnce(p.timers[name], known)
		switch {
		case !ok:
		case start.Missed && !p.NoCatchUp || len(p.timers[name].Schedule.Every) > 0:
			p.Say(fmt.Sprintf("%s starts at once: %s", name, start.Why))
		default:
			p.Say(fmt.Sprintf("%s does not start at once, although %s", name, start.Why))
			suppressed = append(suppressed, name)
		}
	}
	return suppressed, nil
}

// isStuck reports whether a timer will not elapse at its remaining times,
// unless it is restarted.
func (p *application) isStuck(name string, state systemd.Unit) bool {
	return p.ahead[name] || state.Sub == "elapsed" && p.Clock.Stuck(p.timers[name])
}

// findAhead finds the active timers that were last triggered in the future: the
// clock was set back while their services ran. systemd counts from that trigger,
// and corrects it only for a timer that waits (timer_time_change in timer.c).
func (p *application) findAhead(ctx context.Context) (map[string]bool, error) {
	ahead := map[string]bool{}
	for _, name := range p.names {
		if !p.before[name].IsActive() || len(p.timers[name].Schedule.Events) == 0 {
			continue
		}
		last, err := p.State.LastTrigger(ctx, name)
		if err != nil {
			return nil, err
		}
		if timer.TriggeredAhead(last, p.Clock.Now) {
			ahead[name] = true
			p.Say(fmt.Sprintf("%s is restarted: it was last triggered at %s, before the clock was set back, and would start nothing until then", name, p.Clock.Show(last)))
		}
	}
	return ahead, nil
}

// suppressStarts keeps timers from starting their services at the reload: for
// systemd they were triggered just now. That takes a stamp of now, and a
// drop-in that makes the timer persistent, so that the stamp counts and
// OnBootSec= is over. An active timer has to be restarted to read its stamp,
// while systemd still has its old file: the new one would start its service as
// soon as it is read. If systemd has unread files on disk, the drop-in comes
// too late; that matters only to a timer that was not persistent and becomes
// @reboot.
//
// No time from now on is lost, even if this takes long.
func (p *application) suppressStarts(ctx context.Context) error {
	var active []string
	for _, name := range p.suppressed {
		if err := p.Stamps.hold(name); err != nil {
			return err
		}
		if state := p.before[name]; state.IsActive() && !p.isStuck(name, state) {
			active = append(active, name)
		}
	}
	if len(active) > 0 && !p.unread {
		if err := p.Control.Reload(ctx); err != nil {
			return err
		}
	}
	for _, name := range active {
		if err := p.Control.Restart(ctx, name); err != nil && !p.isRefused(ctx, serviceOf(name)) {
			return err // else start reports it, or the reload fixes it
		}
	}
	return nil
}

// restoreTimers removes the drop-ins of suppressStarts, also those of a killed
// apply.
func (p *application) restoreTimers(ctx context.Context) error {
	names, err := p.Stamps.held()
	if err != nil || len(names) == 0 {
		return err
	}
	for _, name := range names {
		if err := p.Stamps.release(name, p.timers[name].Persistent); err != nil {
			return err
		}
	}
	return p.Control.Reload(ctx)
}
