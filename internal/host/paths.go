package host

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/montimer/montimer"
)

// HiddenPath is a path of the host settings that no run can use.
type HiddenPath struct{ Setting, Path, Why string }

// Hidden finds paths of the host settings that no run can use, because the
// sandbox of a service replaces or hides them (systemd.exec(5), PrivateTmp= and
// ProtectHome=). services are the names that sandboxes are set for.
func Hidden(h montimer.Host, services []string) (hidden []HiddenPath) {
	for _, p := range []HiddenPath{
		{"checkout", h.Checkout, ""}, {"jobs", h.JobsFile, ""}, {"state_dir", h.StateDir, ""}, {"env_file", h.EnvFile, ""}, {"binary", h.Binary, ""},
	} {
		if p.Setting == "jobs" && inside(h.JobsFile, h.Checkout) {
			continue
		}
		for _, service := range services {
			if p.Why = hiddenBy(sandboxOf(h, service), p.Path); p.Why != "" {
				hidden = append(hidden, p)
				break
			}
		}
	}
	return hidden
}

// String returns "SETTING PATH: why".
func (p HiddenPath) String() string { return p.Setting + " " + p.Path + ": " + p.Why }

func sandboxOf(h montimer.Host, service string) montimer.Sandbox {
	return cmp.Or(h.Sandboxes[service], h.Sandboxes[montimer.AllOthers], montimer.SandboxDefault)
}

// hiddenBy says why a path cannot be used in a sandbox; "": it can.
func hiddenBy(sandbox montimer.Sandbox, path string) string {
	in := func(dirs ...string) string {
		i := slices.IndexFunc(dirs, func(dir string) bool { return inside(path, dir) })
		if i < 0 {
			return ""
		}
		return dirs[i]
	}
	if sandbox == montimer.SandboxHost {
		return ""
	}
	if dir := in("/tmp", "/var/tmp"); dir != "" {
		return fmt.Sprintf("the services have their own %s, so every run would fail: use a directory such as /srv", dir)
	}
	if dir := in("/home", "/root", "/run/user"); dir != "" && sandbox == montimer.SandboxStrict {
		return fmt.Sprintf("the sandbox strict hides %s, so every run would fail: use a directory such as /srv, or the sandbox default", dir)
	}
	return ""
}

// inside reports whether a clean path is dir or below it.
func inside(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// IsSystemDir reports whether a directory is one that a system has (hier(7)), or
// that has those of several users.
func IsSystemDir(dir string) bool {
	dir = filepath.Clean(dir)
	parent := filepath.Dir(dir)
	return parent == "/" || slices.Contains([]string{"/etc", "/usr", "/usr/local", "/var"}, parent) && dir != filepath.Dir(montimer.Instance("").ConfigFile())
}

// IsRootsPath reports whether a path is below a directory in which only root has
// something to change.
func IsRootsPath(path string) bool {
	return slices.ContainsFunc([]string{"/etc", "/opt", "/usr"}, func(dir string) bool { return inside(filepath.Clean(path), dir) })
}

// Missing says which directories of the host settings do not exist, and how to
// make them. systemd makes those below /var/lib.
func Missing(h montimer.Host, missing func(path string) bool) (problems []string) {
	if missing(h.Checkout) {
		problems = append(problems, fmt.Sprintf("checkout %s does not exist: clone it there as %s, or change checkout in %s", h.Checkout, h.User, h.Instance.ConfigFile()))
	}
	if !inside(h.StateDir, "/var/lib") && missing(h.StateDir) {
		problems = append(problems, fmt.Sprintf("state_dir %s does not exist: install -d -o %s -g %s -m 750 %[1]s", h.StateDir, h.User, h.Group))
	}
	return problems
}

// Shared says which directories of the host settings another instance has too.
// others are the settings of the others by their names.
func Shared(h montimer.Host, others map[montimer.Instance]Settings) (problems, warnings []string) {
	for _, i := range slices.Sorted(maps.Keys(others)) {
		s := others[i]
		if filepath.Clean(cmp.Or(s.StateDir, i.StateDir())) == h.StateDir {
			problems = append(problems, fmt.Sprintf("state_dir %s is also that of the instance of %s, so they would share locks and the database: set another state_dir in %s",
				h.StateDir, i.ConfigFile(), h.Instance.ConfigFile()))
		}
		if s.Checkout != "" && filepath.Clean(s.Checkout) == h.Checkout {
			warnings = append(warnings, fmt.Sprintf("checkout %s is also that of the instance of %s: a git sync of one does not wait for the tasks of the other",
				h.Checkout, i.ConfigFile()))
		}
	}
	return problems, warnings
}

// Others reads the settings of the instances on this host beside one. A file that
// cannot be read, or is wrong, is left out: its own instance reports that.
func Others(than montimer.Instance) map[montimer.Instance]Settings {
	others := map[montimer.Instance]Settings{}
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(than.ConfigFile()), "*.yaml")) // no error: the pattern is a good one
	for _, file := range files {
		i, err := montimer.ParseInstance(strings.TrimSuffix(filepath.Base(file), ".yaml"))
		if file == montimer.Instance("").ConfigFile() {
			i, err = "", nil
		}
		if err != nil || i == than || i.ConfigFile() != file {
			continue
		}
		if s, err := ReadConfig(file); err == nil {
			others[i] = s
		}
	}
	return others
}
