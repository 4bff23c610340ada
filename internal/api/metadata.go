package api

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/montimer/montimer/internal/jobs"
)

// errNotFinite is about a number that JSON has no form for (RFC 8259 section 6).
// Python reads and writes it as NaN, Infinity or -Infinity.
var errNotFinite = errors.New("a number that is not finite is shown as null")

// deepest is how deep values may be nested; Python gives up there, too.
const deepest = 1000

// appendMetadata appends metadata as Python's json.dumps writes what json.loads has
// read: keys in their order, of equal ones the last value in the first place,
// floats in their shortest form, integers exact. No text is an object without
// keys. With an error it appends null, but with errNotFinite all that JSON has.
func appendMetadata(b []byte, text string) ([]byte, error) {
	if text == "" || text == "{}" {
		return append(b, "{}"...), nil
	}
	from := len(b)
	m := metadata{in: text, out: b}
	m.blanks()
	ok := m.value(0)
	if m.blanks(); !ok || m.at < len(text) {
		return append(m.out[:from], "null"...), fmt.Errorf("the stored text is not JSON at byte %d", m.at)
	}
	return m.out, m.note
}

// metadata is a text that is read and written in one pass.
type metadata struct {
	in      string
	at      int
	out     []byte
	members []member // of the objects around the present place
	note    error
}

// A member of an object, as places in the output: of its key, of its value (after
// the colon), and of its end.
type member struct{ key, value, end int }

func (m *metadata) peek() byte {
	if m.at < len(m.in) {
		return m.in[m.at]
	}
	return 0
}

func (m *metadata) blanks() {
	for c := m.peek(); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = m.peek() {
		m.at++
	}
}

func (m *metadata) take(c byte) bool {
	if m.at < len(m.in) && m.in[m.at] == c {
		m.at++
		return true
	}
	return false
}

func (m *metadata) word(word string) bool {
	if len(m.in)-m.at < len(word) || m.in[m.at:m.at+len(word)] != word {
		return false
	}
	m.at += len(word)
	return true
}

// value reads one value and writes it; false: there is none.
func (m *metadata) value(depth int) bool {
	switch c := m.peek(); {
	case depth > deepest:
		return false
	case c == '{':
		return m.object(depth)
	case c == '[':
		return m.array(depth)
	case c == '"':
		return m.string()
	}
	if c := m.peek(); isDigit(c) {
		return m.number()
	}
	for _, word := range [...]string{"null", "true", "false"} {
		if m.word(word) {
			m.out = append(m.out, word...)
			return true
		}
	}
	for _, word := range [...]string{"NaN", "Infinity", "-Infinity"} {
		if m.word(word) {
			m.notFinite()
			return true
		}
	}
	return m.number()
}

func (m *metadata) notFinite() {
	m.note = errNotFinite
	m.out = append(m.out, "null"...)
}

func (m *metadata) array(depth int) bool {
	m.at++
	m.out = append(m.out, '[')
	m.blanks()
	for n := 0; !m.take(']'); n++ {
		if n > 0 {
			if !m.take(',') {
				return false
			}
			m.out = append(m.out, ',')
			m.blanks()
		}
		if !m.value(depth + 1) {
			return false
		}
		m.blanks()
	}
	m.out = append(m.out, ']')
	return true
}

func (m *metadata) object(depth int) bool {
	m.at++
	m.out = append(m.out, '{')
	from, base := len(m.out), len(m.members)
	defer func() { m.members = m.members[:base] }()
	m.blanks()
	for n := 0; !m.take('}'); n++ {
		if n > 0 {
			if !m.take(',') {
				return false
			}
			m.out = append(m.out, ',')
			m.blanks()
		}
		key := len(m.out)
		if m.peek() != '"' || !m.string() {
			return false
		}
		m.blanks()
		if !m.take(':') {
			return false
		}
		m.out = append(m.out, ':')
		value := len(m.out)
		m.blanks()
		if !m.value(depth + 1) {
			return false
		}
		m.members = append(m.members, member{key, value, len(m.out)})
		m.blanks()
	}
	m.join(from, m.members[base:])
	m.out = append(m.out, '}')
	return true
}

// join leaves one member of each key: at the place of the first, with the value of
// the last.
func (m *metadata) join(from int, members []member) {
	if !m.repeats(members) {
		return
	}
	last := make(map[string]member, len(members))
	for _, one := range members {
		last[string(m.out[one.key:one.value])] = one
	}
	var joined []byte
	for _, one := range members {
		key := m.out[one.key:one.value]
		value, there := last[string(key)]
		if !there {
			continue
		}
		delete(last, string(key))
		if len(joined) > 0 {
			joined = append(joined, ',')
		}
		joined = append(append(joined, key...), m.out[value.value:value.end]...)
	}
	m.out = append(m.out[:from], joined...)
}

// repeats reports whether members may have a key in common. Of many that takes too
// long to say.
func (m *metadata) repeats(members []member) bool {
	const many = 16
	if len(members) > many {
		return true
	}
	for i, one := range members {
		for _, other := range members[:i] {
			if bytes.Equal(m.out[one.key:one.value], m.out[other.key:other.value]) {
				return true
			}
		}
	}
	return false
}

// string reads a string and writes it in ASCII alone.
func (m *metadata) string() bool {
	from := m.at // of what is written as it is
	for m.at++; m.at < len(m.in); {
		c := m.in[m.at]
		if 0x20 <= c && c < 0x7F && c != '"' && c != '\\' {
			m.at++
			continue
		}
		m.out = append(m.out, m.in[from:m.at]...)
		switch {
		case c == '"':
			m.at++
			m.out = append(m.out, '"')
			return true
		case c < 0x20:
			return false
		case c == '\\':
			if !m.escape() {
				return false
			}
		default:
			r, n := utf8.DecodeRuneInString(m.in[m.at:])
			m.out = appendRune(m.out, r)
			m.at += n
		}
		from = m.at
	}
	return false
}

// escape reads one escape. A surrogate is written as it is: Python joins a pair,
// and writes it as two again.
func (m *metadata) escape() bool {
	if len(m.in)-m.at < 2 {
		return false
	}
	if c := m.in[m.at+1]; c != 'u' {
		i := strings.IndexByte(`"\/bfnrt`, c)
		if i < 0 {
			return false
		}
		m.out = appendByte(m.out, "\"\\/\b\f\n\r\t"[i])
		m.at += 2
		return true
	}
	if len(m.in)-m.at < 6 {
		return false
	}
	unit := rune(0)
	for _, c := range []byte(m.in[m.at+2 : m.at+6]) {
		if hex(c) < 0 {
			return false
		}
		unit = unit<<4 | rune(hex(c))
	}
	m.at += 6
	if unit < utf8.RuneSelf {
		m.out = appendByte(m.out, byte(unit))
	} else {
		m.out = appendUnit(m.out, unit)
	}
	return true
}

// digits reads digits; false: there is none.
func (m *metadata) digits() bool {
	from := m.at
	for isDigit(m.peek()) {
		m.at++
	}
	return m.at > from
}

func (m *metadata) number() bool {
	from := m.at
	m.take('-')
	if !m.take('0') && !m.digits() {
		return false
	}
	whole := m.at
	if m.take('.') && !m.digits() { // Python reads the integer, and then finds more
		m.at = whole
		return false
	}
	fraction := m.at
	if m.take('e') || m.take('E') {
		if !m.take('+') {
			m.take('-')
		}
		if !m.digits() {
			m.at = fraction
			return false
		}
	}
	text := m.in[from:m.at]
	if m.at == whole {
		if text == "-0" {
			text = "0"
		}
		m.out = append(m.out, text...)
		return whole-from <= mostDigits
	}
	f, _ := strconv.ParseFloat(text, 64) // an error: out of range, and then infinite
	if math.IsInf(f, 0) {
		m.notFinite()
		return true
	}
	m.out = append(m.out, jobs.PythonFloat(f)...)
	return true
}
