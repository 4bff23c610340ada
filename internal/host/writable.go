package host

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/lazy"
)

var umaskPattern = lazy.Regexp(`^0?[0-7]{3}$`)

// umask takes the digits as they are written: YAML would read 022 as a number.
func (c *config) umask(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || !umaskPattern().MatchString(n.Value) {
		c.wrong(n, "umask: %s: write octal digits such as 0022 or 0027", describe(n))
		return ""
	}
	return n.Value
}

// writable are the paths that a sandbox leaves writable, by the name of a
// profile. A profile has the paths of "*" too.
type writable map[string][]string

// writable reads a list for all profiles, or a mapping with a list for each of
// some and "*" for all.
func (c *config) writable(n *yaml.Node) writable {
	w := writable{}
	add := func(profile string, list *yaml.Node) {
		if list.Kind != yaml.SequenceNode {
			c.wrong(list, "write: %s: write a list of paths such as [/srv/www, /mnt/backup]", describe(list))
			return
		}
		for _, n := range list.Content {
			n = target(n)
			if why := unfit(n); why != "" {
				c.wrong(n, "write: %s %s", describe(n), why)
				continue
			}
			w[profile] = append(w[profile], filepath.Clean(n.Value))
		}
	}
	if n.Kind == yaml.SequenceNode {
		add(montimer.AllOthers, n)
	} else {
		c.pairs(n, "write", `{"*": [/srv/www], nightly: [/mnt/backup]}, or a list for all profiles`, func(profile, n *yaml.Node) { add(profile.Value, n) })
	}
	return w
}

// unfit says why no sandbox can leave a path writable; "": it can.
func unfit(n *yaml.Node) string {
	path := n.Value
	switch {
	case n.Kind != yaml.ScalarNode || !filepath.IsAbs(path):
		return "is not a path from / on"
	case strings.ContainsAny(path, "\"'\\"):
		return "holds a quote or a backslash, which no list of paths of a unit can express"
	}
	path = filepath.Clean(path)
	for _, private := range []string{"/tmp", "/var/tmp", "/dev"} {
		if within(path, private) {
			return "is in " + private + ", of which services have their own: choose another directory"
		}
	}
	for _, relied := range reliedOn {
		if within(path, relied) || within(relied, path) || relied == montimer.Instance("").RunDir() && strings.HasPrefix(path, relied+"-") {
			return "is, holds or is in " + relied + ", which root or systemd relies on: name a directory for data, " +
				"or give the profile the sandbox host"
		}
	}
	return ""
}

// reliedOn are directories of programs, settings, units and the kernel.
var reliedOn = []string{
	"/etc", "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/boot", "/efi", "/proc", "/sys",
	"/run/systemd", "/run/dbus", "/run/user", montimer.Instance("").RunDir(), "/var/lib/systemd",
}

// checkWritable refuses paths that hold what root relies on by the host's own
// settings.
func checkWritable(h montimer.Host) error {
	for profile, paths := range h.Writable {
		for _, path := range paths {
			for _, relied := range []string{h.UnitDir, h.EnvFile, h.Binary} {
				if within(relied, path) || within(path, relied) {
					return fmt.Errorf("write of %s: %s would let tasks change %s, which root relies on", profile, path, relied)
				}
			}
		}
	}
	return nil
}

// within reports whether a clean path is dir or below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// Unwritten names the paths of the setting write that exists reports missing,
// sorted.
func Unwritten(h montimer.Host, exists func(path string) bool) []string {
	var missing []string
	for _, paths := range h.Writable {
		for _, path := range paths {
			if !exists(path) {
				missing = append(missing, path)
			}
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}
