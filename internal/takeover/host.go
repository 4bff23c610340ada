package takeover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/unitdir"
)

// Control is what a takeover has systemd do.
type Control interface {
	Units(ctx context.Context, names []string) (map[string]systemd.Unit, error)
	Start(ctx context.Context, unit string) error
	Stop(ctx context.Context, unit string) error
	Disable(ctx context.Context, unit string) error
	Mask(ctx context.Context, unit string) error
	Unmask(ctx context.Context, unit string) error
	Reload(ctx context.Context) error
}

// Root is what root does on this host.
type Root struct {
	Host     montimer.Host
	Here     Machine
	Profiles []string // that jobs.yaml or the unit directory has
	Enabled  []string // of those in jobs.yaml
	Control  Control
	Pauses   Pauses
	// AsUser has a process of the user of the tasks do what is asked for.
	AsUser func(context.Context, Ask) (Answer, error)
	Write  func(context.Context) error // the files of the units
	Apply  func(context.Context) error // the units, without catching up
	Flush  func(context.Context) error // sends what waits
	Say    func(text string)
}

// On returns what root does on this host, without Write, Apply and Say.
func On(h montimer.Host, j montimer.Jobs, here Machine, control Control, stderr io.Writer) Root {
	r := Root{Host: h, Here: here, Control: control, AsUser: AsUser(h, stderr), Flush: Flush(h, stderr)}
	for _, p := range j.Profiles {
		r.Profiles = append(r.Profiles, p.Name)
		if p.Enabled {
			r.Enabled = append(r.Enabled, p.Name)
		}
	}
	if installed, err := unitdir.Read(h.UnitDir, h.Instance); err == nil { // on a fresh host there may be no directory
		r.Profiles = append(r.Profiles, installed.Profiles()...)
	}
	slices.Sort(r.Profiles)
	r.Profiles = slices.Compact(r.Profiles)
	r.Pauses = pauses{h.Instance, r.Profiles}
	return r
}

// byTakeover is who pauses the profiles during a takeover.
const byTakeover = "montimer takeover"

// stopWait is how long a takeover waits for runs of this host: those of a host that
// another one has replaced do nothing.
const stopWait = time.Minute

// forGood is how long the pauses are that a command ends.
const forGood = 10 * 365 * 24 * time.Hour

// Facts reads what a takeover is decided by.
func (r Root) Facts(ctx context.Context, o Options, j montimer.Jobs) (f Facts, err error) {
	f = Facts{Options: o, Instance: r.Host.Instance, Here: r.Here, Every: r.Host.Backup.Every, Shortest: Shortest(j, time.Now(), time.Local)}
	answer, err := r.AsUser(ctx, Ask{Do: askLook, Source: o.Source, Here: r.Here, Home: r.Host.Backup.Dir})
	if err != nil {
		return f, err
	}
	f.State, f.Now = answer.State, time.Now()
	target := r.Host.Instance.Target()
	if f.Running, err = r.running(ctx); err != nil {
		return f, err
	}
	units, err := r.Control.Units(ctx, []string{target})
	f.Active = units[target].IsActive()
	return f, err
}

// running returns the services of the profiles that run.
func (r Root) running(ctx context.Context) (running []string, err error) {
	var names []string
	for _, p := range r.Profiles {
		names = append(names, r.Host.Instance.Services(p)...)
	}
	units, err := r.Control.Units(ctx, names)
	for _, name := range slices.Sorted(maps.Keys(units)) {
		if units[name].IsRunning() {
			running = append(running, name)
		}
	}
	return running, err
}

// Shortest returns the shortest time between two ticks of a profile; 0: none has two.
func Shortest(j montimer.Jobs, now time.Time, local *time.Location) (shortest time.Duration) {
	add := func(d time.Duration) {
		if d > 0 && (shortest == 0 || d < shortest) {
			shortest = d
		}
	}
	for _, p := range j.Profiles {
		if !p.Enabled {
			continue
		}
		for _, every := range p.Schedule.Every {
			add(every)
		}
		if gap, _, ok := calendar.Gaps(p.Schedule.Events, now, local); ok {
			add(gap)
		}
	}
	return shortest
}

// Take carries out a plan.
func (r Root) Take(ctx context.Context, f Facts, p Plan) error {
	for _, step := range p.Steps {
		if err := r.take(ctx, step, f, p); err != nil {
			return fmt.Errorf("%s: %w; this goes on: %s", step, err, f.command())
		}
	}
	return nil
}

func (r Root) take(ctx context.Context, step Step, f Facts, p Plan) error {
	target := r.Host.Instance.Target()
	switch step {
	case StepPause:
		return r.Pauses.Pause(byTakeover, "taken over from another host: ends when "+f.command()+" is done")
	case StepStop:
		if err := errors.Join(r.Control.Disable(ctx, target), r.Control.Stop(ctx, target)); err != nil {
			return err
		}
		running, err := r.wait(ctx, stopWait)
		if len(running) > 0 {
			err = fmt.Errorf("runs of this host are still under way: systemctl stop %s", strings.Join(running, " "))
		}
		return err
	case StepPrepare:
		if err := r.Write(ctx); err != nil {
			return err
		}
		return errors.Join(r.Control.Reload(ctx), r.Control.Start(ctx, r.Host.Instance.Unit("tmp.service")))
	case StepRestore:
		kept, err := r.AsUser(ctx, Ask{
			Do: askRestore, Backup: f.Backup, Here: r.Here, Since: p.Since, Dirs: directories(f.Dir, r.Host.Backup.Dir),
			From: store.Handover{Kind: store.StateOf, Host: p.Old, Machine: r.Here.ID, Since: f.Taken},
		})
		if kept.Path != "" {
			r.Say("the database that was here before is " + kept.Path)
		}
		return err
	case StepResume:
		return r.Pauses.Resume(r.Say)
	case StepApply:
		err := errors.Join(r.Control.Unmask(ctx, target), r.Control.Reload(ctx))
		if err == nil {
			err = r.Apply(ctx)
		}
		return err
	case StepReport:
		return r.report(ctx, p)
	}
	return fmt.Errorf("there is no such step")
}

func (r Root) report(ctx context.Context, p Plan) error {
	_, err := r.AsUser(ctx, Ask{Do: askReport, Here: r.Here, Since: p.Since, Profiles: r.Enabled, To: time.Now()})
	if err != nil {
		return err
	}
	if err := r.Flush(ctx); err != nil { // the outbox is sent every minute
		r.Say("the report of the gap waits: " + err.Error())
	}
	return nil
}

// Pauses are those of the profiles of a host.
type Pauses interface {
	// Pause pauses all profiles but those that somebody else has paused.
	Pause(by, reason string) error
	// Resume ends the pauses of a takeover or a retirement, also those of profiles that
	// are gone, and says which others are left.
	Resume(say func(string)) error
}

// pauses are [Pauses] in the files of an instance.
type pauses struct {
	of       montimer.Instance
	profiles []string
}

func (p pauses) Pause(by, reason string) error {
	dir := p.of.PauseDir()
	for _, name := range p.profiles {
		now := time.Now()
		if was, err := host.ReadPause(dir, name, now); err == nil && !was.Until.IsZero() && !ours(was) {
			continue
		}
		if err := host.WritePause(dir, name, montimer.Pause{Until: now.Add(forGood), Reason: reason, By: by}); err != nil {
			return err
		}
	}
	return nil
}

func ours(p montimer.Pause) bool { return p.By == byTakeover || p.By == host.ByRetire }

func (p pauses) Resume(say func(string)) error {
	dir := p.of.PauseDir()
	names, err := host.Paused(dir)
	for _, name := range names {
		was, unread := host.ReadPause(dir, name, time.Now())
		switch {
		case unread != nil:
			say(unread.Error())
		case ours(was):
			_, failed := host.EndPause(dir, name)
			err = errors.Join(err, failed)
		case !was.Until.IsZero():
			say(p.of.Of(name) + " stays " + host.PauseText(was))
		}
	}
	return err
}
