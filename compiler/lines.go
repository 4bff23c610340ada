package compiler

import (
	"fmt"
	"strings"
)

// expectedLines lists how each significant line of a unit begins: a section
// header whole, a directive up to its equals sign.
func expectedLines(unit string) []string {
	var expected []string
	for line := range strings.Lines(unit) {
		line = strings.TrimSuffix(line, "\n")
		if insignificant(line) {
			continue
		}
		if key, _, ok := strings.Cut(line, "="); ok && line[0] != '[' {
			line = key + "="
		}
		expected = append(expected, line)
	}
	return expected
}

// checkLines checks that unit has exactly the sections and directives of
// expected, in that order: the last check against a value that systemd would
// read as more than a value.
func checkLines(unit string, expected []string) error {
	for line := range strings.Lines(unit) {
		line = strings.TrimSuffix(line, "\n")
		if insignificant(line) {
			continue
		}
		if len(expected) == 0 || !strings.HasPrefix(line, expected[0]) {
			return fmt.Errorf("the line %.200q is not one that units.tmpl writes here", line)
		}
		if strings.HasSuffix(line, `\`) {
			return fmt.Errorf("the line %.200q would join the next one", line)
		}
		expected = expected[1:]
	}
	if len(expected) > 0 {
		return fmt.Errorf("the line %q of units.tmpl is missing", expected[0])
	}
	return nil
}

// insignificant reports whether systemd skips the line (systemd.syntax(7)).
func insignificant(line string) bool {
	return line == "" || line[0] == '#' || line[0] == ';'
}
