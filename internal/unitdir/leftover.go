package unitdir

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/unitfile"
)

// Leftovers says what is left of older versions, with units installed by hand
// and enabled one by one, each with the command that removes it. own is the
// folder that units are compiled to, unitPath as in [UnitPath], tmpfiles the
// folders of tmpfiles.d(5).
func Leftovers(unitPath []string, own string, tmpfiles []string) (notes []string, err error) {
	note := func(path, marker, format string) {
		if content, readErr := readOptional(path); readErr != nil {
			err = errors.Join(err, readErr)
		} else if !unitfile.Generated(content) && strings.Contains(content, marker) {
			notes = append(notes, fmt.Sprintf(format, path))
		}
	}
	var usual montimer.Instance // older versions knew no other
	enabled := map[string]bool{}
	hides := true
	for _, dir := range unitPath {
		hides = hides && dir != own
		for _, name := range compiler.HostUnits(usual) {
			switch path := filepath.Join(dir, name); {
			case dir == own: // compile replaces it
			case hides:
				note(path, shippedMark, "%s is of an older version and hides the unit of this one: rm %[1]s && systemctl daemon-reload")
			default:
				note(path, shippedMark, "%s is of an older version and has no effect: rm %[1]s")
			}
			links, _ := filepath.Glob(filepath.Join(dir, "*.wants", name)) // no error: the pattern is a good one
			enabled[name] = enabled[name] || len(links) > 0
		}
		note(filepath.Join(dir, usual.Unit("apply.path")), shippedMark,
			"%s is of an older version: systemctl disable --now "+usual.Unit("apply.path")+"; rm %[1]s && systemctl daemon-reload")
	}
	for _, dir := range tmpfiles {
		note(filepath.Join(dir, "montimer.conf"), "# Where apply writes units", "%s is of an older version; systemd now makes the directories for the units: rm %[1]s")
	}
	return append(notes, enabledNotes(enabled, usual)...), err
}

// enabledNotes names the units that are enabled, of those that once were.
func enabledNotes(enabled map[string]bool, of montimer.Instance) []string {
	maps.DeleteFunc(enabled, func(_ string, is bool) bool { return !is })
	if len(enabled) == 0 {
		return nil
	}
	names := strings.Join(slices.Sorted(maps.Keys(enabled)), " ")
	return []string{fmt.Sprintf("an older version enabled %s; now %s starts them: systemctl disable %[1]s", names, of.Target())}
}

// shippedMark is in the units that older versions brought along, which are
// compiled now.
const shippedMark = "\nDocumentation=https://github.com/montimer/montimer\n"

// shipped reports whether the file is one of those.
func shipped(name, content string) bool {
	return slices.Contains(compiler.HostUnits(""), name) && strings.Contains(content, shippedMark)
}

// readOptional reads a regular file; what is none is empty.
func readOptional(path string) (string, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return "", nil
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return "", fmt.Errorf("look for what older versions left: %w", err)
	}
	return string(data), nil
}
