package unitdir

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/unitfile"
)

// Action is what happens to one unit file.
type Action string

// The actions. A file is kept while the timer of a removed profile, or a socket, may
// still be active: deleting the file of an active timer makes it fail at the next
// reload, and that of a socket leaves it listening.
const (
	Create Action = "create"
	Update Action = "update"
	Keep   Action = "keep"
	Remove Action = "remove"
)

// Change is one step from the files on disk to the wanted ones.
type Change struct {
	Action Action
	Name   string
	Old    string // content before; "" for Create
	New    string // content after; "" for Keep and Remove
}

// BecomesInterval reports whether a timer that had times now has an interval.
// A reload does not begin one for a service that has not run since the boot
// (systemd.timer(5), OnUnitActiveSec=).
func (c Change) BecomesInterval() bool {
	intervals := func(unit string) int { return len(unitfile.Values(unit, "Timer", "OnUnitActiveSec")) }
	return intervals(c.New) > 0 && intervals(c.Old) == 0
}

// ChangesSocket reports whether a socket that listens has to be restarted to take
// up the change.
func (c Change) ChangesSocket() bool {
	listens := func(unit string) (socket []unitfile.Directive) {
		for d := range unitfile.Directives(unit) {
			if d.Section == "Socket" {
				socket = append(socket, d)
			}
		}
		return socket
	}
	return c.Action == Update && !slices.Equal(listens(c.Old), listens(c.New))
}

// Plan compares the wanted units with the installed ones and returns what has
// to change, sorted by name, the target last. It is an error when a wanted
// name is taken by a file that montimer did not write.
//
// The pair of a removed profile is removed in two steps: this plan drops the
// timer from the target, which makes systemd stop it at the reload, and the
// next plan removes the files. So are a socket and the timer of backups, with their
// services.
func Plan(want []compiler.Unit, have Installed) ([]Change, error) {
	var (
		changes []Change
		errs    []error
		wanted  = make(map[string]bool, len(want))
	)
	for _, u := range want {
		wanted[u.Name] = true
		old, exists := have.Files[u.Name]
		switch {
		case !exists:
			changes = append(changes, Change{Action: Create, Name: u.Name, New: u.Content})
		case !unitfile.Generated(old) && !shipped(u.Name, old):
			errs = append(errs, fmt.Errorf("%s exists and was not written by montimer: move it away, or rename the profile", u.Name))
		case !unitfile.Same(old, u.Content):
			changes = append(changes, Change{Action: Update, Name: u.Name, Old: old, New: u.Content})
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}

	changes = append(changes, removals(have, wanted)...)
	last := have.Instance.Target()
	slices.SortFunc(changes, func(a, b Change) int { return compareNames(a.Name, b.Name, last) })
	return changes, nil
}

// removals returns what is to be done with the installed units that are not wanted.
func removals(have Installed, wanted map[string]bool) (changes []Change) {
	i := have.Instance
	upheld := unitfile.Upheld(have.Files[i.Target()])
	for _, name := range slices.Sorted(maps.Keys(have.Files)) {
		old := have.Files[name]
		if wanted[name] || !unitfile.Generated(old) {
			continue
		}
		action := Remove
		base := strings.TrimSuffix(name, path.Ext(name))
		_, isPair := i.ProfileOf(name)
		if (isPair || base == i.Unit("backup")) && upheld[base+".timer"] || upheld[base+".socket"] {
			action = Keep
		}
		changes = append(changes, Change{Action: action, Name: name, Old: old})
	}
	return changes
}

// Revert returns the changes that undo a plan.
func Revert(plan []Change) (back []Change) {
	for _, c := range plan {
		switch c.Action {
		case Create:
			back = append(back, Change{Action: Remove, Name: c.Name, Old: c.New})
		case Update:
			back = append(back, Change{Action: Update, Name: c.Name, Old: c.New, New: c.Old})
		case Remove:
			back = append(back, Change{Action: Create, Name: c.Name, New: c.Old})
		}
	}
	return back
}

// Writes reports whether carrying out the plan changes any file.
func Writes(plan []Change) bool {
	return slices.ContainsFunc(plan, func(c Change) bool { return c.Action != Keep })
}

// compareNames sorts the target behind the units that it names, so that it
// never upholds a timer that is not there yet.
func compareNames(a, b, target string) int {
	if (a == target) != (b == target) {
		if a == target {
			return 1
		}
		return -1
	}
	return strings.Compare(a, b)
}
