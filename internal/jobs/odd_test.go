package jobs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// TestOddFiles: docs/jobs-yaml-compat.md says of each file of testdata/odd
// the result: accepted, accepted with a warning, or refused, and why.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	const doc = "../../docs/jobs-yaml-compat.md"
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|.*\\| (accepted|warning|refused)(?:: (.*?))? \\|$")
	said := map[string][]string{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		said[m[1]] = m[2:]
	}
	files, _ := filepath.Glob("testdata/odd/*.yaml")
	if len(files) != len(said) {
		t.Errorf("%d files, but %d rows in %s", len(files), len(said), doc)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		want, ok := said[name]
		if !ok {
			t.Errorf("%s has no row for %s", doc, name)
			continue
		}
		_, _, ds := decodeFile(t, file)
		got := "accepted"
		switch {
		case HasErrors(ds):
			got = "refused"
		case len(ds) > 0:
			got = "warning"
		}
		if got != want[0] || !strings.Contains(shown(ds), strings.ReplaceAll(want[1], "`", "")) {
			t.Errorf("%s: %s says %q, but it is %s:\n%s", name, doc, want, got, shown(ds))
		}
	}
}

// decodeInCheckout decodes testdata/files/jobs.yaml for a host with a checkout.
func decodeInCheckout(t *testing.T) []Diagnostic {
	t.Helper()
	checkout := fstest.MapFS{
		"protocols/note/main.py": {Mode: 0o644},
		"t.py":                   {Mode: 0o644},
		"run":                    {Mode: 0o755},
		"plain":                  {Mode: 0o644},
	}
	const file = "testdata/files/jobs.yaml"
	data, _, without := decodeFile(t, file)
	if len(without) > 0 {
		t.Errorf("without a checkout: %s", shown(without))
	}
	opt := host
	opt.Files = []fs.FS{fstest.MapFS{"elsewhere.sh": {}}, checkout}
	_, ds := Decode(filepath.Base(file), data, opt)
	return ds
}

// TestFiles looks for scripts in a checkout.
func TestFiles(t *testing.T) {
	t.Parallel()
	ds := decodeInCheckout(t)
	for _, d := range ds {
		if !d.OfFiles {
			t.Errorf("%+v is not marked", d)
		}
	}
	golden(t, "testdata/files/jobs.txt", shown(ds))
}

func checkoutMessages(t *testing.T) (messages []string) {
	t.Helper()
	for _, d := range decodeInCheckout(t) {
		messages = append(messages, d.Message)
	}
	return messages
}
