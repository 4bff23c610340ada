// Package apply activates units on a running systemd. Read apply.go (the steps
// and their order), then suppress.go and stamp.go (what must not start), update.go,
// start.go and remove.go.
package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
)

// State is what the survey reads of systemd.
type State interface {
	timer.Running
	Units(ctx context.Context, names []string) (map[string]systemd.Unit, error)
	ReadAt() (time.Time, error) // when units were last read from disk
	// Unread reports whether a file or drop-in of any of the units has changed since.
	Unread(ctx context.Context, names []string) (bool, error)
}

// Control is what the steps have systemd do. Start, Stop and Restart return when
// the unit is in its new state; they work on failed units, and Stop on one that
// is not loaded.
type Control interface {
	Reload(context.Context) error
	Start(ctx context.Context, unit string) error
	Stop(ctx context.Context, unit string) error
	Restart(ctx context.Context, unit string) error
	ResetFailed(ctx context.Context, unit string) // a unit that has failed is inactive again
}

// Boot is what systemd starts at boot.
type Boot interface {
	Enabled(ctx context.Context, unit string) (bool, error)
	Enable(ctx context.Context, unit string) error
}

// Applier activates units: it writes their files and has systemd load them.
type Applier struct {
	Dir       *unitdir.Directory
	State     State
	Control   Control
	Boot      Boot
	Stamps    Stamps
	Clock     timer.Clock
	NoCatchUp bool // missed ticks do not run
	Automatic bool // unattended: a stopped target stays stopped

	Done func(verb, unit string) // called after each step
	Say  func(message string)    // shows a message to the operator
}

// Apply makes the host match the wanted units. It never touches a running
// service, and leaves no timer stopped on the way. When systemd refuses a unit,
// all files are restored. If Apply is killed, the next one completes it.
//
// Timers switch to their new files in place, and start nothing that is not due:
// see suppressStarts.
func (a *Applier) Apply(ctx context.Context, want []compiler.Unit) error {
	p, err := a.survey(ctx, want)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// From here on, stopping halfway would be worse than being late.
	ctx = context.WithoutCancel(ctx)
	return errors.Join(p.carryOut(ctx), p.restoreTimers(ctx))
}

func (p *application) carryOut(ctx context.Context) error {
	if err := p.suppressStarts(ctx); err != nil {
		return err
	}
	if err := p.update(ctx); err != nil {
		return err
	}
	return errors.Join(p.start(ctx), p.remove(ctx))
}

// application is one pass of Apply: its findings and its steps.
type application struct {
	*Applier
	have       unitdir.Installed
	writes     []unitdir.Change        // files to create or to update
	removals   []unitdir.Change        // files of profiles that have gone
	timers     map[string]timer.Timer  // the wanted ones
	names      []string                // of the wanted timers, sorted
	before     map[string]systemd.Unit // of the wanted timers, the target and the socket
	ahead      map[string]bool         // wanted timers triggered in the future: the clock was set back
	unread     bool                    // files that systemd has not read yet
	suppressed []string                // timers that must not start anything
	target     targetPlan
}

// survey finds the steps. It changes nothing.
func (a *Applier) survey(ctx context.Context, want []compiler.Unit) (*application, error) {
	p := &application{Applier: a, timers: map[string]timer.Timer{}}
	var err error
	if p.have, err = a.Dir.Installed(); err != nil {
		return nil, err
	}
	plan, err := unitdir.Plan(want, p.have)
	if err != nil {
		return nil, fmt.Errorf("in %s: %w", a.Dir.Path, err)
	}
	p.writes, p.removals = split(plan)
	for _, u := range want {
		switch {
		case u.Timer != nil:
			p.timers[u.Name] = *u.Timer
		case isTimer(u.Name): // of the host: it never starts anything that is not due
			p.timers[u.Name] = timer.Timer{}
		}
	}
	p.names = slices.Sorted(maps.Keys(p.timers))
	if p.before, err = a.State.Units(ctx, append([]string{p.Dir.Instance.Target(), p.unit(applySocket)}, p.names...)); err != nil {
		return nil, err
	}
	if p.ahead, err = p.findAhead(ctx); err != nil {
		return nil, err
	}
	if p.unread, err = p.isUnread(ctx); err != nil {
		return nil, err
	}
	if p.target, err = p.planTarget(ctx); err != nil {
		return nil, err
	}
	p.suppressed, err = p.notDue(ctx)
	return p, err
}

// split returns the files to write and those to remove, now or after a reload.
func split(plan []unitdir.Change) (writes, removals []unitdir.Change) {
	for _, c := range plan {
		if c.New != "" {
			writes = append(writes, c)
		} else {
			removals = append(removals, unitdir.Change{Action: unitdir.Remove, Name: c.Name, Old: c.Old})
		}
	}
	return writes, removals
}

// isUnread reports whether files have changed since systemd read them: by a
// compile, by a killed apply, or by the operator, who has removed a bad
// drop-in.
func (p *application) isUnread(ctx context.Context) (bool, error) {
	leftover, err := p.Stamps.held()
	if err != nil || len(leftover) > 0 {
		return true, err
	}
	read, err := p.State.ReadAt()
	if err != nil {
		return false, err
	}
	for _, dir := range []string{p.Dir.Path, p.Stamps.DropIns} {
		info, err := os.Stat(dir)
		if err != nil {
			return false, fmt.Errorf("look for changed units: %w", err)
		}
		if info.ModTime().After(read) {
			return true, nil
		}
	}
	return p.State.Unread(ctx, append(p.pairs(), p.unit(applySocket)))
}

// unit returns the name of a unit that the instance has once.
func (p *application) unit(name string) string { return p.Dir.Instance.Unit(name) }

// pairs returns the names of the wanted timers and of their services.
func (p *application) pairs() []string {
	names := make([]string, 0, 2*len(p.names))
	for _, name := range p.names {
		names = append(names, name, serviceOf(name))
	}
	return names
}

// done reports changes that were made.
func (p *application) done(changes ...unitdir.Change) {
	for _, c := range changes {
		p.Done(string(c.Action), c.Name)
	}
}

func isTimer(unit string) bool { return strings.HasSuffix(unit, ".timer") }

// serviceOf returns the service that a timer starts.
func serviceOf(timer string) string { return strings.TrimSuffix(timer, ".timer") + ".service" }
