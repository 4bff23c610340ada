package jobs

import (
	"slices"
	"strconv"
	"strings"
)

// syntaxError reports an error of the YAML library.
func (d *decoder) syntaxError(err error) {
	message, known := strings.CutPrefix(err.Error(), "yaml: ")
	if !known { // a panic
		d.add(Error, place{}, "", "YAML: "+message)
		return
	}
	line, message := syntaxLine(message)
	at := place{line: min(line, d.src.lastLine())}
	if n := d.src.conflict(); n > 0 {
		d.add(Error, place{line: n}, "keep one of the two sides, and remove the lines <<<<<<<, ======= and >>>>>>>", "YAML: a merge conflict is left in the file")
		return
	}
	if blockMessage(message) {
		if at, problem, ok := d.src.misindented(); ok {
			d.add(Error, at, "lines of one mapping or list begin in the same column", "YAML: this line "+problem)
			return
		}
	}
	if name, ok := strings.CutPrefix(message, "unknown anchor '"); ok {
		at = d.src.alias(strings.TrimSuffix(name, "' referenced"))
	} else if strings.Contains(message, "a tab character") {
		at = d.src.tab(at.line)
	}
	d.add(Error, at, syntaxHint(message, d.src.line(at.line)), "YAML: "+message)
}

// syntaxLine cuts the line off a message of the library. For errors of its
// scanner it counts from 1, for those of its parser from 0; of the first line
// it tells nothing. What goes over several lines has that of its first or,
// where that is the first of the file, of its last, which can be one too many.
func syntaxLine(message string) (int, string) {
	line := 0
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		if number, text, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				line, message = n, text
			}
		}
	}
	parser := []string{"did not find expected ',' or", "did not find expected key", "did not find expected node content", "did not find expected '-' indicator", "did not find expected <", "found undefined tag handle"}
	if slices.ContainsFunc(parser, func(p string) bool { return strings.HasPrefix(message, p) }) {
		line++
	}
	return max(line, 1), message
}

// blockMessage reports whether a message of the library is about indentation.
func blockMessage(message string) bool {
	return slices.ContainsFunc([]string{"did not find expected key", "did not find expected '-' indicator", "mapping values are not allowed", "could not find expected ':'"},
		func(p string) bool { return strings.HasPrefix(message, p) })
}

// lastLine returns the last line that is not empty, 1 if there is none.
func (s *source) lastLine() int {
	n := len(s.lines())
	for n > 1 && strings.Trim(s.line(n), " \t") == "" {
		n--
	}
	return n
}

// tab returns the first tab in the indentation of a line, from some line on:
// the library's message about one has the line of the text before.
func (s *source) tab(from int) place {
	for n := from; n <= len(s.lines()); n++ {
		line := s.line(n)
		if text := strings.TrimLeft(line, " "); strings.HasPrefix(text, "\t") {
			return place{n, len(line) - len(text) + 1, 1}
		}
	}
	return place{line: from}
}

// alias returns where an alias is written first, comments and quotes left out.
// It has a column only if nothing else in the file looks like it.
func (s *source) alias(name string) place {
	word := "*" + name
	if strings.Count(s.text, word) == 1 {
		p := s.place(strings.Index(s.text, word))
		p.width = len(word)
		return p
	}
	between := func(r rune) bool { return strings.ContainsRune(" \t[]{},:", r) }
	for n := range s.lines() {
		code, _, _ := strings.Cut(s.line(n+1), "#")
		if strings.Contains(code, word) && slices.Contains(strings.FieldsFunc(code, between), word) {
			return place{line: n + 1}
		}
	}
	return place{}
}

func syntaxHint(message, line string) string {
	switch {
	case strings.Contains(message, "a tab character"), strings.HasPrefix(strings.TrimLeft(line, " "), "\t"):
		return "indent with spaces, not with tabs"
	case strings.Contains(message, "unknown anchor"):
		return "set the anchor (&) before it is used, or put a text that begins with * in quotes"
	case strings.Contains(message, "cannot start any token"), strings.Contains(message, "alphabetic or numeric character"):
		return "put a text that begins with * & ! @ % or ` in quotes"
	case strings.Contains(message, "mapping values are not allowed"):
		return "put a text with a colon in quotes, or correct the indentation"
	case strings.Contains(message, "expected key"), strings.Contains(message, "'-' indicator"):
		return "what follows this line is not indented like it"
	case strings.Contains(message, "unexpected end of stream"):
		return "a quote that begins here is not closed"
	case strings.Contains(message, "expected ',' or"):
		return "a comma, a bracket or a quote is missing in what begins here"
	}
	return ""
}
