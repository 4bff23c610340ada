package diff

import (
	"fmt"
	"maps"
	"slices"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
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
func Reschedulings(want []compiler.Unit, have unitdir.Installed) ([]Rescheduling, error) {
	wanted := make(map[string]string, len(want))
	for _, u := range want {
		wanted[u.Name] = u.Content
	}
	before, after := unitdir.Upheld(have.Files[have.Instance.Target()]), unitdir.Upheld(wanted[have.Instance.Target()])
	union := maps.Clone(before)
	maps.Copy(union, after)
	var list []Rescheduling
	for _, name := range slices.Sorted(maps.Keys(union)) {
		old, content := have.Files[name], wanted[name]
		if before[name] && after[name] && old == content {
			continue
		}
		profile, ok := have.Instance.ProfileOf(name)
		if !ok { // a unit of the host: its schedule is the same everywhere
			continue
		}
		r := Rescheduling{Profile: profile}
		if before[name] && old != "" {
			if t, err := timer.Read(old); err == nil {
				r.Old = &t
			}
		}
		if after[name] {
			t, err := timer.Read(content)
			if err != nil {
				return nil, fmt.Errorf("read %s back: %w", name, err)
			}
			r.New = &t
		}
		if r.Old == nil || r.New == nil || !r.Old.Equal(*r.New) {
			list = append(list, r)
		}
	}
	return list, nil
}
