package jobs

import (
	"slices"
	"strconv"
	"strings"
)

// syntaxError reports an error of the YAML library, which tells a line at
// best. For errors of its scanner that line counts from 1, for those of its
// parser from 0.
func (d *decoder) syntaxError(err error) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		if number, text, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				line, message = n, text
			}
		}
	}
	parser := []string{"did not find expected ',' or", "did not find expected key", "did not find expected node content", "did not find expected '-' indicator", "did not find expected <"}
	if slices.ContainsFunc(parser, func(p string) bool { return strings.HasPrefix(message, p) }) {
		line++
	}
	d.add(Error, place{line: line}, syntaxHint(message, d.src.line(line)), "YAML: "+message)
}

func syntaxHint(message, line string) string {
	switch {
	case strings.HasPrefix(strings.TrimLeft(line, " "), "\t"):
		return "indent with blanks, not with tabs"
	case strings.Contains(message, "cannot start any token"), strings.Contains(message, "alphabetic or numeric character"):
		return "put a text that begins with * & ! @ % or ` in quotes"
	case strings.Contains(message, "mapping values are not allowed"):
		return "put a text with a colon in quotes, or mend the indentation"
	case strings.Contains(message, "expected key"), strings.Contains(message, "'-' indicator"):
		return "what follows this line is not indented like it"
	case strings.Contains(message, "expected ',' or"):
		return "a comma, a bracket or a quote is missing in what begins here"
	}
	return ""
}
