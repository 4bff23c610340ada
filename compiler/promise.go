package compiler

import (
	"fmt"
	"strings"
)

// promiseOf lists how each line of a unit that means something begins: a
// section header whole, a directive up to its equals sign.
func promiseOf(unit string) []string {
	var promise []string
	for line := range strings.Lines(unit) {
		line = strings.TrimSuffix(line, "\n")
		if insignificant(line) {
			continue
		}
		if key, _, ok := strings.Cut(line, "="); ok && line[0] != '[' {
			line = key + "="
		}
		promise = append(promise, line)
	}
	return promise
}

// keepsPromise checks that unit has exactly the sections and directives of
// promise, in that order: the last guard against a value that reads as more
// than a value.
func keepsPromise(unit string, promise []string) error {
	for line := range strings.Lines(unit) {
		line = strings.TrimSuffix(line, "\n")
		if insignificant(line) {
			continue
		}
		if len(promise) == 0 || !strings.HasPrefix(line, promise[0]) {
			return fmt.Errorf("the line %.200q is not one that units.tmpl writes here", line)
		}
		if strings.HasSuffix(line, `\`) {
			return fmt.Errorf("the line %.200q would join the next one", line)
		}
		promise = promise[1:]
	}
	if len(promise) > 0 {
		return fmt.Errorf("the line %q of units.tmpl is missing", promise[0])
	}
	return nil
}

// insignificant reports whether systemd skips the line (systemd.syntax(7)).
func insignificant(line string) bool {
	return line == "" || line[0] == '#' || line[0] == ';'
}
