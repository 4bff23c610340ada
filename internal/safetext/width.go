package safetext

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Width returns how many columns of a terminal a text takes that has passed [Append]:
// marks that combine with the character before them take none, wide characters two
// (Unicode Standard Annex #11; as wcwidth(3), Hangul vowels and finals none).
func Width(text string) (columns int) {
	for _, r := range text {
		columns += runeWidth(r)
	}
	return columns
}

func runeWidth(r rune) int {
	switch {
	case r < 0x300: // the first of those that combine
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) || r >= 0x1160 && r <= 0x11ff:
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Pad appends blanks to a text until it takes that many columns.
func Pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-Width(text)))
}

// Cut returns the length in bytes of as much of a text as fits into that many
// columns, with the marks that combine with its last character.
func Cut(text string, columns int) int {
	for i, r := range text {
		if columns -= runeWidth(r); columns < 0 {
			return i
		}
	}
	return len(text)
}

// Clip cuts a text to that many columns, 1 at least; the last one says so.
func Clip(text string, columns int) string {
	columns = max(columns, 1)
	if Cut(text, columns) == len(text) {
		return text
	}
	return text[:Cut(text, columns-1)] + "…"
}

// Wrap breaks a line where it has more than that many columns, between words if it
// can, and indents what follows.
func Wrap(line string, columns, indent int) string {
	if columns <= indent {
		return line
	}
	text, end := strings.CutSuffix(line, "\n")
	var b strings.Builder
	for {
		cut := Cut(text, columns)
		if cut == len(text) {
			break
		}
		if space := strings.LastIndexByte(text[:cut], ' '); text[cut] != ' ' && space >= 0 && Width(text[:space]) > indent {
			cut = space // else it is one long word
		}
		if strings.TrimLeft(text[:cut], " ") == "" { // not one character of it fits
			_, size := utf8.DecodeRuneInString(text[cut:])
			cut += size
		}
		b.WriteString(strings.TrimRight(text[:cut], " "))
		if text = strings.TrimLeft(text[cut:], " "); text == "" {
			break
		}
		b.WriteString("\n")
		text = strings.Repeat(" ", indent) + text
	}
	b.WriteString(text)
	if end {
		b.WriteString("\n")
	}
	return b.String()
}

// Fold joins words by blanks, and begins a new line before one that would not fit into
// that many columns; 0: it does not. Lines but the first are indented. No word is
// broken, so one can be a command to copy.
func Fold(columns, indent int, words ...string) string {
	var b strings.Builder
	at := 0
	for i, word := range words {
		size := Width(word)
		switch {
		case i == 0:
		case columns > 0 && at+1+size > columns && at > indent:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(word)
		at += size
	}
	b.WriteString("\n")
	return b.String()
}
