// Package unitfile knows the text of unit files: header.go the first lines of
// those that montimer writes, unitfile.go how to read any.
package unitfile

import (
	"iter"
	"strings"
)

// UnitPath lists where systemd looks for units of the system and their
// drop-ins, the strongest first, as far as people and packages write there
// (systemd.unit(5), "Unit File Load Path").
func UnitPath() []string {
	return []string{
		"/etc/systemd/system.control", "/run/systemd/system.control",
		"/etc/systemd/system", "/run/systemd/system",
		"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	}
}

// Directive is one setting of a unit file.
type Directive struct{ Section, Key, Value string }

// Directives returns the settings of a unit file in their order, as systemd
// reads them (systemd.syntax(7)): without comments, and with a line that ends
// with a backslash and the next one as one line.
func Directives(unit string) iter.Seq[Directive] {
	return func(yield func(Directive) bool) {
		section, begun := "", ""
		for line := range strings.Lines(unit + "\n\n") {
			line = strings.TrimSpace(line)
			if line != "" && (line[0] == '#' || line[0] == ';') {
				continue
			}
			line, begun = begun+line, ""
			if before, ok := strings.CutSuffix(line, `\`); ok {
				begun = before + " "
				continue
			}
			if strings.HasPrefix(line, "[") {
				section = strings.Trim(line, "[]")
				continue
			}
			key, value, ok := strings.Cut(line, "=")
			if ok && !yield(Directive{section, strings.TrimSpace(key), strings.TrimSpace(value)}) {
				return
			}
		}
	}
}

// Values returns what a unit file sets a key to, in the order of the lines.
func Values(unit, section, key string) (values []string) {
	for d := range Directives(unit) {
		if d.Section == section && d.Key == key {
			values = append(values, d.Value)
		}
	}
	return values
}

// Upheld returns the units that a target upholds.
func Upheld(target string) map[string]bool {
	upheld := map[string]bool{}
	for _, names := range Values(target, "Unit", "Upholds") {
		for _, name := range strings.Fields(names) {
			upheld[name] = true
		}
	}
	return upheld
}

// Comment returns what follows a label in the first comment line that begins with
// it; "" if there is none.
func Comment(unit, label string) string {
	_, rest, _ := strings.Cut(unit, "\n# "+label)
	text, _, _ := strings.Cut(rest, "\n")
	return text
}
