package montimer_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/montimer/montimer"

// edges says what each package may import besides the standard library. Imports
// run one way: from cmd down to the nouns. ARCHITECTURE.md shows the picture.
var edges = map[string][]string{
	".":                  {"internal/calendar"},
	"internal/api":       {".", "internal/jobs", "internal/store", "internal/view"},
	"internal/backup":    {".", "internal/flock", "internal/safefile", "internal/safetext", "internal/store", "taskexec", "golang.org/x/sys/unix"},
	"internal/byhand":    {".", "compiler", "internal/host", "internal/jobsfile", "internal/journal", "internal/safetext", "internal/systemd", "taskexec"},
	"internal/calendar":  {},
	"internal/cron":      {"internal/calendar"},
	"internal/journal":   {".", "taskexec", "internal/safetext", "internal/systemd", "github.com/coreos/go-systemd/v22/journal", "golang.org/x/sys/unix"},
	"internal/jobs":      {"internal/lazy", ".", "internal/calendar", "internal/cron", "internal/safetext", "internal/suggest", "gopkg.in/yaml.v3"},
	"internal/jobsfile":  {".", "internal/host", "internal/jobs", "internal/safefile", "internal/safetext", "taskexec"},
	"internal/systemd":   {"taskexec", "internal/calendar", "golang.org/x/sys/unix", "github.com/coreos/go-systemd/v22/dbus", "github.com/godbus/dbus/v5"},
	"internal/console":   {"internal/journal", "internal/safetext", "internal/systemd", "taskexec", "github.com/coreos/go-systemd/v22/journal", "golang.org/x/sys/unix"},
	"internal/diff":      {".", "compiler", "internal/calendar", "internal/safetext", "internal/systemd", "internal/timer", "internal/unitdir", "internal/unitfile", "github.com/aymanbagabas/go-udiff/lcs"},
	"internal/drift":     {"taskexec", ".", "compiler", "internal/timer", "internal/unitdir", "internal/unitfile"},
	"internal/explain":   {".", "internal/calendar", "internal/cron", "internal/safetext"},
	"internal/flock":     {"golang.org/x/sys/unix"},
	"internal/gitsync":   {"internal/proc", "internal/lazy", ".", "internal/flock", "internal/safefile", "golang.org/x/sys/unix"},
	"internal/hostcheck": {".", "internal/backup", "internal/calendar", "internal/host", "internal/jobs", "internal/jobsfile", "internal/unitdir", "internal/unitfile", "golang.org/x/sys/unix"},
	"internal/host":      {"internal/proc", "internal/lazy", ".", "internal/flock", "internal/safefile", "internal/safetext", "internal/calendar", "internal/suggest", "gopkg.in/yaml.v3", "golang.org/x/sys/unix"},
	"internal/doctor": {".", "compiler", "internal/backup", "internal/byhand", "internal/calendar", "internal/gitsync", "internal/host", "internal/hostcheck", "internal/jobs",
		"internal/jobsfile", "internal/journal", "internal/notify", "internal/safetext", "internal/serve", "internal/store", "internal/systemd", "internal/unitdir", "internal/unitfile", "internal/view",
		"taskexec", "golang.org/x/sys/unix"},
	"internal/serve": {".", "internal/safefile", "github.com/coreos/go-systemd/v22/activation"},
	"internal/look": {".", "internal/lazy", "internal/backup", "internal/calendar", "internal/drift", "internal/gitsync", "internal/host", "internal/hostcheck", "internal/jobs", "internal/jobsfile", "internal/journal", "internal/safetext",
		"internal/store", "internal/systemd", "internal/timeline", "internal/unitdir", "internal/view", "taskexec"},
	"internal/timeline": {".", "internal/calendar"},
	"internal/page":     {".", "internal/safetext", "internal/timeline", "internal/view"},
	"internal/view":     {".", "internal/calendar", "internal/lazy", "internal/safetext", "internal/timeline"},
	"internal/imports":  {".", "internal/calendar", "internal/cron", "internal/jobs", "internal/jobsfile", "internal/lazy", "internal/safefile", "internal/safetext", "internal/unitfile"},
	"internal/lazy":     {},
	"internal/legacy":   {".", "internal/jobs", "internal/safefile", "internal/safetext"},
	"internal/manual":   {".", "internal/host", "internal/jobs", "internal/safetext", "internal/suggest", "taskexec", "github.com/alecthomas/kong"},
	"internal/notify":   {".", "internal/safetext", "internal/telegram"},
	"internal/proc":     {"golang.org/x/sys/unix"},
	"internal/pager":    {"internal/backup", "internal/host", "internal/systemd", "internal/safetext", ".", "internal/journal", "internal/notify", "internal/safefile", "internal/store", "taskexec", "github.com/coreos/go-systemd/v22/journal"},
	"internal/safetext": {"golang.org/x/text/width"},
	"internal/safefile": {"github.com/google/renameio/v2", "golang.org/x/sys/unix"},
	"internal/suggest":  {},
	"internal/store":    {".", "internal/calendar", "internal/flock", "internal/safefile", "modernc.org/sqlite", "modernc.org/sqlite/lib", "golang.org/x/sys/unix"},
	"internal/telegram": {},
	"internal/testenv":  {"golang.org/x/sys/unix"},
	"internal/apply":    {".", "compiler", "internal/systemd", "internal/timer", "internal/unitdir", "internal/unitfile"},
	"internal/testhost": {".", "internal/calendar"},
	"internal/timer":    {".", "internal/calendar", "internal/unitfile"},
	"internal/unitdir":  {".", "compiler", "internal/unitfile", "golang.org/x/sys/unix"},
	"internal/unitfile": {},
	"compiler":          {".", "internal/calendar", "internal/timer", "internal/unitfile"},
	"taskexec":          {"internal/proc", ".", "internal/calendar", "internal/flock", "internal/safefile", "internal/safetext", "golang.org/x/sys/unix"},
	"internal/takeover": {".", "internal/backup", "internal/byhand", "internal/calendar", "internal/host", "internal/notify", "internal/safetext", "internal/store", "internal/systemd", "internal/timeline", "internal/unitdir", "internal/view", "taskexec"},
	"internal/tick":     {".", "internal/backup", "internal/console", "internal/drift", "internal/flock", "internal/gitsync", "internal/host", "internal/jobs", "internal/jobsfile", "internal/journal", "internal/look", "internal/notify", "internal/pager", "internal/safetext", "internal/store", "internal/systemd", "internal/view", "taskexec"},
	"internal/listing":  {".", "internal/safetext", "internal/view"},
	"cmd/montimer":      {".", "compiler", "taskexec", "internal/*", "github.com/alecthomas/kong"},
}

// TestImports holds the layout: what is not in edges is not imported.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (path == "difftest" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		seen[pkg] = true
		allowed, known := edges[pkg]
		if !known {
			t.Errorf("package %s is not in the table: say there what it may import", pkg)
			return nil
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if name == module {
				name = "."
			}
			name = strings.TrimPrefix(name, module+"/")
			if !standard(name) && !slices.ContainsFunc(allowed, func(pattern string) bool { return matches(pattern, name) }) {
				t.Errorf("%s imports %s, which %s may not", path, name, pkg)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range edges {
		if !seen[pkg] {
			t.Errorf("package %s is in the table and has no file", pkg)
		}
	}
}

// standard reports whether the path is one of the standard library.
func standard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return name != "." && !strings.Contains(first, ".") &&
		first != "internal" && first != "compiler" && first != "taskexec" && first != "cmd"
}

func matches(pattern, name string) bool {
	prefix, wild := strings.CutSuffix(pattern, "*")
	return pattern == name || wild && strings.HasPrefix(name, prefix)
}

// TestCommandIsWiring: the commands parse, wire and print. What is longer belongs
// to a package, where something else than a command can use it.
func TestCommandIsWiring(t *testing.T) {
	files, err := filepath.Glob("cmd/montimer/*.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") {
			lines += strings.Count(string(text), "\n")
		}
	}
	if lines == 0 || lines > 2807 {
		t.Errorf("cmd/montimer has %d lines, more than 2807", lines)
	}
}
