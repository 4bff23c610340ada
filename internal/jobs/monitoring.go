package jobs

import (
	"cmp"
	"slices"

	"gopkg.in/yaml.v3"
)

// Monitoring is a monitoring.yaml: which protocols the tasks watch, and for what.
// Tasks and websites read it; no run needs it.
type Monitoring struct {
	Version   string
	Protocols []Protocol // by slug, in the order of code points
}

// Protocol is an entry of a monitoring.yaml.
type Protocol struct {
	Slug, DisplayName, Description, Cadence string
	Disabled                                bool
	Tasks                                   []string
	Monitors                                []Monitor
}

// Monitor is one thing that is watched.
type Monitor struct {
	Name, Description string
	Severity          string // "": none
}

// Severities are those of alerts, as the tasks write them.
var Severities = []string{"LOW", "MEDIUM", "HIGH", "CRITICAL"}

// DecodeMonitoring reads a monitoring.yaml as the API before montimer did: keys that
// it does not know are no mistakes. If the diagnostics have an error, the rest must
// not be used.
func DecodeMonitoring(file string, data []byte) (m Monitoring, problems []Diagnostic) {
	d := &decoder{name: file}
	root, ok := d.parse(data)
	switch {
	case !ok:
	case root.Kind != yaml.MappingNode:
		d.error(root, "", "the file must be a mapping, not %s", describe(root))
	default:
		keys := d.pairs(root)
		m.Version = d.needText(root, keys, "version")
		m.Protocols = d.protocols(root, keys.find("protocols"))
	}
	return m, d.finish()
}

func (d *decoder) protocols(root, v value) (all []Protocol) {
	if v.isZero() || v.Kind != yaml.MappingNode || len(v.Content) == 0 {
		d.error(cmp.Or(v, root), "", "protocols must be a mapping that has entries")
		return nil
	}
	for _, p := range d.pairs(v) {
		d.enter("protocol", p.name)
		if p.val.Kind != yaml.MappingNode {
			d.error(p.key, "", "must be a mapping, not %s", describe(p.val))
		} else {
			all = append(all, d.protocol(p))
		}
		d.leave()
	}
	slices.SortFunc(all, func(a, b Protocol) int { return cmp.Compare(a.Slug, b.Slug) })
	return all
}

func (d *decoder) protocol(entry pair) Protocol {
	keys := d.pairs(entry.val)
	p := Protocol{
		Slug: entry.name, DisplayName: d.needText(entry.val, keys, "display_name"),
		Description: d.needText(entry.val, keys, "description"), Cadence: d.needText(entry.val, keys, "cadence"),
	}
	if disabled := keys.find("disabled"); !disabled.isZero() {
		p.Disabled = !isFalsy(disabled)
	}
	for item := range d.needList(entry.val, keys, "tasks") {
		if text, ok := plainText(item); ok {
			p.Tasks = append(p.Tasks, text)
		} else {
			d.error(item, "", "a task must be text, not %s", describe(item))
		}
	}
	for item := range d.needList(entry.val, keys, "monitors") {
		if item.Kind != yaml.MappingNode {
			d.error(item, "", "a monitor must be a mapping, not %s", describe(item))
			continue
		}
		p.Monitors = append(p.Monitors, d.monitor(item))
	}
	if len(p.Monitors) == 0 {
		d.error(entry.key, "", "monitors must have entries")
	}
	return p
}

func (d *decoder) monitor(v value) Monitor {
	keys := d.pairs(v)
	m := Monitor{Name: d.needText(v, keys, "name"), Description: d.needText(v, keys, "description")}
	if s := keys.find("severity"); !s.isZero() && !(s.Kind == yaml.ScalarNode && resolve(s.Node).kind == kindNull) {
		if m.Severity, _ = plainText(s); !slices.Contains(Severities, m.Severity) {
			d.error(s, "", "severity must be LOW, MEDIUM, HIGH or CRITICAL, not %s", describe(s))
		}
	}
	return m
}

// needText returns the text of a key, which must have some.
func (d *decoder) needText(of value, keys pairs, name string) string {
	v := keys.find(name)
	if v.isZero() {
		d.error(of, "", "the key %s is missing", name)
		return ""
	}
	text, ok := plainText(v)
	if !ok {
		d.error(v, "", "%s must be text, not %s", name, describe(v))
	}
	return text
}

// needList yields the items of a key, which must be a list.
func (d *decoder) needList(of value, keys pairs, name string) func(func(value) bool) {
	v := keys.find(name)
	if v.isZero() || v.Kind != yaml.SequenceNode {
		d.error(cmp.Or(v, of), "", "%s must be a list", name)
		return func(func(value) bool) {}
	}
	return d.items(v)
}

// plainText returns a text that is not empty; ok is false for anything else.
func plainText(v value) (text string, ok bool) {
	if v.Kind != yaml.ScalarNode || resolve(v.Node).kind != kindText {
		return "", false
	}
	return v.Value, v.Value != ""
}
