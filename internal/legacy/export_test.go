package legacy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/testenv"
)

// export writes the state to a directory.
func export(t testing.TB, s *store.Store, dir string) (complete bool, out, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	complete, err := Export{From: s, Dir: dir, Report: Report{&stdout, &stderr}}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return complete, stdout.String(), stderr.String()
}

// fill stores values by their namespaces.
func fill(t testing.TB, s *store.Store, state map[string][]montimer.StateValue) {
	t.Helper()
	for namespace, values := range state {
		if _, err := s.ImportState(t.Context(), namespace, values, false); err != nil {
			t.Fatal(err)
		}
	}
}

// old runs the reader, and decodes its answer.
func old[T any](t testing.TB, input any, args ...string) (answer T) {
	t.Helper()
	cmd := exec.Command(testenv.Python(t, "sqlite3"), append([]string{"testdata/old_cache.py"}, args...)...)
	data, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(data), &errs
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &answer)
	}
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, errs.String())
	}
	return answer
}

// TestExportIsRead: a task finds in the exported text caches, with
// CACHE_BACKEND=file, what it finds in the database, and an import of them changes
// nothing.
func TestExportIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	alphabet := []string{"a", "0x", "+", "_ts", " ", "é", "🚨", ":", "\t", "\x1b", "-", "."}
	text := func(most int) string {
		var b strings.Builder
		for range random.IntN(most + 1) {
			b.WriteString(alphabet[random.IntN(len(alphabet))])
		}
		return b.String()
	}
	var asked [][2]string
	state := map[string][]montimer.StateValue{}
	namespaces := []string{"cache-id.txt", "cache-id-daily.txt", "nonces.txt", "-odd name.txt"}
	for n := range 160 {
		namespace, key := namespaces[n%len(namespaces)], strings.TrimSpace(strings.ReplaceAll(text(6), ":", "")+fmt.Sprint(n))
		asked = append(asked, [2]string{namespace, key}, [2]string{namespace, key + "?"})
		if n%3 > 0 {
			state[namespace] = append(state[namespace], montimer.StateValue{Key: key, Value: strings.TrimRight(text(12), " \t")})
		}
	}
	state["big.txt"] = []montimer.StateValue{{Key: "big", Value: strings.Repeat("x", 1<<20)}}
	state["cache-id.txt"] = append(state["cache-id.txt"], montimer.StateValue{Key: "stale", Value: "new"})
	fill(t, s, state)
	asked = append(asked, [2]string{"big.txt", "big"}, [2]string{"cache-id.txt", "stale"}, [2]string{"none.txt", "a"}, [2]string{"cache-id.txt", "only in the file"})
	stale := "stale:old\n\nonly in the file:1\nonly in the file:2\n"
	if err := os.WriteFile(filepath.Join(dir, "cache-id.txt"), []byte(stale), 0o604); err != nil {
		t.Fatal(err)
	}

	complete, out, said := export(t, s, dir)
	if !complete || said != "" {
		t.Fatalf("seed %d: not complete:\n%s%s", seed, out, said)
	}
	if info, err := os.Stat(filepath.Join(dir, "cache-id.txt")); err != nil || info.Mode().Perm() != 0o604 {
		t.Errorf("the mode of the file is now %v, %v", info.Mode(), err)
	}
	sqlite, file := old[[]any](t, asked, "get", dir, "sqlite"), old[[]any](t, asked, "get", dir, "file")
	if diff := cmp.Diff(sqlite, file); diff != "" {
		t.Errorf("seed %d: the answers differ:\n%.2000s", seed, diff)
	}
	if found := len(slices.DeleteFunc(slices.Clone(file), func(v any) bool { return v == float64(0) })); found < 100 {
		t.Errorf("only %d values are found", found)
	}

	written := modified(t, dir)
	if _, _, said := export(t, s, dir); said != "" || !cmp.Equal(written, modified(t, dir)) {
		t.Errorf("a second export writes again:\n%s", said)
	}

	before := rows(t, s, true)
	var files []File
	for _, name := range namespaces {
		files = append(files, File{Path: filepath.Join(dir, name)})
	}
	counts, said := run(t, s, files, true)
	if said != "" || !strings.Contains(counts, "invalid=0 failed=0") {
		t.Errorf("seed %d: imported again: %s\n%s", seed, counts, said)
	}
	after := slices.DeleteFunc(rows(t, s, true), func(row string) bool { return strings.Contains(row, "only in the file") })
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("seed %d: the import changes:\n%.2000s", seed, diff)
	}
}

// modified returns when each file of a directory was written.
func modified(t testing.TB, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]string{}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		times[file] = info.ModTime().String()
	}
	return times
}

// TestExportRefuses: what a text cache cannot hold is named and left out, all else is
// written, and no other file is replaced.
func TestExportRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	state := map[string][]montimer.StateValue{}
	set := func(namespace, key, value string) {
		state[namespace] = append(state[namespace], montimer.StateValue{Key: key, Value: value})
	}
	for _, key := range []string{"a:b", "two\nlines", "cr\r", " space", "sep\u2028", ""} {
		set("cache-id.txt", key, "1")
	}
	for key, value := range map[string]string{"good": "1", "value": "two\nlines", "end": "1 ", "latin": "\xe9", "nul": "\x00"} {
		set("cache-id.txt", key, value)
	}
	outside := filepath.Join(filepath.Dir(dir), "outside.txt")
	for _, namespace := range []string{"", ".", "..", "../outside.txt", outside, "monitoring.db", "monitoring.db-wal", "outbox.lock", "a\x1bb/", strings.Repeat("n", 300)} {
		set(namespace, "k", "v")
	}
	for _, namespace := range []string{"linked.txt", "dir.txt", "binary", "half.txt", "good.txt"} {
		set(namespace, "k", "v")
	}
	fill(t, s, state)
	secret := filepath.Join(dir, "secret")
	for _, err := range []error{
		os.WriteFile(secret, []byte("k:secret\n"), 0o600), os.Symlink(secret, filepath.Join(dir, "linked.txt")), os.Mkdir(filepath.Join(dir, "dir.txt"), 0o700),
		os.WriteFile(filepath.Join(dir, "binary"), []byte("\x7fELF\x00:\n"), 0o600), os.WriteFile(filepath.Join(dir, "half.txt"), []byte("a:1\nhal"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	complete, out, said := export(t, s, dir)
	if complete {
		t.Error("it is complete")
	}
	for _, want := range []string{
		`"a:b": the key has a colon`, `\x0alines": it has a line break`, `"value": it has a line break`, `"end": white space`, `"latin": it has bytes`, `"nul": it has bytes`, `"": the key is empty`,
		`namespace "": error: it is no name`, `namespace "..": error: it is no name`, `namespace "../outside.txt": error`, `namespace "monitoring.db": error: a file of that name`, `namespace "outbox.lock"`,
		"linked.txt: error: it is a symbolic link", "dir.txt: error: it is a directory", "binary:1: error: ", "half.txt:2: error: the line has no colon",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("not said: %s", want)
		}
	}
	if strings.ContainsAny(out+said, "\x00\x1b\r\u2028") || t.Failed() {
		t.Errorf("out:\n%s\nsaid:\n%s", out, said)
	}
	for name, want := range map[string]string{"cache-id.txt": "good:1\n", "good.txt": "k:v\n", "secret": "k:secret\n", "half.txt": "a:1\nhal", "binary": "\x7fELF\x00:\n"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != want || err != nil {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
	if _, err := os.Lstat(outside); err == nil {
		t.Error("a file outside was written")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if found, err := s.Namespaces(t.Context()); err != nil || len(found) != 16 {
		t.Errorf("%d namespaces, %v", len(found), err)
	}

	complete, _, said = export(t, s, filepath.Join(dir, "none"))
	if complete || !strings.Contains(said, "no such file or directory") {
		t.Errorf("into a directory that is not there: %s", said)
	}
}

// TestLines holds the reading of random text caches to that of Python.
func TestLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	alphabet := []string{
		"a", ":", ":", "\n", "\n", "\r", "\r\n", " ", "\t", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f", "\x7f", "\u0085", "\u00a0", "\u180e", "\u2003", "\u2028", "\u2029",
		"\u200b", "\u3000", "é", "🚨", "\x1b", "\\", "'", "\"",
	}
	samples := 100
	if testenv.Soak() {
		samples = 10_000
	}
	texts, got := map[string]string{}, map[string][][2]string{}
	for n := range samples {
		var b strings.Builder
		for range random.IntN(200) {
			b.WriteString(alphabet[random.IntN(len(alphabet))])
		}
		name := fmt.Sprint(n)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		texts[name], got[name] = b.String(), [][2]string{}
		values, _, _ := parse([]byte(b.String()))
		for _, v := range values {
			got[name] = append(got[name], [2]string{v.Key, v.Value})
		}
	}
	for name, want := range old[map[string][][2]string](t, nil, "lines", dir) {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Fatalf("seed %d, %q:\n%s", seed, texts[name], diff)
		}
	}
}
