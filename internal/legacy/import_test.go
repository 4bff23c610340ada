package legacy

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
)

// open opens the database of a directory.
func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// rows is all of the state: namespace, key and value, with the time of each if asked.
func rows(t testing.TB, s *store.Store, times bool) (all []string) {
	t.Helper()
	namespaces, err := s.Namespaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range namespaces {
		values, err := s.State(t.Context(), n.Name)
		if err != nil || len(values) != n.Keys {
			t.Fatalf("%s: %d of %d keys, %v", n.Name, len(values), n.Keys, err)
		}
		for _, v := range values {
			row := v.Namespace + "/" + v.Key + "=" + v.Value
			if times {
				row += v.Updated.String()
			}
			all = append(all, row)
		}
	}
	return all
}

func env(names map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, set := names[name]
		return value, set
	}
}

func profile(name string, env ...montimer.EnvVar) montimer.Profile {
	return montimer.Profile{Name: name, Env: env}
}

// TestImport imports what the old import did, and what it could not, twice each: the
// second time changes nothing, not even the time of a value.
func TestImport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		files     map[string]string // a name that ends with "/" is a directory
		env       map[string]string
		profiles  []montimer.Profile
		extra     []string
		before    []string // NAMESPACE/KEY=VALUE
		overwrite bool
		prepare   func(t *testing.T, dir string)

		counts, again string
		rows          []string
		said          []string // on standard error, in this order
	}{
		{
			name:   "nothing there",
			counts: "files=0 missing=2 imported=0 skipped=0 invalid=0 failed=0",
		},
		{
			name:   "the standard names, two of which are one file",
			files:  map[string]string{"cache-id.txt": "aave:1\n", "nonces.txt": "0xA:7\n", "other.txt": "no:1\n"},
			counts: "files=2 missing=0 imported=2 skipped=0 invalid=0 failed=0",
			again:  "files=2 missing=0 imported=0 skipped=2 invalid=0 failed=0",
			rows:   []string{"cache-id.txt/aave=1", "nonces.txt/0xA=7"},
		},
		{
			name:   "lines: white space, colons, blanks",
			files:  map[string]string{"cache-id.txt": "  a:1 \n\n \t \nspaced : v : w\nurl:http://h:1/x\nempty:\r\nold mac:1\rnbsp:2\u00a0\n"},
			counts: "files=1 missing=1 imported=6 skipped=0 invalid=0 failed=0",
			again:  "files=1 missing=1 imported=0 skipped=6 invalid=0 failed=0",
			rows: []string{
				"cache-id.txt/a=1", "cache-id.txt/empty=", "cache-id.txt/nbsp=2", "cache-id.txt/old mac=1",
				"cache-id.txt/spaced = v : w", "cache-id.txt/url=http://h:1/x",
			},
		},
		{
			name:   "a value that is there stays, and of two lines the first counts",
			files:  map[string]string{"cache-id.txt": "a:1\nb:1\nb:2\n"},
			before: []string{"cache-id.txt/a=9"},
			counts: "files=1 missing=1 imported=1 skipped=2 invalid=0 failed=0",
			again:  "files=1 missing=1 imported=0 skipped=3 invalid=0 failed=0",
			rows:   []string{"cache-id.txt/a=9", "cache-id.txt/b=1"},
		},
		{
			name:   "with overwrite it is replaced, and the last line counts",
			files:  map[string]string{"cache-id.txt": "a:1\nb:1\nb:2\n"},
			before: []string{"cache-id.txt/a=9", "cache-id.txt/c=9"}, overwrite: true,
			counts: "files=1 missing=1 imported=3 skipped=0 invalid=0 failed=0",
			again:  "files=1 missing=1 imported=3 skipped=0 invalid=0 failed=0",
			rows:   []string{"cache-id.txt/a=1", "cache-id.txt/b=2", "cache-id.txt/c=9"},
		},
		{
			name:  "the environment, then the profiles, then the files that are named, which may repeat",
			files: map[string]string{"id.txt": "a:1\n", "sub/n.txt": "n:1\n", "daily.txt": "d:1\n", "off.txt": "o:1\n", "more.txt": "m:1\n"},
			env:   map[string]string{"CACHE_FILENAME": "id.txt", "NONCE_FILENAME": "sub//./n.txt"},
			profiles: []montimer.Profile{
				profile("daily", montimer.EnvVar{Name: "MORPHO_FILENAME", Value: "daily.txt"}, montimer.EnvVar{Name: "CACHE_FILENAME", Value: ""}),
				profile("disabled", montimer.EnvVar{Name: "CACHE_FILENAME", Value: "off.txt"}, montimer.EnvVar{Name: "NONCE_FILENAME", Value: "sub/n.txt"}),
			},
			extra:  []string{"more.txt", "more.txt", "daily.txt"},
			counts: "files=7 missing=1 imported=5 skipped=2 invalid=0 failed=0",
			again:  "files=7 missing=1 imported=0 skipped=7 invalid=0 failed=0",
			rows:   []string{"daily.txt/d=1", "id.txt/a=1", "more.txt/m=1", "n.txt/n=1", "off.txt/o=1"},
		},
		{
			name:   "two files of one name: the first wins",
			files:  map[string]string{"cache-id.txt": "a:1\n", "old/cache-id.txt": "a:2\nb:2\n"},
			extra:  []string{"old/cache-id.txt"},
			counts: "files=2 missing=1 imported=2 skipped=1 invalid=0 failed=0",
			again:  "files=2 missing=1 imported=0 skipped=3 invalid=0 failed=0",
			rows:   []string{"cache-id.txt/a=1", "cache-id.txt/b=2"},
		},
		{
			name:   "half-written lines",
			files:  map[string]string{"cache-id.txt": "a:1\naav\n:5\nb:17810", "nonces.txt": "n:1\nhalf"},
			counts: "files=2 missing=0 imported=3 skipped=0 invalid=3 failed=0",
			again:  "files=2 missing=0 imported=0 skipped=3 invalid=3 failed=0",
			rows:   []string{"cache-id.txt/a=1", "cache-id.txt/b=17810", "nonces.txt/n=1"},
			said: []string{
				"cache-id.txt:2: error: the line has no colon", "cache-id.txt:3: error: the line has no key", "cache-id.txt:4: warning: the last line has no line break",
				"nonces.txt:2: error: the line has no colon",
			},
		},
		{
			name:   "what a power cut leaves",
			files:  map[string]string{"cache-id.txt": "a:1\n\x00\x00\x00\x00\x00\x00", "nonces.txt": ""},
			counts: "files=2 missing=0 imported=1 skipped=0 invalid=1 failed=0",
			again:  "files=2 missing=0 imported=0 skipped=1 invalid=1 failed=0",
			rows:   []string{"cache-id.txt/a=1"},
			said:   []string{"cache-id.txt:2: error: the line has NUL bytes"},
		},
		{
			name:   "a directory in place of a file",
			files:  map[string]string{"cache-id.txt/": "", "nonces.txt": "n:1\n"},
			counts: "files=1 missing=0 imported=1 skipped=0 invalid=0 failed=1",
			again:  "files=1 missing=0 imported=0 skipped=1 invalid=0 failed=1",
			rows:   []string{"nonces.txt/n=1"},
			said:   []string{"cache-id.txt: error: it is a directory"},
		},
		{
			name:   "a variable that is empty names the directory",
			files:  map[string]string{"cache-id.txt": "a:1\n"},
			env:    map[string]string{"CACHE_FILENAME": ""},
			counts: "files=1 missing=1 imported=1 skipped=0 invalid=0 failed=1",
			again:  "files=1 missing=1 imported=0 skipped=1 invalid=0 failed=1",
			rows:   []string{"cache-id.txt/a=1"},
			said:   []string{"error: CACHE_FILENAME is empty and names no file"},
		},
		{
			name:   "a line that is not UTF-8",
			files:  map[string]string{"cache-id.txt": "a:1\nb\xe9:2\nc:\xff\nd:4\n", "nonces.txt": "n:1\n"},
			counts: "files=2 missing=0 imported=3 skipped=0 invalid=2 failed=0",
			again:  "files=2 missing=0 imported=0 skipped=3 invalid=2 failed=0",
			rows:   []string{"cache-id.txt/a=1", "cache-id.txt/d=4", "nonces.txt/n=1"},
			said:   []string{"cache-id.txt:2: error: the line is not UTF-8", "cache-id.txt:3: error: the line is not UTF-8"},
		},
		{
			name:   "UTF-16, and a byte order mark of UTF-8",
			files:  map[string]string{"cache-id.txt": "\xff\xfea\x00:\x001\x00\n\x00", "nonces.txt": "\ufeffn:é\n"},
			counts: "files=2 missing=0 imported=1 skipped=0 invalid=1 failed=0",
			again:  "files=2 missing=0 imported=0 skipped=1 invalid=1 failed=0",
			rows:   []string{"nonces.txt/n=é"},
			said:   []string{"cache-id.txt:1: error: the file is in UTF-16"},
		},
		{
			name:   "a file that is something else: its mistakes are cut short, and nothing of them reaches a terminal",
			files:  map[string]string{"cache-id.txt": strings.Repeat("\x1b[2J\n", 5000) + "a:1\n"},
			counts: "files=1 missing=1 imported=1 skipped=0 invalid=5000 failed=0",
			again:  "files=1 missing=1 imported=0 skipped=1 invalid=5000 failed=0",
			rows:   []string{"cache-id.txt/a=1"},
			said: append(strings.Split(strings.Repeat("the line has no colon|", 9)+"the line has no colon", "|"),
				"cache-id.txt: error: 4990 more lines are no key:value"),
		},
		{
			name:   "values of a megabyte and keys of any form",
			files:  map[string]string{"cache-id.txt": "../x:1\n\x1b[31m:2\nbig:" + strings.Repeat("é", 1<<19) + "\n"},
			counts: "files=1 missing=1 imported=3 skipped=0 invalid=0 failed=0",
			again:  "files=1 missing=1 imported=0 skipped=3 invalid=0 failed=0",
			rows:   []string{"cache-id.txt/\x1b[31m=2", "cache-id.txt/../x=1", "cache-id.txt/big=" + strings.Repeat("é", 1<<19)},
		},
		{
			name: "a FIFO, a device, a link that leads nowhere, and one to a file",
			prepare: func(t *testing.T, dir string) {
				for _, err := range []error{
					unix.Mkfifo(filepath.Join(dir, "cache-id.txt"), 0o600), os.Symlink("/dev/zero", filepath.Join(dir, "nonces.txt")),
					os.Symlink("gone", filepath.Join(dir, "dangling.txt")), os.Symlink("target", filepath.Join(dir, "link.txt")),
					os.WriteFile(filepath.Join(dir, "target"), []byte("l:1\n"), 0o600),
				} {
					if err != nil {
						t.Fatal(err)
					}
				}
			},
			extra:  []string{"dangling.txt", "link.txt", "link.txt/x"},
			counts: "files=1 missing=2 imported=1 skipped=0 invalid=0 failed=2",
			again:  "files=1 missing=2 imported=0 skipped=1 invalid=0 failed=2",
			rows:   []string{"link.txt/l=1"},
			said:   []string{"cache-id.txt: error: ", "nonces.txt: error: "},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range tt.files {
				path := filepath.Join(dir, name)
				err := os.MkdirAll(filepath.Dir(path), 0o700)
				if strings.HasSuffix(name, "/") {
					err = os.MkdirAll(path, 0o700)
				} else if err == nil {
					err = os.WriteFile(path, []byte(text), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if tt.prepare != nil {
				tt.prepare(t, dir)
			}
			s := open(t, dir)
			for _, row := range tt.before {
				namespace, rest, _ := strings.Cut(row, "/")
				key, value, _ := strings.Cut(rest, "=")
				if _, _, err := s.SetState(t.Context(), montimer.StateValue{Namespace: namespace, Key: key, Value: value}); err != nil {
					t.Fatal(err)
				}
			}
			files := Files(dir, env(tt.env), tt.profiles, tt.extra)

			before := rows(t, s, true)
			if got, _ := run(t, &Preview{Of: s}, files, tt.overwrite); got != tt.counts {
				t.Errorf("a preview counts %s, want %s", got, tt.counts)
			}
			if diff := cmp.Diff(before, rows(t, s, true)); diff != "" {
				t.Errorf("a preview changes the state:\n%s", diff)
			}
			got, said := run(t, s, files, tt.overwrite)
			if got != tt.counts {
				t.Errorf("got  %s\nwant %s", got, tt.counts)
			}
			if diff := cmp.Diff(tt.rows, rows(t, s, false)); diff != "" {
				t.Errorf("rows:\n%.2000s", diff)
			}
			after := rows(t, s, true)
			lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
			if said == "" {
				lines = nil
			}
			if len(lines) != len(tt.said) {
				t.Fatalf("%d lines, want %d:\n%s", len(lines), len(tt.said), said)
			}
			for i, want := range tt.said {
				if !strings.Contains(lines[i], want) || strings.ContainsAny(lines[i], "\x00\x1b") {
					t.Errorf("line %q, want %q", lines[i], want)
				}
			}
			want := tt.again
			if want == "" {
				want = tt.counts
			}
			if got, _ := run(t, s, files, tt.overwrite); got != want {
				t.Errorf("again: got  %s\nwant %s", got, want)
			}
			if diff := cmp.Diff(after, rows(t, s, true)); diff != "" {
				t.Errorf("the second import changes the state:\n%.2000s", diff)
			}
		})
	}
}

// run imports files and returns the counts, and what is said on standard error.
func run(t testing.TB, into State, files []File, overwrite bool) (counts, said string) {
	t.Helper()
	var out, errs bytes.Buffer
	sum, err := Import{Into: into, Overwrite: overwrite, Report: Report{&out, &errs}}.Run(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	return sum.String(), errs.String()
}

// failing stores nothing of one namespace.
type failing struct {
	State
	namespace string
}

func (f failing) ImportState(ctx context.Context, namespace string, values []montimer.StateValue, overwrite bool) (int, error) {
	if namespace == f.namespace {
		return 0, fmt.Errorf("import the state: %w", store.ErrBusy)
	}
	return f.State.ImportState(ctx, namespace, values, overwrite)
}

// TestImportGoesOn: a file whose values cannot be stored stops none of the others.
func TestImportGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"cache-id.txt", "nonces.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("a:1\nb:2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	counts, said := run(t, failing{s, "cache-id.txt"}, Files(dir, env(nil), nil, nil), false)
	if want := "files=1 missing=0 imported=2 skipped=0 invalid=0 failed=1"; counts != want {
		t.Errorf("got %s, want %s", counts, want)
	}
	if !strings.Contains(said, "cache-id.txt: error: import the state: the database is locked") {
		t.Error(said)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Import{Into: s}).Run(ctx, Files(dir, env(nil), nil, nil)); err == nil {
		t.Error("an import that was stopped says nothing")
	}
}
