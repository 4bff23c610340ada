package jobs

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

// host is the host that the tests decode for.
var host = Options{Local: time.UTC, Now: time.Date(2026, time.November, 25, 12, 0, 0, 0, time.UTC), Prove: true}

func decodeFile(t *testing.T, file string) ([]byte, montimer.Jobs, []Diagnostic) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	jobs, ds := Decode(filepath.Base(file), data, host)
	return data, jobs, ds
}

func shown(ds []Diagnostic) string {
	var b bytes.Buffer
	_ = WriteText(&b, ds, false)
	return b.String()
}

// golden compares got with a file. With -update it writes the file instead.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// cases returns the .yaml files of a folder, and holds the folder to pairs of
// a .yaml and an output. With -update it removes outputs without a .yaml.
func cases(t *testing.T, dir, suffix string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	outputs, _ := filepath.Glob(filepath.Join(dir, "*"+suffix))
	for _, o := range outputs {
		if _, err := os.Stat(strings.TrimSuffix(o, suffix) + ".yaml"); err == nil {
			continue
		}
		if !*update {
			t.Errorf("%s has no .yaml", o)
		} else if err := os.Remove(o); err != nil {
			t.Error(err)
		}
	}
	return files
}

// TestErr: each file of testdata/err has problems, and they are shown as its
// .txt says, to the letter.
func TestErr(t *testing.T) {
	t.Parallel()
	files := cases(t, "testdata/err", ".txt")
	if len(files) < 80 {
		t.Errorf("only %d cases", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			_, _, ds := decodeFile(t, file)
			if len(ds) == 0 {
				t.Fatal("no problem was found")
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", shown(ds))
		})
	}
}

// TestOK: each file of testdata/ok is read in silence, as its .out says: the
// same jobs with everything written out, which is read back as the same.
func TestOK(t *testing.T) {
	t.Parallel()
	for _, file := range cases(t, "testdata/ok", ".out") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			_, jobs, ds := decodeFile(t, file)
			if len(ds) > 0 {
				t.Fatalf("not silent:\n%s", shown(ds))
			}
			encoded := Encode(jobs)
			golden(t, strings.TrimSuffix(file, ".yaml")+".out", string(encoded))
			again, ds := Decode("encoded", encoded, host)
			if len(ds) > 0 {
				t.Fatalf("what Encode writes is not read:\n%s", shown(ds))
			}
			if diff := cmp.Diff(jobs, again); diff != "" {
				t.Errorf("Encode changed the jobs (-before +after):\n%s", diff)
			}
		})
	}
}

// TestHostZone: the time zone of the host is that of profiles that name none,
// and must exist.
func TestHostZone(t *testing.T) {
	t.Parallel()
	file := []byte("profiles: {own: {cron: 5 3 * * *, timezone: UTC}, hosts: {cron: 5 3 * * *}}")
	opt := host
	opt.Timezone = "Asia/Tokyo"
	jobs, ds := Decode("j.yaml", file, opt)
	if len(ds) > 0 {
		t.Fatal(shown(ds))
	}
	for i, want := range []string{"*-*-* 03:05:00 UTC", "*-*-* 03:05:00 Asia/Tokyo"} {
		if got := jobs.Profiles[i].Schedule.Events[0].String(); got != want {
			t.Errorf("%s: got %s, want %s", jobs.Profiles[i].Name, got, want)
		}
	}
	opt.Timezone = "Asia/Tokio"
	if _, ds := Decode("j.yaml", file, opt); !HasErrors(ds) || shown(ds) != "j.yaml: error: the host's time zone \"Asia/Tokio\" is not in tzdata\n" {
		t.Errorf("got %s", shown(ds))
	}
}

// TestEveryMessage: each message that the package can give is given in some
// file of testdata/err, of testdata/monitoring, of testdata/old or of testdata/files. So no check can be removed, and none be dead, without
// a test that fails.
func TestEveryMessage(t *testing.T) {
	t.Parallel()
	elsewhere := map[string]string{
		"the file has %d bytes; at most %d are read":                                             "TestLimits",
		"must not be longer than %d bytes":                                                       "TestLimits",
		"this is profile %d, and the host takes %d":                                              "TestCapacity",
		"the schedule has %d entries, and the host takes %d for one profile":                     "TestCapacity",
		"the schedule takes %d calendar events, and the host takes %d for one profile":           "TestCapacity",
		"the profiles start %d services in an hour, and the host takes %d; most of them %s (%s)": "TestCapacity",
		"the host's time zone %s is not in tzdata":                                               "TestHostZone",
		"there are more problems than these %d":                                                  "TestLimits",
		"aliases or defaults make this file too large: more than %d values":                      "TestLimits",
		"the key and its value have %d bytes, which is more than a program can be given (%d)":    "TestLimits",
		"the text has %d bytes, which is more than a program can be given (%d)":                  "TestLimits",
		"the value is longer than %d bytes, which is more than a program can be given":           "TestLimits",
	}
	var given []string
	for _, file := range cases(t, "testdata/err", ".txt") {
		_, _, ds := decodeFile(t, file)
		for _, d := range ds {
			given = append(given, d.Message)
		}
	}
	for _, file := range cases(t, "testdata/monitoring", ".txt") {
		_, ds := monitoringFile(t, file)
		for _, d := range ds {
			given = append(given, d.Message)
		}
	}
	for _, file := range cases(t, "testdata/old", ".txt") {
		_, ds := oldFile(t, file)
		for _, d := range ds {
			given = append(given, d.Message)
		}
	}
	given = append(given, checkoutMessages(t)...)
	for message, at := range messages(t) {
		if elsewhere[message] != "" {
			continue
		}
		pattern := regexp.MustCompile(`(^|: |YAML: )` + regexp.MustCompile(`%[a-z]`).ReplaceAllString(regexp.QuoteMeta(message), `.*`) + `$`)
		found := false
		for _, g := range given {
			found = found || pattern.MatchString(g)
		}
		if !found {
			t.Errorf("%s: no file of testdata/err gives %q", at, message)
		}
	}
}

// messages returns the message formats in the source of this package.
func messages(t *testing.T) map[string]token.Position {
	t.Helper()
	found := map[string]token.Position{}
	files, _ := filepath.Glob("*.go")
	set := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			index, reports := map[string]int{"error": 2, "warn": 2, "fail": 2, "add": 3}[name.Sel.Name]
			if !reports || index >= len(call.Args) {
				return true
			}
			argument := call.Args[index]
			if inner, ok := argument.(*ast.CallExpr); ok && len(inner.Args) > 0 { // fmt.Sprintf
				argument = inner.Args[0]
			}
			if literal, ok := argument.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				format, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				found[format] = set.Position(literal.Pos())
			}
			return true
		})
	}
	if len(found) < 40 {
		t.Fatalf("found only %d messages in the source", len(found))
	}
	return found
}
