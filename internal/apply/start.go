package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/unitdir"
)

// start makes every wanted timer active, unless the operator has masked or
// stopped it, and reports the units that systemd refuses: a drop-in can break a
// unit that apply has not written.
func (p *application) start(ctx context.Context) error {
	if err := p.startTarget(ctx); err != nil {
		return err
	}
	units, err := p.State.Units(ctx, p.pairs())
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range p.names {
		service := serviceOf(name)
		err := errors.Join(p.refusal(name, units[name]), p.refusal(service, units[service]))
		if err == nil && p.target != targetOff {
			err = p.startTimer(ctx, name, units[name], units[service])
		}
		errs = append(errs, err)
	}
	if p.target != targetOff {
		for _, socket := range p.sockets {
			errs = append(errs, p.startSocket(ctx, socket))
		}
	}
	return errors.Join(errs...)
}

// Units that the target upholds beside the timers.
const (
	applySocket  = "apply.socket"
	applyService = "apply.service"
)

// startSocket has systemd listen as the file of the socket says now, which takes a
// restart. systemd refuses that while the service of the socket runs, as it does when
// this apply was requested; any other one is stopped, after the requests that it
// answers, and is started again by the next one. So it takes up changes of its own.
func (p *application) startSocket(ctx context.Context, socket string) error {
	service := strings.TrimSuffix(socket, ".socket") + ".service"
	units, err := p.State.Units(ctx, []string{socket, service})
	if err != nil {
		return err
	}
	now, verb := units[socket], "start"
	if slices.ContainsFunc(p.writes, func(c unitdir.Change) bool { return c.Name == socket && c.ChangesSocket() }) && now.IsActive() {
		verb = "restart"
	}
	if err := p.refusal(socket, now); err != nil {
		return err
	}
	running := units[service].IsRunning()
	changed := slices.ContainsFunc(p.writes, func(c unitdir.Change) bool { return c.Name == service })
	quiet := verb == "start" && now.IsActive()
	if running && service != p.unit(applyService) && (changed || !quiet) {
		if err := p.Control.Stop(ctx, service); err != nil {
			return err
		}
		p.Done("stop", service)
		running = false
	}
	switch {
	case now.Load == "masked":
		p.Say(socket + " is masked: left alone")
		return nil
	case verb == "start" && p.before[socket].IsActive():
		return nil
	case verb == "start" && now.IsActive(): // by the target
	case running:
		p.Say(fmt.Sprintf("%s cannot be started while %s runs; then: systemctl restart %[1]s", socket, service))
		return nil
	default:
		if err := p.Control.Restart(ctx, socket); err != nil {
			return err
		}
	}
	p.Done(verb, socket)
	return nil
}

// startTimer starts one timer, unless the target has done so already.
func (p *application) startTimer(ctx context.Context, name string, now, service systemd.Unit) (err error) {
	switch {
	case now.Load == "masked":
		p.Say(name + " is masked: left alone")
		return nil
	case p.isStuck(name, now):
		err = p.Control.Restart(ctx, name)
	case !now.IsActive():
		err = p.Control.Start(ctx, name)
	case p.before[name].IsActive():
		return nil
	}
	if err == nil {
		p.Done("start", name)
		return nil
	}
	if service.Load == "masked" {
		p.Say(serviceOf(name) + " is masked: its timer stays off")
		return nil
	}
	return err
}

// A targetPlan says what to do with the target.
type targetPlan int

const (
	targetOff   targetPlan = iota // stays off: the operator's decision
	targetOn                      // already
	targetStart                   // and enable: it never was
)

// planTarget decides about the target and names one that stays off.
func (p *application) planTarget(ctx context.Context) (targetPlan, error) {
	state := p.before[p.Dir.Instance.Target()]
	if state.Load == "masked" {
		p.Say(p.Dir.Instance.Target() + " is masked: no timer runs")
		return targetOff, nil
	}
	if slices.ContainsFunc(p.writes, func(c unitdir.Change) bool { return c.Action == unitdir.Create && c.Name == p.Dir.Instance.Target() }) {
		return targetStart, nil
	}
	enabled, err := p.Boot.Enabled(ctx, p.Dir.Instance.Target())
	switch {
	case err != nil:
		return targetOff, err
	case !enabled && !p.Automatic:
		return targetStart, nil
	case !enabled && state.IsActive():
		p.Say(p.Dir.Instance.Target() + " is not enabled: no timer runs after the next boot")
	case !state.IsActive():
		p.Say(p.Dir.Instance.Target() + " is stopped: no timer runs until systemctl start " + p.Dir.Instance.Target())
		return targetOff, nil
	}
	return targetOn, nil
}

// startTarget starts the target, and then enables it: an apply that is killed
// in between finds it not enabled. From systemd 255 on all units count as
// changed on disk after that, until the next reload.
func (p *application) startTarget(ctx context.Context) error {
	if p.target != targetStart {
		return nil
	}
	if err := p.Control.Start(ctx, p.Dir.Instance.Target()); err != nil {
		return err
	}
	if err := p.Boot.Enable(ctx, p.Dir.Instance.Target()); err != nil {
		return err
	}
	p.Done("enable", p.Dir.Instance.Target())
	return p.Control.Reload(ctx)
}
