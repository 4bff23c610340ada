package apply

import (
	"context"
	"strings"
	"time"

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

// application is one pass of Apply: its findings and its steps.
type application struct {
	*Applier
	have       unitdir.Installed
	writes     []unitdir.Change        // files to create or to update
	removals   []unitdir.Change        // files of profiles that have gone
	timers     map[string]timer.Timer  // the wanted ones
	names      []string                // of the wanted timers, sorted
	sockets    []string                // the wanted ones
	before     map[string]systemd.Unit // of the wanted timers and sockets, and the target
	ahead      map[string]bool         // wanted timers triggered in the future: the clock was set back
	unread     bool                    // files that systemd has not read yet
	suppressed []string                // timers that must not start anything
	target     targetPlan
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
