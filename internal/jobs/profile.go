package jobs

import (
	"time"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/cron"
)

// profile is a profile while it is decoded.
type profile struct {
	montimer.Profile
	keys  pairs
	tasks []task

	cron, calendar []located
	every          time.Duration
	timezone       string
	dialect        cron.Dialect
}

// profile decodes one entry of profiles.
func (d *decoder) profile(entry pair) (montimer.Profile, bool) {
	d.checkProfileName(entry.key)
	if entry.val.Kind != yaml.MappingNode {
		hint := keyOf{"top", "profiles"}.form()
		if _, ok := d.keys.profile.index[entry.name]; ok {
			hint = entry.name + " is a key of a profile: indent it like the other keys of the profile"
		}
		d.error(entry.key, hint, "a profile must be a mapping, not %s", describe(entry.val))
		return montimer.Profile{}, false
	}
	p := d.defaults.profile
	p.Name = entry.name
	p.keys = decodeMapping(d, entry.val, &d.keys.profile, &p)
	d.schedule(&p, entry.key)
	d.checkTasks(p.tasks)
	p.Tasks = make([]montimer.Task, 0, len(p.tasks))
	for _, t := range p.tasks {
		p.Tasks = append(p.Tasks, t.Task)
	}
	return p.Profile, true
}

// at returns where a setting of the profile was made: in it, or in defaults.
func (d *decoder) at(p *profile, key string) value {
	if v := p.keys.find(key); !v.isZero() {
		return v
	}
	return d.defaultPairs.find(key)
}

// checkProfileName holds names to what can be part of the name of a unit or a
// file without any escaping.
func (d *decoder) checkProfileName(key value) {
	switch {
	case resolve(key.Node).kind != kindText:
		d.error(key, "write "+quote(key.Value)+" in quotes", "the name of a profile must be text, not %s", describe(key))
	case montimer.IsRunID(key.Value):
		d.error(key, "choose a name that is not 32 hexadecimal digits", "this cannot be the name of a profile: commands would take it for the id of a run")
	case !montimer.ValidProfileName(key.Value):
		d.error(key, `letters, digits, "_", "." and "-", at most 64, the first a letter or a digit`, "this cannot be the name of a profile")
	}
}
