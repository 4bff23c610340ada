package jobs

import "github.com/montimer/montimer"

// A level is all keys of one kind of mapping.
type level[T any] struct {
	name   string
	fields []field[T]
	index  map[string]int
	names  []string
}

func newLevel[T any](name string, fields []field[T]) level[T] {
	l := level[T]{name: name, fields: fields, index: make(map[string]int, len(fields))}
	for i := range fields {
		l.fields[i].Level = name
		l.index[fields[i].Name] = i
		l.names = append(l.names, fields[i].Name)
	}
	return l
}

func (l *level[T]) entries() []entry {
	var out []entry
	for _, f := range l.fields {
		out = append(out, f.entry)
	}
	return out
}

// A table is every key of jobs.yaml. The decoder, the schema and the reference
// text all follow it.
type table struct {
	top      level[file]
	defaults level[defaults]
	profile  level[profile]
	task     level[task]
	sync     level[syncSettings]
	onChange level[onChange]
	notify   level[montimer.NotifyPolicy]
}

func newTable() *table {
	profiles, tasks := profileKeys(), taskKeys()
	return &table{
		top:      newLevel("top", topKeys()),
		defaults: newLevel("defaults", defaultsKeys(profiles, tasks)),
		profile:  newLevel("profile", profiles),
		task:     newLevel("task", tasks),
		sync:     newLevel("sync", syncKeys()),
		onChange: newLevel("on_change", onChangeKeys()),
		notify:   newLevel("notify", notifyKeys()),
	}
}

// levels returns the entries of every level, in reading order.
func (t *table) levels() [][]entry {
	return [][]entry{
		t.top.entries(), t.defaults.entries(), t.profile.entries(), t.task.entries(),
		t.sync.entries(), t.onChange.entries(), t.notify.entries(),
	}
}

// Keys returns every key of jobs.yaml, level by level.
func Keys() []Key {
	var keys []Key
	for _, entries := range newTable().levels() {
		for _, e := range entries {
			keys = append(keys, e.Key)
		}
	}
	return keys
}

// defaults is where each profile and each task starts from.
type defaults struct {
	profile profile
	task    task
}

// defaultsKeys are the keys of profiles and tasks that can be inherited. No
// name is among both.
func defaultsKeys(profiles []field[profile], tasks []field[task]) []field[defaults] {
	var out []field[defaults]
	out = appendInherited(out, profiles, func(d *defaults) *profile { return &d.profile })
	return appendInherited(out, tasks, func(d *defaults) *task { return &d.task })
}

func appendInherited[T any](out []field[defaults], fields []field[T], at func(*defaults) *T) []field[defaults] {
	for _, f := range fields {
		if set := f.set; f.Inherits {
			out = append(out, field[defaults]{f.entry, func(d *decoder, v value, t *defaults) { set(d, v, at(t)) }})
		}
	}
	return out
}

// decodeMapping decodes the mapping v into t, key by key, and returns its keys.
func decodeMapping[T any](d *decoder, v value, l *level[T], t *T) pairs {
	keys := d.pairs(v)
	for _, p := range keys {
		i, ok := l.index[p.name]
		if !ok {
			d.unknownKey(p, l.name, l.names)
			continue
		}
		d.enter("", p.name)
		outer := d.reading
		d.reading = keyOf{l.name, p.name}
		l.fields[i].set(d, p.val, t)
		d.reading = outer
		d.leave()
	}
	return keys
}
