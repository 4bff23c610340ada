// Package hostcheck finds what on a host would make runs fail: the settings, the
// directories and the binary (check.go), the environment file (environ.go), the
// checkout, looked at as the user of the tasks (checkout.go), and what older
// versions have left.
package hostcheck

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
)

// Findings are sentences for people, without a prefix.
type Findings struct {
	Errors   []string // what would make every run fail
	Warnings []string
}

func (f *Findings) warn(format string, args ...any) {
	f.Warnings = append(f.Warnings, fmt.Sprintf(format, args...))
}

// IsThisHost reports whether units of h are for the running systemd. A user
// other than root makes units for another host, as does root in another
// directory.
func IsThisHost(h montimer.Host) bool {
	return host.IsRoot() && slices.Contains(unitfile.UnitPath(), h.UnitDir)
}

// Check checks a host and what its jobs.yaml asks of it. What would make every
// run fail is an error for this host, and a warning for another.
func Check(h montimer.Host, j montimer.Jobs, here bool) (f Findings) {
	for _, name := range unknownProfiles(h, j) {
		f.warn("sandbox, limits or write in %s name the profile %q, which jobs.yaml does not have", h.Instance.ConfigFile(), name)
	}
	for _, path := range host.Unwritten(h, exists) { // systemd ignores them, and tasks cannot create them
		f.warn("write in %s names %s, which does not exist, so no task can write there: install -d -o %s -g %s %[2]s", h.Instance.ConfigFile(), path, h.User, h.Group)
	}
	f.Warnings = append(f.Warnings, host.RefusedGroups(h, j.Profiles)...)
	var problems []string
	for _, p := range host.Hidden(h, Services(h, j)) {
		problems = append(problems, p.String())
	}
	if err := Executable(h.Binary); err != nil {
		problems = slices.Insert(problems, 0, fmt.Sprintf("no service could start: %v: correct binary in %s, --binary or $MONTIMER_BINARY", err, h.Instance.ConfigFile()))
	}
	if here {
		shared, warnings := host.Shared(h, host.Others(h.Instance))
		f.Errors = slices.Concat(problems, host.Missing(h, isMissing), shared)
		f.Warnings = append(f.Warnings, warnings...)
	} else {
		f.Warnings = append(f.Warnings, problems...)
	}
	f.environment(h, j)
	return f
}

// unknownProfiles names profiles that the host's settings have and jobs.yaml
// does not: a renamed profile loses its settings.
func unknownProfiles(h montimer.Host, j montimer.Jobs) []string {
	named := slices.Concat(slices.Collect(maps.Keys(h.Sandboxes)), slices.Collect(maps.Keys(h.Limits)), slices.Collect(maps.Keys(h.Writable)))
	slices.Sort(named)
	return slices.DeleteFunc(slices.Compact(named), func(name string) bool {
		_, known := j.Profile(name)
		return known || name == montimer.AllOthers
	})
}

// Services names what services there are: the enabled profiles, and the git syncs.
func Services(h montimer.Host, j montimer.Jobs) (names []string) {
	for _, p := range j.Profiles {
		if p.Enabled {
			names = append(names, p.Name)
		}
	}
	if h.Sync.Every > 0 {
		names = append(names, montimer.GitSync)
	}
	return names
}

// Executable returns an error if a path is no program.
func Executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", path)
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("%s is not executable", path)
	}
	return nil
}

// Leftovers lists files and links of older versions on this host.
func Leftovers(unitDir string) []string {
	notes, err := unitdir.Leftovers(unitfile.UnitPath(), unitDir, []string{"/etc/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d"})
	if err != nil {
		notes = append(notes, err.Error())
	}
	return notes
}

// isMissing is false for a path that this process may not look at.
func isMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
