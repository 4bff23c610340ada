package jobs

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/montimer/montimer/internal/safetext"
)

// The width of an excerpt, in terminal cells, and how much of it is before the
// problem where a line is too long for it.
const (
	excerptCells = 90
	leadCells    = 30
)

// excerpt returns the line of d, or the part of it around the problem, and a
// line of carets that points at the problem.
func excerpt(d Diagnostic) (source, caret string) {
	before, rest := d.Source[:d.Offset], d.Source[d.Offset:]
	_, need := take(rest, excerptCells)
	lead, indent := takeLast(before, max(leadCells, excerptCells-need))
	text, _ := take(rest, excerptCells-indent)
	if d.Col > 0 {
		marked := rest[:len(rest)-len(after(rest, d.Width))]
		_, width := take(marked, excerptCells-indent)
		caret = strings.Repeat(" ", indent) + strings.Repeat("^", max(1, width))
	}
	return strings.TrimRight(lead+text, " "), caret
}

// take returns what of s fits into most cells, its end replaced by … if need
// be, and the cells that takes.
func take(s string, most int) (text string, width int) {
	var b strings.Builder
	fits, fitsWidth := 0, 0 // with room for the …
	for s != "" {
		shown, n, size := show(s)
		if width+n > most {
			return b.String()[:fits] + "…", fitsWidth + 1
		}
		b.WriteString(shown)
		s = s[size:]
		if width += n; width < most {
			fits, fitsWidth = b.Len(), width
		}
	}
	return b.String(), width
}

// takeLast is take for the end of s.
func takeLast(s string, most int) (text string, width int) {
	start, fits, fitsWidth := len(s), len(s), 0
	for start > 0 {
		_, size := utf8.DecodeLastRuneInString(s[:start])
		_, n, _ := show(s[start-size:])
		if width+n > most {
			return "…" + visible(s[fits:]), fitsWidth + 1
		}
		start -= size
		if width += n; width < most {
			fits, fitsWidth = start, width
		}
	}
	return visible(s), width
}

// visible returns s with everything that could move or hide text shown as an
// escape.
func visible(s string) string {
	var b strings.Builder
	for s != "" {
		shown, _, size := show(s)
		b.WriteString(shown)
		s = s[size:]
	}
	return b.String()
}

// show returns how the first character of s is shown on a terminal, in how many
// cells, and its size in s. More is escaped than in [safetext.Append]: a character
// that takes no room, such as a byte order mark, may be what is wrong.
func show(s string) (shown string, cells, size int) {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == '\t':
		return "    ", 4, size
	case !unicode.IsPrint(r), r == utf8.RuneError && size == 1:
		escaped := string(safetext.Escape(nil, []byte(s[:size])))
		return escaped, len(escaped), size
	case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r):
		return s[:size], 0, size
	case isWide(r):
		return s[:size], 2, size
	}
	return s[:size], 1, size
}

// isWide reports whether terminals give r two cells: East Asian wide and
// fullwidth characters, and emoji.
func isWide(r rune) bool {
	for _, w := range [][2]rune{
		{0x1100, 0x115f}, {0x231a, 0x231b}, {0x23e9, 0x23ec}, {0x25fd, 0x25fe}, {0x2614, 0x2615},
		{0x2648, 0x2653}, {0x26aa, 0x26ab}, {0x2705, 0x2705}, {0x2728, 0x2728}, {0x274c, 0x274c},
		{0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xa960, 0xa97c}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
		{0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
		{0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	} {
		if w[0] <= r && r <= w[1] {
			return true
		}
	}
	return false
}
