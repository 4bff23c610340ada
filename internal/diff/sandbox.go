package diff

import (
	"slices"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
)

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
