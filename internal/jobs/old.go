package jobs

import (
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer/internal/suggest"
)

// An OldProfile is a profile as the old runner read it.
type OldProfile struct {
	Name    string // any text
	Cron    string // any text
	Enabled bool
}

// The keys that the old runner knew. It refused a file with others, but for those
// of the top level, which it ignored.
var (
	oldProfileKeys = []string{"cron", "description", "enabled", "env", "sync_before_run", "tasks"}
	oldTaskKeys    = []string{"args", "enabled", "name", "script"}
)

// DecodeOld reads a jobs.yaml as the old runner did, which took any name and any
// cron expression, and knew few keys. The profiles are in file order. If any of the
// problems is an error, the old runner refused the file or stopped with an exception.
func DecodeOld(file string, data []byte) ([]OldProfile, []Diagnostic) {
	d := &decoder{name: file, keys: newTable(), guesses: 2_000_000, lenient: true}
	var all []OldProfile
	if root, ok := d.parse(data); ok {
		all = d.oldFile(root)
	}
	return all, d.finish()
}

func (d *decoder) oldFile(root value) (all []OldProfile) {
	if root.Kind != yaml.MappingNode {
		d.error(root, "", "the file must be a mapping with the key profiles, not %s", describe(root))
		return nil
	}
	profiles := d.pairs(root).find("profiles")
	switch {
	case profiles.isZero():
		d.error(root, "", "the key profiles is missing")
		return nil
	case profiles.Kind != yaml.MappingNode || len(profiles.Content) == 0:
		d.error(profiles, "", "profiles must be a mapping with at least one profile, not %s", describe(profiles))
		return nil
	}
	for _, p := range d.pairs(profiles) {
		d.enter("profile", p.key.Value)
		all = append(all, d.oldProfile(p))
		d.leave()
	}
	return all
}

func (d *decoder) oldProfile(entry pair) OldProfile {
	p := OldProfile{Name: entry.name, Enabled: true}
	if entry.val.Kind != yaml.MappingNode {
		d.error(entry.key, "", "a profile must be a mapping, not %s", describe(entry.val))
		return p
	}
	keys := d.pairs(entry.val)
	if v := keys.find("enabled"); !v.isZero() {
		p.Enabled = !isFalsy(v)
	}
	if p.Enabled && resolve(entry.key.Node).kind != kindText {
		d.error(entry.key, "write "+quote(entry.key.Value)+" in quotes", "the name is %s: the old runner stopped with a TypeError", describe(entry.key))
	}
	cron := slices.IndexFunc(keys, func(p pair) bool { return p.name == "cron" })
	if cron < 0 {
		d.error(entry.key, "", "the key cron is missing")
	} else {
		p.Cron, _ = d.argument(keys[cron])
	}
	d.oldKeys(keys, oldProfileKeys)
	if env := keys.find("env"); !env.isZero() && !isFalsy(env) && env.Kind != yaml.MappingNode {
		d.error(env, "", "env must be a mapping, not %s", describe(env))
	}
	switch tasks := keys.find("tasks"); {
	case tasks.isZero() || isFalsy(tasks):
	case tasks.Kind != yaml.SequenceNode:
		d.error(tasks, "", "tasks must be a list, not %s", describe(tasks))
	default:
		number := 0
		for task := range d.items(tasks) {
			number++
			d.oldTask(task, number)
		}
	}
	return p
}

func (d *decoder) oldTask(task value, number int) {
	if task.Kind != yaml.MappingNode {
		d.error(task, "", "task %d must be a mapping, not %s", number, describe(task))
		return
	}
	d.enter("task", d.taskName(task, number))
	defer d.leave()
	keys := d.pairs(task)
	for _, name := range []string{"name", "script"} {
		if keys.find(name).isZero() {
			d.error(task, "", "the key %s is missing", name)
		}
	}
	d.oldKeys(keys, oldTaskKeys)
	if args := keys.find("args"); !args.isZero() && !isFalsy(args) && args.Kind != yaml.MappingNode {
		d.error(args, "", "args must be a mapping, not %s", describe(args))
	}
}

// oldKeys reports keys that the old runner did not know: it refused the whole file.
func (d *decoder) oldKeys(keys pairs, known []string) {
	for _, p := range keys {
		if resolve(p.key.Node).kind == kindText && slices.Contains(known, p.name) {
			continue
		}
		hint := "leave it out while the old runner has to read the file"
		if guess := suggest.Closest(p.name, known, &d.guesses); guess != "" {
			hint = "did you mean " + guess + "?"
		}
		d.error(p.key, hint, "the old runner knows no key %s and refuses the file", quote(p.name))
	}
}
