package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/doctor"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/manual"
	"github.com/montimer/montimer/internal/testenv"
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
	for _, c := range doctor.Checks() {
		checks = append(checks, manual.Check{ID: c.ID, Find: c.Find, Why: c.Why})
	}
	for file, write := range map[string]func(io.Writer) error{
		"docs/man/montimer.1":              func(w io.Writer) error { return manual.Command(w, app, exitCodes, checks) },
		"docs/man/jobs.yaml.5":             func(w io.Writer) error { return manual.Jobs(w, jobs.Keys()) },
		"docs/man/montimer-config.5":       func(w io.Writer) error { return manual.Config(w, host.Keys()) },
		"deploy/completions/montimer.bash": func(w io.Writer) error { return manual.Bash(w, app) },
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
			if diff := cmp.Diff(string(golden), out.String()); diff != "" {
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
		})
	}
}

// TestCompletion has bash complete command lines.
func TestCompletion(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "bash")
	for line, want := range map[string]string{
		"com":                     "compile",
		"notify ":                 "test pending flush drop report",
		"compile --stri":          "--strict",
		"notify flush --du":       "--due",
		"run hourly --fol":        "--follow",
		"--help compile --strict": "--strict",
		"list --inst":             "--instance",
		"list --bin":              "",
	} {
		script := `source ../../deploy/completions/montimer.bash
			montimer() { :; }
			IFS=" " read -ra COMP_WORDS <<<"montimer $1."
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			COMP_WORDS[COMP_CWORD]=${COMP_WORDS[COMP_CWORD]%.}
			_montimer && echo "${COMPREPLY[*]}"`
		out, err := exec.Command("bash", "-c", script, "bash", line).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", line, got, err, want)
		}
	}
}
