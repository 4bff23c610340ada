package jobs

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// A source is the text of a file and where its lines begin. Lines end as YAML
// says: at CR, LF, CRLF, NEL, LS or PS.
type source struct {
	text   string
	starts []int // made when it is first needed
	last   struct{ line, col, offset int }
}

// lines returns where the lines begin.
func (s *source) lines() []int {
	if s.starts == nil {
		s.starts = append(s.starts, 0)
		for i := 0; i < len(s.text); {
			size := lineEnd(s.text[i:])
			if size > 0 {
				s.starts = append(s.starts, i+size)
			}
			i += max(size, 1)
		}
	}
	return s.starts
}

// line returns line n, counted from 1, without its end; "" if there is none.
func (s *source) line(n int) string {
	starts := s.lines()
	if n < 1 || n > len(starts) {
		return ""
	}
	l := s.text[starts[n-1]:]
	if n < len(starts) {
		l = l[:starts[n]-starts[n-1]]
	}
	return strings.TrimRight(l, "\r\n\u0085\u2028\u2029")
}

// place returns where the character at a byte offset is.
func (s *source) place(offset int) place {
	starts := s.lines()
	line := sort.Search(len(starts), func(i int) bool { return starts[i] > offset })
	return place{line, utf8.RuneCountInString(s.text[starts[line-1]:offset]) + 1, 1}
}

// offset returns the byte offset of a column in a line, at most its length.
// A line can be very long and be asked for very often: the search goes on from
// the last answer if it can.
func (s *source) offset(line, col int) int {
	text := s.line(line)
	if line != s.last.line || col < s.last.col {
		s.last.line, s.last.col, s.last.offset = line, 1, 0
	}
	rest := after(text[s.last.offset:], col-s.last.col)
	s.last.col, s.last.offset = col, len(text)-len(rest)
	return s.last.offset
}

// lineEnd returns the length of the line end that s begins with, 0 if none.
func lineEnd(s string) int {
	switch s[0] {
	case '\n':
		return 1
	case '\r':
		if strings.HasPrefix(s, "\r\n") {
			return 2
		}
		return 1
	case 0xc2, 0xe2:
		for _, end := range []string{"\u0085", "\u2028", "\u2029"} {
			if strings.HasPrefix(s, end) {
				return len(end)
			}
		}
	}
	return 0
}

// after returns what follows the first n characters of s.
func after(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[i:]
		}
		n--
	}
	return ""
}

// unreadable returns the byte offset of the first thing in text that no YAML
// file may hold, what it is and what to do; -1 if there is none.
func unreadable(text string) (offset int, problem, hint string) {
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			return i, "this byte is not UTF-8", "save the file as UTF-8"
		case r == '\t', r == '\n', r == '\r', r == 0x85:
		case r < ' ', 0x7f <= r && r < 0xa0:
			return i, "a control character", `write it as an escape in double quotes, such as "\x1b"`
		case r == 0xfffe, r == 0xffff:
			return i, "this is not a character", "take it out"
		case r == 0xfeff:
			return i, "a byte order mark within the file", "take it out"
		}
	}
	return -1, "", ""
}
