package diff

import (
	"maps"
	"slices"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
)

// Rescheduling is a profile with a timer that elapses at other times than before.
type Rescheduling struct {
	Profile string
	Old     *timer.Timer // nil: not active before
	New     *timer.Timer // nil: not active any more
}

// Reschedulings compares the timers that the wanted target upholds with those
// that the installed one does, sorted by profile. An installed timer that
// cannot be read counts as not active.
func Reschedulings(want []compiler.Unit, have unitdir.Installed) []Rescheduling {
	before := unitfile.Upheld(have.Files[have.Instance.Target()])
	after := map[string]*timer.Timer{}
	union := maps.Clone(before)
	for _, u := range want {
		if u.Timer != nil {
			after[u.Name], union[u.Name] = u.Timer, true
		}
	}
	var list []Rescheduling
	for _, name := range slices.Sorted(maps.Keys(union)) {
		profile, ok := have.Instance.ProfileOf(name)
		if !ok { // a unit of the host: its schedule is the same everywhere
			continue
		}
		r := Rescheduling{Profile: profile, New: after[name]}
		if old, err := timer.Read(have.Files[name]); before[name] && have.Files[name] != "" && err == nil {
			r.Old = &old
		}
		if r.Old == nil || r.New == nil || !r.Old.Equal(*r.New) {
			list = append(list, r)
		}
	}
	return list
}

// SandboxChange is a change of confinement, with the profiles that it is for.
// A sandbox is the unit's own comment, such as "strict: exposure 1.1"; "" is
// not known.
type SandboxChange struct {
	Before   string   `json:"before"`
	After    string   `json:"after"`
	Profiles []string `json:"profiles"`
}

// SandboxChanges finds the services of a plan that change their sandbox.
func SandboxChanges(of montimer.Instance, plan []unitdir.Change) []SandboxChange {
	list := []SandboxChange{}
	for _, c := range plan {
		before, after := unitfile.Comment(c.Old, "Sandbox "), unitfile.Comment(c.New, "Sandbox ")
		if c.Action != unitdir.Update || before == after {
			continue
		}
		i := slices.IndexFunc(list, func(s SandboxChange) bool { return s.Before == before && s.After == after })
		if i < 0 {
			i, list = len(list), append(list, SandboxChange{Before: before, After: after})
		}
		profile, _ := of.ProfileOf(c.Name)
		list[i].Profiles = append(list[i].Profiles, profile)
	}
	return list
}
