package main

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/doctor"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/manual"
	"github.com/montimer/montimer/internal/testenv"
	"github.com/montimer/montimer/internal/testhost"
	"github.com/montimer/montimer/internal/timeline"
)

// grammar is the whole command line.
func grammar(t *testing.T) *kong.Application {
	t.Helper()
	parser, err := newParser(context.Background(), new(cli), io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model
}

// TestManual compares the manual pages and the completions with what the grammar of
// the command line and the tables of keys, settings, exit codes and checks make of
// them; -update rewrites them. man's own formatter finds nothing wrong with a page.
func TestManual(t *testing.T) {
	t.Parallel()
	app := grammar(t)
	var checks []manual.Check
	known := manual.Fixed{}
	for _, state := range timeline.States {
		known["STATE"] = append(known["STATE"], string(state))
	}
	for _, c := range doctor.Checks() {
		known["ID"] = append(known["ID"], c.ID)
		checks = append(checks, manual.Check{ID: c.ID, Find: c.Find, Why: c.Why})
	}
	for file, write := range map[string]func(io.Writer) error{
		"docs/man/montimer.1":              func(w io.Writer) error { return manual.Command(w, app, exitCodes, checks) },
		"docs/man/jobs.yaml.5":             func(w io.Writer) error { return manual.Jobs(w, jobs.Keys()) },
		"docs/man/montimer-config.5":       func(w io.Writer) error { return manual.Config(w, host.Keys()) },
		"docs/man/montimer-units.7":        func(w io.Writer) error { return manual.Units(w, everyUnit(t), reaches(t)) },
		"deploy/completions/montimer.bash": func(w io.Writer) error { return manual.Bash(w, app, known) },
		"deploy/completions/_montimer":     func(w io.Writer) error { return manual.Zsh(w, app, known) },
		"deploy/completions/montimer.fish": func(w io.Writer) error { return manual.Fish(w, app, known) },
	} {
		t.Run(file, func(t *testing.T) {
			var out bytes.Buffer
			if err := write(&out); err != nil {
				t.Fatal(err)
			}
			path := "../../" + file
			if *update {
				if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(string(golden), out.String()); diff != "" {
				t.Errorf("make golden rewrites %s:\n%s", file, diff)
			}
			if !strings.HasPrefix(file, "docs/man/") {
				return
			}
			testenv.Need(t, "groff")
			warnings, err := exec.Command("groff", "-mandoc", "-Tutf8", "-rLL=80n", "-ww", "-z", path).CombinedOutput()
			if err != nil || len(warnings) > 0 {
				t.Errorf("groff: %v\n%s", err, warnings)
			}
			testenv.Need(t, "mandoc")
			// The pages have no date, so that two builds are the same.
			warnings, _ = exec.Command("mandoc", "-Tlint", "-W", "warning", path).CombinedOutput()
			for line := range strings.Lines(string(warnings)) {
				if !strings.Contains(line, "missing date") {
					t.Errorf("mandoc: %s", line)
				}
			}
		})
	}
}

// everyUnit returns the units of a host that uses all that montimer has, with a profile
// in each sandbox.
func everyUnit(t *testing.T) (units []manual.Unit) {
	t.Helper()
	h := testhost.Host()
	h.Sync.Every, h.Serve = time.Hour, montimer.Serve{Enabled: true, Listen: montimer.DefaultListen}
	h.Backup = montimer.Backup{Dir: "/mnt/backup", Every: time.Hour, Keep: 2}
	h.Sandboxes = map[string]montimer.Sandbox{"*": montimer.SandboxDefault}
	j := montimer.Jobs{Notify: montimer.NotifyPolicy{Report: montimer.ReportWeekly}}
	of := map[string]string{}
	for _, s := range []montimer.Sandbox{montimer.SandboxStrict, montimer.SandboxDefault, montimer.SandboxHost} {
		p := testhost.Profiles(t)[0]
		p.Name = string(s)
		h.Sandboxes[p.Name] = s
		j.Profiles = append(j.Profiles, p)
		of[h.Instance.Service(p.Name)], of[h.Instance.Timer(p.Name)] = p.Name, h.Instance.Timer("NAME")
	}
	rendered, err := compiler.Render(h, j)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range rendered {
		units = append(units, manual.Unit{Name: cmp.Or(of[u.Name], u.Name), Content: u.Content})
	}
	return units
}

// reaches returns the table of docs/sandbox.md, which a booted scenario tries.
func reaches(t *testing.T) (all []manual.Reach) {
	t.Helper()
	text, err := os.ReadFile("../../docs/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\| (.*) \| (yes|no) \| (yes|no) \| (yes|no) \|$`).FindAllStringSubmatch(string(text), -1) {
		all = append(all, manual.Reach{Does: strings.ReplaceAll(m[1], "`", ""), In: map[montimer.Sandbox]bool{
			montimer.SandboxDefault: m[2] == "yes", montimer.SandboxStrict: m[3] == "yes", montimer.SandboxHost: m[4] == "yes",
		}})
	}
	if len(all) < 30 {
		t.Fatalf("docs/sandbox.md has %d rows", len(all))
	}
	return all
}
