package legacy

import (
	"path"
	"strings"

	"github.com/montimer/montimer"
)

// settings are the variables that name the text caches of a task, with the names
// that tasks use without them.
var settings = []struct{ name, standard string }{
	{"CACHE_FILENAME", "cache-id.txt"},
	{"NONCE_FILENAME", "nonces.txt"},
	{"MORPHO_FILENAME", "cache-id.txt"},
}

// A File is a text cache that may be there.
type File struct {
	Path    string
	Setting string // the variable that is empty, so that Path is a directory; "": none
}

// Files returns the text caches of a host, each once: those of the variables of the
// services, then those of the variables of each profile, disabled ones included,
// then those that were asked for, which may repeat. Relative names are in dir, the
// CACHE_DIR of the tasks.
func Files(dir string, lookup func(string) (string, bool), profiles []montimer.Profile, extra []string) (files []File) {
	seen := map[string]bool{}
	add := func(f File) {
		if !seen[f.Path] {
			seen[f.Path] = true
			files = append(files, f)
		}
	}
	for _, s := range settings {
		name, set := lookup(s.name)
		if !set {
			name = s.standard
		}
		f := File{Path: join(dir, name)}
		if name == "" {
			f.Setting = s.name
		}
		add(f)
	}
	for _, p := range profiles {
		for _, s := range settings {
			if name := last(p.Env, s.name); name != "" {
				add(File{Path: join(dir, name)})
			}
		}
	}
	for _, name := range extra {
		files = append(files, File{Path: join(dir, name)})
	}
	return files
}

// last returns the value that a variable has in the end; "": none.
func last(env []montimer.EnvVar, name string) (value string) {
	for _, v := range env {
		if v.Name == name {
			value = v.Value
		}
	}
	return value
}

// join is a path below dir, unless it is absolute, as Python's pathlib writes it:
// with ".." left in place, which may be one of a link.
func join(dir, name string) string {
	if !path.IsAbs(name) {
		name = dir + "/" + name
	}
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	return "/" + strings.Join(parts, "/")
}
