package jobs

import (
	"iter"
	"slices"

	"gopkg.in/yaml.v3"
)

// A value is a node of the file, with aliases already followed. What was
// reached through an alias has the position of the alias: that is where the
// reader is.
type value struct {
	*yaml.Node
	use *yaml.Node // the alias that led here, if any
}

// child returns a node below v.
func (v value) child(n *yaml.Node) value {
	use := v.use
	if n.Kind == yaml.AliasNode {
		if use == nil {
			use = n
		}
		n = n.Alias
	}
	return value{n, use}
}

// isZero reports whether v is no value at all, as that of a key not given.
func (v value) isZero() bool { return v.Node == nil }

// place returns the node that has the position of v.
func (v value) place() *yaml.Node {
	if v.use != nil {
		return v.use
	}
	return v.Node
}

// A pair is one key of a mapping. Its name is the key as text.
type pair struct {
	name     string
	key, val value
	merged   bool // brought in by a merge key, <<
}

// pairs is a mapping in the order of Python's dicts: the keys of merges come
// first, and a key that is also written out has its value from there, but
// keeps its place.
type pairs []pair

// find returns the value of a key; its zero value if there is none.
func (ps pairs) find(name string) value {
	for _, p := range ps {
		if p.name == name {
			return p.val
		}
	}
	return value{}
}

// pairs returns the keys of the mapping v, merges done. Duplicate keys and
// keys that are no scalars are reported and left out.
func (d *decoder) pairs(v value) pairs {
	if !d.expand(v) {
		return nil
	}
	var keys keySet
	d.mergeInto(&keys, v, 0)
	keys.pairs = slices.Grow(keys.pairs, len(v.Content)/2)
	for p := range d.own(v) {
		switch i, exists := keys.find(p.name); {
		case !exists:
			keys.add(p)
		case keys.pairs[i].merged || d.lenient:
			keys.pairs[i] = p
		default:
			d.error(p.key, "", "key %s is given twice; first in line %d", quote(p.name), keys.pairs[i].key.place().Line)
		}
	}
	return keys.pairs
}

// own yields the keys written in v itself.
func (d *decoder) own(v value) iter.Seq[pair] {
	return func(yield func(pair) bool) {
		for i := 0; i+1 < len(v.Content); i += 2 {
			if isMerge(v.Content[i]) {
				continue
			}
			key, val := v.child(v.Content[i]), v.child(v.Content[i+1])
			switch {
			case key.Kind != yaml.ScalarNode:
				d.error(key, "", "a key must be text, not %s", describe(key))
			case !d.expand(key), !yield(pair{name: resolve(key.Node).text, key: key, val: val}):
				return
			}
		}
	}
}

// mergeInto adds what the merge keys of v bring in. Of several merges the last
// one wins, of a list of mappings the first one.
func (d *decoder) mergeInto(keys *keySet, v value, depth int) {
	for i := 0; i+1 < len(v.Content); i += 2 {
		if !isMerge(v.Content[i]) {
			continue
		}
		from := v.child(v.Content[i+1])
		if from.Kind != yaml.SequenceNode {
			d.mergeFrom(keys, from, depth)
			continue
		}
		for _, n := range slices.Backward(from.Content) {
			d.mergeFrom(keys, from.child(n), depth)
		}
	}
}

func (d *decoder) mergeFrom(keys *keySet, from value, depth int) {
	switch {
	case from.Kind != yaml.MappingNode:
		d.error(from, "", "<< takes a mapping or a list of mappings, not %s", describe(from))
	case depth == maxDepth:
		d.error(from, "", "merges (<<) nest too deep, or a mapping merges itself")
	case d.expand(from):
		d.mergeInto(keys, from, depth+1)
		for p := range d.own(from) {
			p.merged = true
			if i, exists := keys.find(p.name); exists {
				keys.pairs[i] = p
			} else {
				keys.add(p)
			}
		}
	}
}

func isMerge(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!merge" }

// A keySet is the keys of one mapping so far. Most mappings are small enough
// for a search to beat a map.
type keySet struct {
	pairs pairs
	at    map[string]int // nil while small
}

func (s *keySet) find(name string) (int, bool) {
	if s.at != nil {
		i, ok := s.at[name]
		return i, ok
	}
	i := slices.IndexFunc(s.pairs, func(p pair) bool { return p.name == name })
	return i, i >= 0
}

func (s *keySet) add(p pair) {
	const small = 16
	s.pairs = append(s.pairs, p)
	if s.at == nil && len(s.pairs) > small {
		s.at = make(map[string]int, cap(s.pairs))
		for i, p := range s.pairs {
			s.at[p.name] = i
		}
	} else if s.at != nil {
		s.at[p.name] = len(s.pairs) - 1
	}
}

// maxExpanded bounds the values that aliases and defaults multiply, so that a
// few lines cannot make a file of any size. No real file comes near it.
const maxExpanded = 1_000_000

// maxDepth bounds the nesting of merges, and of lists inside of a value.
const maxDepth = 64

// expand counts v and its children against maxExpanded if an alias led to v,
// and a long text as several.
func (d *decoder) expand(v value) bool {
	switch {
	case v.use == nil:
		return true
	case v.Kind == yaml.MappingNode:
		return d.spend(v, 1+len(v.Content)/2)
	}
	return d.spend(v, 1+len(v.Content)+len(v.Value)/256)
}

// spend counts n more values that came of no text of their own.
func (d *decoder) spend(at value, n int) bool {
	before := d.expanded
	d.expanded += n
	if before <= maxExpanded && d.expanded > maxExpanded {
		d.error(at, "", "aliases or defaults make this file too large: more than %d values", maxExpanded)
	}
	return d.expanded <= maxExpanded
}

// describe names what v is, for messages.
func describe(v value) string {
	switch {
	case v.Kind == yaml.MappingNode && len(v.Content) == 0:
		return "an empty mapping"
	case v.Kind == yaml.MappingNode:
		return "a mapping"
	case v.Kind == yaml.SequenceNode && len(v.Content) == 0:
		return "an empty list"
	case v.Kind == yaml.SequenceNode:
		return "a list"
	}
	switch s := resolve(v.Node); s.kind {
	case kindNull:
		return "nothing"
	case kindBool:
		return "the boolean " + v.Value
	case kindInt, kindFloat:
		return "the number " + abbreviate(v.Value)
	case kindDate:
		return "the date " + v.Value
	case kindTrap:
		return s.trap
	}
	return "the text " + quote(v.Value)
}
