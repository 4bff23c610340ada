// Package apply activates units on a running systemd. Read apply.go (the steps
// and their order) and application.go (what they work on), then suppress.go and
// stamp.go (what must not start), update.go, start.go and remove.go.
package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
)

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

// survey finds the steps. It changes nothing.
func (a *Applier) survey(ctx context.Context, want []compiler.Unit) (*application, error) {
	p := &application{Applier: a, timers: map[string]timer.Timer{}}
	var err error
	if p.have, err = a.Dir.Installed(want); err != nil {
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
		case strings.HasSuffix(u.Name, ".socket"):
			p.sockets = append(p.sockets, u.Name)
		case isTimer(u.Name): // of the host: it never starts anything that is not due
			p.timers[u.Name] = timer.Timer{}
		}
	}
	p.names = slices.Sorted(maps.Keys(p.timers))
	if p.before, err = a.State.Units(ctx, slices.Concat([]string{p.Dir.Instance.Target()}, p.sockets, p.names)); err != nil {
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
	return p.State.Unread(ctx, slices.Concat(p.pairs(), p.sockets))
}
