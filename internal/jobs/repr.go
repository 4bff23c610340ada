package jobs

import (
	"fmt"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// repr appends what Python's repr() makes of v: [1, 2] and {'a': True}. It
// gives up, with an error reported, on what is too long or too deep.
func (d *decoder) repr(b *strings.Builder, v value, depth int) bool {
	switch {
	case depth == maxDepth:
		d.error(v, "", "lists nest too deep, or one contains itself")
		return false
	case b.Len() > maxText:
		d.error(v, "", "the value is longer than %d bytes, which is more than a program can be given", maxText)
		return false
	case v.Kind == yaml.SequenceNode:
		return d.reprList(b, v, depth)
	case v.Kind == yaml.MappingNode:
		return d.reprDict(b, v, depth)
	}
	s, ok := d.scalar(v)
	switch s.kind {
	case kindText:
		writePythonString(b, s.text)
	case kindDate:
		var year, month, day int
		_, _ = fmt.Sscanf(s.text, "%d-%d-%d", &year, &month, &day)
		fmt.Fprintf(b, "datetime.date(%d, %d, %d)", year, month, day)
	default:
		b.WriteString(s.text)
	}
	return ok
}

func (d *decoder) reprList(b *strings.Builder, v value, depth int) bool {
	if !d.expand(v) {
		return false
	}
	b.WriteByte('[')
	for i, n := range v.Content {
		if i > 0 {
			b.WriteString(", ")
		}
		if !d.repr(b, v.child(n), depth+1) {
			return false
		}
	}
	b.WriteByte(']')
	return true
}

func (d *decoder) reprDict(b *strings.Builder, v value, depth int) bool {
	b.WriteByte('{')
	for i, p := range d.pairs(v) {
		if i > 0 {
			b.WriteString(", ")
		}
		if !d.repr(b, p.key, depth+1) {
			return false
		}
		b.WriteString(": ")
		if !d.repr(b, p.val, depth+1) {
			return false
		}
	}
	b.WriteByte('}')
	return true
}

// writePythonString writes the literal that repr() gives for a string.
func writePythonString(b *strings.Builder, s string) {
	mark := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		mark = '"'
	}
	b.WriteRune(mark)
	for _, r := range s {
		switch {
		case r == mark || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
	}
	b.WriteRune(mark)
}
