package manual

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/testhost"
)

// TestVariables: the page names every variable that the host's settings are read
// from.
func TestVariables(t *testing.T) {
	t.Parallel()
	named := ""
	for _, v := range variables() {
		named += v[0] + ", "
	}
	for _, name := range host.Variables() {
		if !strings.Contains(named, name+", ") {
			t.Errorf("%s is not in the manual", name)
		}
	}
}

// examples returns the examples of a manual page as they are shown.
func examples(t *testing.T, page string) (found []string) {
	t.Helper()
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(text), "\n.EX\n")[1:] {
		example, _, _ := strings.Cut(part, ".EE\n")
		found = append(found, strings.NewReplacer(`\-`, "-", `\(aq`, "'", `\&`, "", `\e`, `\`).Replace(example))
	}
	if found == nil {
		t.Fatalf("%s has no example", page)
	}
	return found
}

// TestConfigExample: the config.yaml that the page shows is one.
func TestConfigExample(t *testing.T) {
	t.Parallel()
	for _, text := range examples(t, "docs/man/montimer-config.5") {
		file := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := host.ReadConfig(file); err != nil || s.Checkout == "" {
			t.Errorf("%v %+v\n%s", err, s, text)
		}
	}
}

// TestJobsExamples: each jobs.yaml that the page shows is one without a warning, and
// becomes units; together they have every key.
func TestJobsExamples(t *testing.T) {
	t.Parallel()
	all := ""
	for _, text := range examples(t, "docs/man/jobs.yaml.5") {
		j, diagnostics := jobs.Decode("jobs.yaml", []byte(text), jobs.Options{Local: time.UTC, Now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Prove: true})
		if len(diagnostics) > 0 {
			t.Errorf("%v\n%s", diagnostics, text)
		}
		if _, err := compiler.Render(testhost.Host(), j); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		all += text
	}
	for _, k := range jobs.Keys() {
		if !regexp.MustCompile(`(?m)(^|[\s{])` + k.Name + `:`).MatchString(all) {
			t.Errorf("no example has %s of %s", k.Name, k.Level)
		}
	}
}

// TestUnitsKnowsAll: a unit, or a directive of a service, that the page does not name
// is an error.
func TestUnitsKnowsAll(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"[Unit]\n\n[Service]\nProtectSystem=strict\n": "",
		"[Unit]\n\n[Service]\nProtectSoul=yes\n":      "ProtectSoul",
	} {
		err := Units(io.Discard, []Unit{{own.Service("NAME"), content}}, nil)
		if (want == "") != (err == nil) || err != nil && !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("%q: %v", content, err)
		}
	}
	if err := Units(io.Discard, []Unit{{own.Unit("new.path"), ""}}, nil); err == nil || !strings.HasSuffix(err.Error(), ": "+own.Unit("new.path")) {
		t.Errorf("a new unit: %v", err)
	}
}

// TestMisused: the commands that are named instead are those of the instance, and
// an option for the host's settings leads to the commands that take it.
func TestMisused(t *testing.T) {
	t.Parallel()
	var cli struct {
		List struct{} `cmd:""`
		Make struct {
			Out string `group:"host"`
		} `cmd:""`
		Inspect struct {
			Out string `group:"host"`
		} `cmd:"" hidden:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ line, err, want string }{
		{"stop", "", "there is no command stop; instead: systemctl stop montimer-b-job-NAME.service; to skip runs to come: montimer --instance b pause NAME"},
		{"timers", "", "there is no command timers; instead: systemctl list-timers 'montimer-b-job-*.timer'"},
		{"lst", "", "there is no command lst; did you mean list?"},
		{"list --out=x", "unknown flag --out", "list takes no --out, since it does not use that setting; these do: make"},
		{"list --oot=x", "unknown flag --oot", "unknown flag --oot"},
	} {
		if got := Misused(parser.Model.Node, "b", strings.Fields(tc.line), errors.New(tc.err)); got != tc.want {
			t.Errorf("%s: %s", tc.line, got)
		}
	}
}
