package apply

import (
	"context"
	"strings"

	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
)

// remove deletes the files of removed profiles: the target no longer upholds
// their timers, so these can be stopped.
func (p *application) remove(ctx context.Context) error {
	if err := p.delete(ctx, p.removals); err != nil {
		return err
	}
	return p.removeStamps()
}

// removeStamps removes the stamps of all removed profiles: if one comes back,
// it does not catch up.
func (p *application) removeStamps() error {
	timers, err := p.Stamps.list()
	if err != nil {
		return err
	}
	for _, name := range timers {
		_, wanted := p.timers[name]
		content, exists := p.have.Files[name]
		if wanted || exists && !unitfile.Generated(content) {
			continue
		}
		if err := p.Stamps.remove(name); err != nil {
			return err
		}
	}
	return nil
}

// delete stops the timers among the files, the sockets with their services, and then
// deletes the files, but for those of runs in flight.
func (p *application) delete(ctx context.Context, files []unitdir.Change) error {
	for _, c := range files {
		stops := []string{c.Name}
		if socket, ok := strings.CutSuffix(c.Name, ".socket"); ok {
			stops = append(stops, socket+".service")
		} else if !isTimer(c.Name) {
			continue
		}
		for _, name := range stops {
			if err := p.Control.Stop(ctx, name); err != nil {
				return err
			}
		}
	}
	files, running, err := SpareRuns(ctx, files, p.State.Units)
	if err != nil {
		return err
	}
	for _, name := range running {
		p.Say(name + " is kept until its run ends: the next apply after that removes it")
	}
	if len(files) == 0 {
		return nil
	}
	for _, c := range files {
		p.Control.ResetFailed(ctx, c.Name)
	}
	if err := p.Dir.Write(unitdir.Installed{}, files); err != nil {
		return err
	}
	p.done(files...)
	return p.Control.Reload(ctx)
}

// SpareRuns drops running services from the removals of a plan, and returns
// their names. Without its file systemd would apply defaults to a run: ignore
// its progress, and kill it after 90 seconds.
func SpareRuns(ctx context.Context, plan []unitdir.Change, units func(context.Context, []string) (map[string]systemd.Unit, error)) (rest []unitdir.Change, running []string, err error) {
	var services []string
	for _, c := range plan {
		if c.Action == unitdir.Remove && strings.HasSuffix(c.Name, ".service") {
			services = append(services, c.Name)
		}
	}
	if len(services) == 0 {
		return plan, nil, nil
	}
	states, err := units(ctx, services)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range plan {
		if c.Action == unitdir.Remove && states[c.Name].IsRunning() {
			running = append(running, c.Name)
		} else {
			rest = append(rest, c)
		}
	}
	return rest, running, nil
}
