package jobs

import (
	"iter"
	"strings"

	"gopkg.in/yaml.v3"
)

// scalar returns what the old runner made of a scalar. Values that it read
// otherwise than nearly everybody means them are refused.
func (d *decoder) scalar(v value) (scalar, bool) { return d.scalarOr(v, asText) }

// scalarOr is scalar with its own hint for what is not read as it looks.
func (d *decoder) scalarOr(v value, hint func(value) string) (scalar, bool) {
	if v.Kind != yaml.ScalarNode {
		d.wrongKind(v, "text")
		return scalar{}, false
	}
	s := resolve(v.Node)
	switch {
	case !d.expand(v):
	case v.Style&yaml.TaggedStyle != 0 && v.Tag != "!!str":
		d.error(v, "leave the tag out, or write !!str", "the tag %s is not supported", abbreviate(v.Tag))
	case s.kind == kindTrap:
		d.error(v, hint(v), "%s is read as %s", abbreviate(v.Value), s.trap)
	case len(s.text) > maxText:
		d.error(v, "", "the text has %d bytes, which is more than a program can be given (%d)", len(s.text), maxText)
	case strings.Contains(s.text, "\x00"):
		d.error(v, "", "a NUL byte cannot be given to a program")
	default:
		return s, true
	}
	return scalar{}, false
}

// asText is the hint for what YAML does not read as text.
func asText(v value) string { return "if it is text, write " + quote(v.Value) + " in quotes" }

// word returns a text that means what it looks like.
func (d *decoder) word(v value) (string, bool) { return d.wordOr(v, asText) }

// wordOr is word with its own hint for what is not read as it looks.
func (d *decoder) wordOr(v value, hint func(value) string) (string, bool) {
	s, ok := d.scalarOr(v, hint)
	switch {
	case !ok:
	case s.kind == kindNull:
		d.error(v, "leave the key out, or give it a value", "no value")
	case s.kind == kindBool || s.text != v.Value:
		d.error(v, hint(v), "%s is read as %s", abbreviate(v.Value), quote(s.text))
	case s.text == "":
		d.error(v, "", "must not be empty")
	default:
		return s.text, true
	}
	return "", false
}

// items yields the items of a list, or the one value that stands in place of
// a list.
func (d *decoder) items(v value) iter.Seq[value] {
	return func(yield func(value) bool) {
		if v.Kind != yaml.SequenceNode {
			yield(v)
			return
		}
		if !d.expand(v) {
			return
		}
		for _, n := range v.Content {
			if !yield(v.child(n)) {
				return
			}
		}
	}
}

// entries yields the keys and values of env and args as the old runner read
// them: any value becomes text.
func (d *decoder) entries(v value) iter.Seq2[located, string] {
	return func(yield func(located, string) bool) {
		switch {
		case isFalsy(v):
			return
		case v.Kind != yaml.MappingNode:
			d.wrongKind(v, "a mapping")
			return
		}
		for _, p := range d.pairs(v) {
			switch key := resolve(p.key.Node); {
			case key.text == "":
				d.error(p.key, "", "a key must not be empty")
			case key.kind == kindBool || key.kind == kindNull || key.kind == kindTrap:
				d.error(p.key, "write the key in quotes", "a key must be text, not %s", describe(p.key))
			default:
				val, ok := d.argument(p)
				switch size := len("--=") + len(p.name) + len(val); {
				case !ok:
				case size > maxText:
					d.error(p.key, "", "the key and its value have %d bytes, which is more than a program can be given (%d)", size, maxText)
				case !yield(located{p.name, p.key}, val):
					return
				}
			}
		}
	}
}

// argument returns the value of p as str() gives it.
func (d *decoder) argument(p pair) (string, bool) {
	if p.val.Kind != yaml.ScalarNode {
		var b strings.Builder
		ok := d.repr(&b, p.val, 0)
		return b.String(), ok
	}
	s, ok := d.scalar(p.val)
	if s.kind == kindNull && ok {
		d.warn(p.key, `write "" for no text`, "%s has no value, which becomes the text %q", quote(p.name), s.text)
	}
	return s.text, ok
}

// isFalsy reports whether Python takes v for false; the old runner then reads
// env, args and tasks as empty.
func isFalsy(v value) bool {
	if v.Kind != yaml.ScalarNode {
		return len(v.Content) == 0
	}
	switch s := resolve(v.Node); s.kind {
	case kindNull:
		return true
	case kindBool:
		return s.text == "False"
	case kindInt:
		return s.text == "0"
	case kindFloat:
		return s.text == "0.0" || s.text == "-0.0"
	default:
		return s.text == ""
	}
}

// resolveNode is resolve for a value of any kind; what is no scalar is null.
func resolveNode(v value) scalar {
	if v.Kind != yaml.ScalarNode {
		return scalar{kind: kindNull}
	}
	return resolve(v.Node)
}
