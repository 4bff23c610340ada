package jobs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/montimer/montimer/internal/lazy"
)

// conflict returns the first line that git has left of a merge conflict; 0:
// there is none.
func (s *source) conflict() int {
	for n := range s.lines() {
		if line := s.line(n + 1); strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") {
			return n + 1
		}
	}
	return 0
}

// A block is one open block of a YAML text.
type block struct {
	indent int
	list   bool // its entries begin with -
}

var (
	// opens is the end of a line after which a deeper block may follow.
	opens = lazy.Regexp(`(^|[ \t])-$|:([ \t]+[&!][^ \t]*)*$`)
	// scalar is the end of a line after which text follows that is no YAML.
	scalarFollows = lazy.Regexp(`(^|[ \t])[|>][-+0-9]*$`)
	comment       = lazy.Regexp(`(^|[ \t])#.*$`)
)

// misindented finds the first line with an indentation that fits no block
// before it. The YAML library names the line where the block begins instead. It
// reads what people write: where a quote or a bracket goes over several lines,
// it gives up.
func (s *source) misindented() (at place, problem string, ok bool) {
	var o outline
	for n := 1; n <= len(s.lines()); n++ {
		line := strings.TrimRight(comment().ReplaceAllString(s.line(n), ""), " \t")
		text := strings.TrimLeft(line, " ")
		if text == "" || text[0] == '#' || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "%") {
			continue
		}
		if text[0] == '\t' || unclosed(text) {
			return place{}, "", false
		}
		indent := len(line) - len(text)
		if problem := o.add(indent, text); problem != "" {
			return place{n, indent + 1, 1}, problem, true
		}
		o.last = line
		if scalarFollows().MatchString(line) {
			n = s.deeperUntil(n, indent)
		}
	}
	return place{}, "", false
}

// deeperUntil returns the last line of those after line n that are empty or
// indented deeper.
func (s *source) deeperUntil(n, indent int) int {
	for n < len(s.lines()) {
		next := s.line(n + 1)
		if text := strings.TrimLeft(next, " "); text != "" && len(next)-len(text) <= indent {
			break
		}
		n++
	}
	return n
}

// An outline is the open blocks at a line, and the line before it.
type outline struct {
	open []block
	last string
}

// add adds a line, by its indentation and its text. The problem says that it fits
// no block; "": it fits.
func (o *outline) add(indent int, text string) (problem string) {
	deeper := opens().MatchString(o.last)
	for len(o.open) > 0 && o.open[len(o.open)-1].indent > indent {
		o.open, deeper = o.open[:len(o.open)-1], false // the line before is in that block
	}
	dash := isItem(text)
	// A list may be as deep as the key that it belongs to.
	if top := len(o.open) - 1; top >= 0 && o.open[top].list && o.open[top].indent == indent && !dash {
		o.open = o.open[:top]
	}
	switch top := len(o.open) - 1; {
	case top >= 0 && o.open[top].indent == indent && o.open[top].list == dash:
	case top < 0 && o.last == "",
		top >= 0 && deeper && o.open[top].indent < indent,
		top >= 0 && deeper && o.open[top].indent == indent && dash && !o.open[top].list:
		o.open = append(o.open, block{indent, dash})
	default:
		return o.misfit(indent, dash)
	}
	for dash { // what follows the dash is a block of its own
		rest := strings.TrimLeft(text[1:], " ")
		indent += len(text) - len(rest)
		text = rest
		if dash = isItem(text); dash || strings.Contains(text+" ", ": ") {
			o.open = append(o.open, block{indent, dash})
		}
	}
	return ""
}

func isItem(text string) bool { return text == "-" || strings.HasPrefix(text, "- ") }

func (o *outline) misfit(indent int, dash bool) string {
	if len(o.open) > 0 && o.open[len(o.open)-1].indent == indent && dash {
		return "is a list item in the column of the keys before it"
	}
	lastIndent := len(o.last) - len(strings.TrimLeft(o.last, "- ")) // of its key
	if indent > lastIndent && !opens().MatchString(o.last) {
		return fmt.Sprintf("is indented deeper than the line before, which does not end in a colon: by %d spaces instead of %d", indent, lastIndent)
	}
	var columns []string
	for _, b := range o.open {
		columns = append(columns, fmt.Sprint(b.indent))
	}
	columns = append(columns, fmt.Sprint(lastIndent))
	spaces := "spaces"
	if indent == 1 {
		spaces = "space"
	}
	return fmt.Sprintf("is indented by %d %s, and the lines before it by %s", indent, spaces, list(slices.Compact(columns)))
}

// unclosed reports whether a line leaves a quote or a bracket open.
func unclosed(text string) bool {
	depth, quote := 0, rune(0)
	for i, r := range text {
		switch {
		case quote == '"' && r == '\\':
			return strings.Count(text[i:], `"`) < 1
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case (r == '"' || r == '\'') && (i == 0 || strings.ContainsRune(" [{,:", rune(text[i-1]))):
			quote = r
		case strings.ContainsRune("[{", r):
			depth++
		case strings.ContainsRune("]}", r):
			depth--
		}
	}
	return depth > 0 || quote != 0
}
