package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/testenv"
)

// blocks returns the fenced blocks of a language in a Markdown file.
func blocks(t *testing.T, file, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		found = append(found, m[1])
	}
	return found
}

func decode(t *testing.T, text string) (montimer.Jobs, []jobs.Diagnostic) {
	t.Helper()
	return jobs.Decode("jobs.yaml", []byte(text), jobs.Options{Local: time.UTC, Now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)})
}

// TestReadme compiles the README's jobs.yaml: the units have the lines that it
// shows, in that order, and the mistake reads as it says.
func TestReadme(t *testing.T) {
	t.Parallel()
	yaml := blocks(t, "README.md", "yaml")[0]
	j, diagnostics := decode(t, yaml)
	if len(diagnostics) > 0 {
		t.Errorf("the example is not silent: %v", diagnostics)
	}
	units, err := compiler.Render(montimer.Host{
		JobsFile: "/srv/app/jobs.yaml", Checkout: "/srv/app", StateDir: "/var/lib/montimer", EnvFile: "/etc/montimer/env",
		User: "deploy", Group: "deploy", UnitDir: "/usr/local/lib/systemd/system", Binary: "/usr/local/bin/montimer",
	}, j)
	if err != nil {
		t.Fatal(err)
	}
	shown := blocks(t, "README.md", "ini")
	for i, name := range []string{montimer.Instance("").Timer("nightly"), montimer.Instance("").Service("nightly")} {
		content := ""
		for _, u := range units {
			if u.Name == name {
				content = u.Content
			}
		}
		for line := range strings.Lines(shown[i]) {
			_, rest, ok := strings.Cut(content, "\n"+line)
			if !ok {
				t.Errorf("%s has no line %q behind the ones before it", name, line)
			}
			content = "\n" + rest
		}
	}

	_, mistake, ok := strings.Cut(blocks(t, "README.md", "console")[0], "$ montimer compile --check\n")
	if !ok {
		t.Fatal("the README shows no mistake")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "jobs.yaml"), []byte(strings.Replace(yaml, `"30 4`, `"61 4`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "report.sh"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	check := exec.Command(build(t), "compile", "--check")
	check.Dir, check.Stdout = dir, &said
	if check.Run(); said.String() != mistake {
		t.Errorf("the README shows\n%s\nand it is\n%s", mistake, said.String())
	}
}

// TestSettingsOfPages: what the pages show of config.yaml is read without a mistake.
func TestSettingsOfPages(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%v, %v", pages, err)
	}
	shown := 0
	for _, page := range append(pages, "../../ARCHITECTURE.md") {
		page = strings.TrimPrefix(page, "../../")
		if slices.Contains([]string{"docs/ci.md", "docs/containers.md"}, page) {
			continue // their files are of other programs
		}
		for _, text := range blocks(t, page, "yaml") {
			if strings.Contains(text, "litestream") || strings.Contains(text, "profiles:\n") {
				continue // of another program, or a jobs.yaml
			}
			file := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := host.ReadConfig(file); err != nil {
				t.Errorf("%s: %v\n%s", page, err, text)
			}
			shown++
		}
	}
	if shown < 4 {
		t.Errorf("only %d blocks were found", shown)
	}
}

// TestExitCodes: ARCHITECTURE.md has the exit codes with the words of the manual.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "| code | meaning |\n|---|---|\n"
	for _, c := range exitCodes {
		want += fmt.Sprintf("| %d | %s%s |\n", c.Code, strings.ToLower(c.Meaning[:1]), strings.TrimSuffix(c.Meaning[1:], "."))
	}
	_, table, _ := strings.Cut(string(text), "## Exit codes\n\n")
	if table != want {
		t.Errorf("want\n%s", want)
	}
}

// TestFromCron runs the commands of docs/from-cron.md with its crontab. The receipts
// read as it says, but for the days and the summer time of the year.
func TestFromCron(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "sh")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "crontab.txt"), []byte(blocks(t, "docs/from-cron.md", "crontab")[0]), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-eux", "-c", blocks(t, "docs/from-cron.md", "sh")[0])
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(build(t))+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	days := regexp.MustCompile(`(\w{3} )?\d{4}-\d\d-\d\d|CES?T|goes \w+ from \d\d:\d\d to \d\d:\d\d`)
	rest := days.ReplaceAllString(string(out), "DAY")
	for line := range strings.Lines(blocks(t, "docs/from-cron.md", "text")[0]) {
		_, after, ok := strings.Cut(rest, days.ReplaceAllString(line, "DAY"))
		if !ok {
			t.Errorf("not said, or not there:\n%sin\n%s", line, out)
			continue
		}
		rest = after
	}
	if text := string(out); strings.Contains(text, "s3cr3t") || !strings.Contains(text, "OnCalendar=*-*-* *:00..55/5:00 UTC") {
		t.Errorf("shows the secret, or explains nothing:\n%s", text)
	}
}
