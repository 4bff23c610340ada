package notify

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	fence     = "```"
	continued = " (continued)"
)

// cut returns the part of a text that fits into max UTF-16 units, and the rest
// as a text of its own: it begins with the header of the whole again. The
// cut is before a task or the context where that is possible, else at the end
// of a line, else anywhere. A code block that it falls into is closed and opened
// again.
func cut(text string, max int) (part, rest string) {
	if units(text) <= max {
		return text, ""
	}
	head, body, _ := strings.Cut(text, "\n")
	head = strings.TrimSuffix(head, continued) + continued
	if text[0] != '*' || units(head) > max/2 { // it is no header
		head, body = "", text
	} else {
		head += "\n"
	}
	room := max - units("\n"+fence)
	at, open := place(text, room, len(text)-len(body))
	part, rest = text[:at], text[at:]
	if open {
		part, rest = strings.TrimSuffix(part, "\n")+"\n"+fence, fence+"\n"+rest
	}
	return strings.TrimRight(part, "\n"), head + strings.TrimLeft(rest, "\n")
}

// place returns where to cut a text so that at most max units come before, but
// not within its first min bytes, and whether that is inside a code block.
func place(text string, max, min int) (at int, open bool) {
	var (
		task, line int // the last places before a task, and before a line
		inside     bool
	)
	used, pos, previous := 0, 0, ""
	for l := range strings.Lines(text) {
		isFence := strings.TrimRight(l, "\n") == fence
		switch {
		case pos <= min:
		case !inside && (l == "\n" || strings.HasPrefix(l, taskMark)):
			task, line, open = pos, pos, false
		case !inside, !isFence && previous != fence: // leave no block empty
			line, open = pos, inside
		}
		if used += units(l); used > max {
			break
		}
		pos += len(l)
		previous = strings.TrimRight(l, "\n")
		inside = inside != isFence
	}
	switch {
	case task > 0:
		return task, false
	case line > 0:
		return line, open
	}
	return runes(text, max), inside
}

// runes returns how many bytes of text, whole code points, fit into max units.
func runes(text string, max int) int {
	for i, r := range text {
		if max -= unitsOf(r); max < 0 {
			return i
		}
	}
	return len(text)
}

// units returns the length of s as Telegram counts.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += unitsOf(r)
	}
	return n
}

func unitsOf(r rune) int {
	if n := utf16.RuneLen(r); n > 0 {
		return n
	}
	return utf16.RuneLen(utf8.RuneError)
}
