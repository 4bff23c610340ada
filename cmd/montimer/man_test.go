package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/testenv"
)

// TestManual compares with the pages of docs/man, which -update rewrites, and
// has man's own formatter find nothing wrong with them.
func TestManual(t *testing.T) {
	t.Parallel()
	for page, file := range map[string]string{
		"montimer":  "../../docs/man/montimer.1",
		"jobs.yaml": "../../docs/man/jobs.yaml.5",
		"bash":      "../../deploy/completions/montimer.bash",
	} {
		var out, said bytes.Buffer
		if code := run(context.Background(), []string{"man", page}, &out, &said); code != 0 {
			t.Fatalf("%s: exit %d: %s", page, code, said.String())
		}
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(golden), out.String()); diff != "" {
			t.Errorf("make golden rewrites %s:\n%s", file, diff)
		}
		t.Run(page, func(t *testing.T) {
			if page == "bash" {
				return
			}
			testenv.Need(t, "groff")
			warnings, err := exec.Command("groff", "-man", "-Tutf8", "-ww", "-z", file).CombinedOutput()
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
