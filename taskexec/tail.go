package taskexec

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/montimer/montimer/internal/safetext"
)

// How much of a stream's end is kept of a task.
const (
	tailLines = 4
	tailRunes = 500 // of all lines together
)

// tail keeps the last non-blank lines of a stream, right-stripped. Lines end
// where Python's str.splitlines ends them, so that a progress bar drawn with
// \r counts as many.
type tail struct {
	lines []string // at most tailLines
	open  []byte   // the end of a line that goes on
}

// add takes the next lines of the stream.
func (t *tail) add(lines []Line) {
	for _, l := range t.relevant(lines) {
		if t.open = append(t.open, l.Text...); l.Partial {
			t.open = append(t.open[:0], lastRunes(t.open, 2*tailRunes)...)
			continue
		}
		for line := range bytes.FieldsFuncSeq(t.open, safetext.IsLineBreak) {
			if line = bytes.TrimRightFunc(line, isSpace); len(line) > 0 {
				t.lines = append(t.lines, string(lastRunes(line, tailRunes+1)))
			}
		}
		t.open = t.open[:0]
		t.lines = t.lines[max(0, len(t.lines)-tailLines):]
	}
}

// relevant returns the end of lines that holds tailLines non-blank ones, or
// all: of a flood only its end is looked at.
func (t *tail) relevant(lines []Line) []Line {
	found := 0
	for i := len(lines) - 1; i > 0; i-- {
		if lines[i-1].Partial || bytes.IndexFunc(lines[i].Text, isText) < 0 {
			continue
		}
		if found++; found == tailLines {
			t.open = t.open[:0]
			return lines[i:]
		}
	}
	return lines
}

// String joins the lines; of a longer text it is an ellipsis and the last
// tailRunes code points.
func (t *tail) String() string {
	text := []byte(strings.Join(t.lines, "\n"))
	end := lastRunes(text, tailRunes)
	if len(end) < len(text) {
		return "…" + string(end)
	}
	return string(end)
}

func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

func isText(r rune) bool { return !isSpace(r) }

// lastRunes returns the last n code points of b.
func lastRunes(b []byte, n int) []byte {
	i := len(b)
	for ; i > 0 && n > 0; n-- {
		_, size := utf8.DecodeLastRune(b[:i])
		i -= size
	}
	return b[i:]
}
