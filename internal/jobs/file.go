package jobs

import (
	"time"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/cron"
)

// file is the top level of a jobs.yaml. Profiles start from the defaults, which
// may come later in the file, so both are decoded last.
type file struct {
	jobs     montimer.Jobs
	sync     syncSettings
	defaults value
	profiles value
}

type syncSettings struct{ onChange []onChange }

type onChange struct {
	montimer.OnChange
	paths []located
}

// file decodes the whole file.
func (d *decoder) file(root value) montimer.Jobs {
	f := file{jobs: montimer.Jobs{Notify: montimer.NotifyPolicy{After: 1, Recovery: true}}}
	if root.Kind != yaml.MappingNode {
		d.error(root, keyOf{"top", "profiles"}.form(), "the file must be a mapping with the key profiles, not %s", describe(root))
		return f.jobs
	}
	keys := decodeMapping(d, root, &d.keys.top, &f)
	d.defaults = defaults{
		profile: profile{
			Profile: montimer.Profile{Enabled: true, CatchUp: true, Overlap: montimer.OverlapSkip, Parallel: 1},
			dialect: cron.Supercronic,
		},
		task: task{Task: montimer.Task{Enabled: true, Timeout: taskTimeout, RetryDelay: retryDelay}},
	}
	if !f.defaults.isZero() {
		d.enter("", "defaults")
		d.decodeDefaults(f.defaults)
		d.leave()
	}
	if keys.find("profiles").isZero() {
		d.error(root, "", "the key profiles is missing")
	} else {
		f.jobs.Profiles = d.profiles(f.profiles)
	}
	for _, c := range f.sync.onChange {
		f.jobs.OnChange = append(f.jobs.OnChange, c.OnChange)
	}
	return f.jobs
}

func (d *decoder) decodeDefaults(v value) {
	if v.Kind != yaml.MappingNode {
		d.reading = keyOf{"top", "defaults"}
		d.wrongKind(v, "a mapping")
		return
	}
	d.defaultPairs = decodeMapping(d, v, &d.keys.defaults, &d.defaults)
}

// profiles decodes all profiles.
func (d *decoder) profiles(v value) []montimer.Profile {
	var keys pairs
	if v.Kind == yaml.MappingNode {
		keys = d.pairs(v)
	}
	if len(keys) == 0 {
		d.error(v, keyOf{"top", "profiles"}.form(), "profiles must be a mapping with at least one profile, not %s", describe(v))
		return nil
	}
	if !d.checkCount(keys) {
		return nil
	}
	out := make([]montimer.Profile, 0, len(keys))
	for _, p := range keys {
		if d.full {
			break
		}
		d.enter("profile", p.key.Value)
		if q, ok := d.profile(p); ok {
			out = append(out, q)
		}
		d.leave()
	}
	d.checkStarts(out, v)
	return out
}

// raw takes a value as it is, to be decoded later.
func raw(schema func() object) kind[value] {
	return kind[value]{name: "mapping", schema: schema, read: func(_ *decoder, v value, into *value) { *into = v }}
}

// mapping takes the mapping that a level of the table describes.
func mapping[T any](name string, of func(*table) *level[T]) kind[T] {
	return kind[T]{name: "mapping", schema: func() object { return ref(name) }, read: func(d *decoder, v value, into *T) {
		if v.Kind != yaml.MappingNode {
			d.wrongKind(v, "a mapping")
			return
		}
		decodeMapping(d, v, of(d.keys), into)
	}}
}

// onChanges takes the list of commands that follow a sync.
func onChanges() kind[[]onChange] {
	return kind[[]onChange]{
		name:   "list",
		schema: func() object { return object{"type": "array", "items": ref("on_change")} },
		read: func(d *decoder, v value, into *[]onChange) {
			if v.Kind != yaml.SequenceNode {
				d.wrongKind(v, "a list")
				return
			}
			for item := range d.items(v) {
				if item.Kind != yaml.MappingNode {
					d.wrongKind(item, "a mapping with paths and command")
					continue
				}
				*into = append(*into, d.onChange(item))
			}
		},
	}
}

func (d *decoder) onChange(v value) onChange {
	c := onChange{OnChange: montimer.OnChange{Timeout: 15 * time.Minute}}
	keys := decodeMapping(d, v, &d.keys.onChange, &c)
	for _, name := range []string{"paths", "command"} {
		if keys.find(name).isZero() {
			d.error(v, "", "the key %s is missing", name)
		}
	}
	for _, p := range c.paths {
		if problem := outside(p.text); problem != "" {
			d.error(p.at, "", "%s %s", quote(p.text), problem)
		}
		c.OnChange.Paths = append(c.OnChange.Paths, p.text)
	}
	return c
}
