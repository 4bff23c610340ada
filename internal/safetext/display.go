// Package safetext makes text safe to show and to keep: [Append] writes control
// characters as escapes, a [Redactor] hides secrets. Read display.go, redact.go
// (what is hidden), then shape.go (what looks like a secret) and secretname.go
// (which variables hold one).
package safetext

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// String is [Append] for a string.
func String(s string) string { return string(Append(nil, []byte(s))) }

// IsLineBreak reports whether r ends a line for Python's str.splitlines, which
// the old runner used for the tasks' output.
func IsLineBreak(r rune) bool {
	return r >= '\n' && r <= '\r' || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
}

// Append appends text that is safe to show: characters that could move the
// cursor, or colour or reorder the text around them (control and escape
// characters but the tab, bidirectional marks, line separators) and invalid
// UTF-8 are written as \xNN, a byte each.
func Append(dst, text []byte) []byte {
	for {
		n := plain(text)
		dst, text = append(dst, text[:n]...), text[n:]
		if len(text) == 0 {
			return dst
		}
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 || unsafeRune(r) {
			dst = Escape(dst, text[:size])
		} else {
			dst = append(dst, text[:size]...)
		}
		text = text[size:]
	}
}

// Escape appends the bytes of text as \xNN.
func Escape(dst, text []byte) []byte {
	for _, c := range text {
		dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

// unsafeRune reports whether r is a control character but the tab, a line or
// paragraph separator, or one of the bidirectional marks of Unicode.
func unsafeRune(r rune) bool {
	return r != '\t' && unicode.IsControl(r) || r == 0x2028 || r == 0x2029 || unicode.Is(unicode.Bidi_Control, r)
}

// plain returns how many of the first bytes are printable ASCII. It looks at
// eight at once, as nearly all output is nothing else.
func plain(b []byte) int {
	const ones = 0x0101010101010101
	rest := b
	for ; len(rest) >= 8; rest = rest[8:] {
		x := binary.LittleEndian.Uint64(rest)
		// High bits: x's own are of bytes from 0x80, those of the sum from
		// 0x7f, those of the difference below 0x20.
		if (x|(x+0x01*ones)|(x-0x20*ones))&(0x80*ones) != 0 {
			break
		}
	}
	n := len(b) - len(rest)
	for n < len(b) && ' ' <= b[n] && b[n] < 0x7f {
		n++
	}
	return n
}

// NewWriter returns a writer that makes the output of another user's processes
// safe for a terminal, and writes it to w. Each write must end with a whole
// character.
func NewWriter(w io.Writer) io.Writer { return displayed{w} }

type displayed struct{ w io.Writer }

func (d displayed) Write(p []byte) (int, error) {
	var text []byte
	for line := range bytes.Lines(p) {
		body, newline := bytes.CutSuffix(line, []byte("\n"))
		if text = Append(text, body); newline {
			text = append(text, '\n')
		}
	}
	_, err := d.w.Write(text)
	return len(p), err
}
