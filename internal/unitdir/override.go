package unitdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer/compiler"
)

// Overrides returns what changes the units of the folder own from outside:
// drop-ins anywhere in the unit path, and files in a folder before own that
// have the name of a unit, such as a mask.
func Overrides(unitPath []string, own string, units []compiler.Unit) ([]string, error) {
	names := make(map[string]bool, len(units))
	for _, u := range units {
		names[u.Name] = true
	}
	var paths []string
	before := true
	for _, dir := range unitPath {
		before = before && dir != own
		entries, err := readDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			switch {
			case names[e.Name()] && before:
				paths = append(paths, path)
			case isDropIn(e.Name(), names):
				files, err := dropIns(path)
				if err != nil {
					return nil, err
				}
				paths = append(paths, files...)
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// dropIns returns the drop-ins of a directory.
func dropIns(dir string) (paths []string, err error) {
	files, err := readDir(dir)
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".conf") {
			paths = append(paths, filepath.Join(dir, f.Name()))
		}
	}
	return paths, err
}

// isDropIn reports whether systemd reads the folder for any of the units: NAME.d
// itself, the name cut behind one of its dashes, or the type of the unit alone.
func isDropIn(folder string, units map[string]bool) bool {
	unit, ok := strings.CutSuffix(folder, ".d")
	if !ok {
		return false
	}
	stem, kind := strings.TrimSuffix(unit, filepath.Ext(unit)), filepath.Ext(unit)
	switch {
	case units[unit]:
		return true
	case kind == "": // "service.d"
		stem, kind = "", "."+unit
	case !strings.HasSuffix(stem, "-"):
		return false
	}
	for name := range units {
		if strings.HasPrefix(name, stem) && strings.HasSuffix(name, kind) {
			return true
		}
	}
	return false
}

// readDir lists a folder; what does not exist or is none is empty.
func readDir(path string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
		return nil, fmt.Errorf("look for drop-ins: %w", err)
	}
	return entries, nil
}
