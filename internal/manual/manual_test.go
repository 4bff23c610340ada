package manual

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/montimer/montimer/internal/host"
)

// TestVariables: the page names every variable that the host's settings are read
// from.
func TestVariables(t *testing.T) {
	t.Parallel()
	named := ""
	for _, v := range variables {
		named += v[0] + ", "
	}
	for _, name := range host.Variables() {
		if !strings.Contains(named, name+", ") {
			t.Errorf("%s is not in the manual", name)
		}
	}
}

// TestConfigExample: the config.yaml that the page shows is one.
func TestConfigExample(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/man/montimer-config.5")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "\n.EX\n")
	text, _, ok := strings.Cut(text, ".EE\n")
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, `\-`, "-")), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := host.ReadConfig(file); !ok || err != nil || s.Backup.Dir == "" || len(s.Limits["report"]) == 0 {
		t.Errorf("%v %+v\n%s", err, s, text)
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
