package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer/internal/flock"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/testenv"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// source is a state directory with a new database.
func source(t *testing.T) Source {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return Source{StateDir: dir, Host: "here", Now: noon}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func touch(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMake holds names, rotation and what is left alone.
func TestMake(t *testing.T) {
	s, dir := source(t), t.TempDir()
	others := []string{"monitoring-20260101T000000Z.db.gz", "monitoring-2026.db", "monitoring-20261301T000000Z.db", "monitoring.db", "notes.txt"}
	touch(t, dir, others...)
	touch(t, dir, s.temporary(), s.temporary()+"-wal") // of one that was killed
	for n, want := range []string{"monitoring-20260301T120000Z.db", "monitoring-20260301T120001Z.db", "monitoring-20260301T120002Z.db"} {
		path, err := s.Make(t.Context(), dir, 2)
		if err != nil || path != filepath.Join(dir, want) {
			t.Fatal(n, path, err)
		}
		if err := store.Verify(t.Context(), "", path); err != nil {
			t.Error(err)
		}
	}
	want := slices.Sorted(slices.Values(append(others, OwnerFile, "monitoring-20260301T120001Z.db", "monitoring-20260301T120002Z.db")))
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	newest, err := Newest(dir)
	if err != nil || filepath.Base(newest.Path) != "monitoring-20260301T120002Z.db" || !newest.At.Equal(noon.Add(2*time.Second)) {
		t.Error(newest, err)
	}

	file := filepath.Join(dir, "mine.db")
	if _, err := s.Make(t.Context(), file, 0); err != nil { // a database is replaced
		t.Fatal(err)
	}
	if path, err := s.Make(t.Context(), file, 0); err != nil || path != file || store.Verify(t.Context(), "", file) != nil {
		t.Error(path, err)
	}
}

// TestNamedFile: nothing but the file that is named is replaced, and that only if it is a
// file and not the database.
func TestNamedFile(t *testing.T) {
	s, dir := source(t), t.TempDir()
	touch(t, dir, Name(noon), Name(noon.Add(time.Hour)), "mine.db")
	if err := os.Truncate(filepath.Join(dir, "mine.db"), 0); err != nil {
		t.Fatal(err)
	}
	was := names(t, dir)
	if _, err := s.Make(t.Context(), filepath.Join(dir, "mine.db"), 0); err != nil {
		t.Error(err)
	}
	if _, err := s.Make(t.Context(), filepath.Join(dir, "other.db"), 1); err == nil || !strings.Contains(err.Error(), "leave out --keep") {
		t.Error("--keep with a file: ", err)
	}
	if got := names(t, dir); !slices.Equal(got, was) {
		t.Errorf("got %q, want %q", got, was)
	}
	database := filepath.Join(s.StateDir, store.FileName)
	link := filepath.Join(dir, "link.db")
	if err := os.Symlink(database, link); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(database)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{database, link, "/dev/full"} {
		if _, err := s.Make(t.Context(), path, 0); err == nil || !strings.Contains(err.Error(), "name another") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if after, err := os.Stat(database); err != nil || !os.SameFile(before, after) {
		t.Error("the database is another file", err)
	}
}

// TestWrongClock holds that a backup of a clock that was wrong does not have the new ones
// removed.
func TestWrongClock(t *testing.T) {
	s, dir := source(t), t.TempDir()
	touch(t, dir, Name(noon.AddDate(50, 0, 0)), Name(noon.AddDate(51, 0, 0)))
	path, err := s.Make(t.Context(), dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{filepath.Base(path), OwnerFile}) {
		t.Error(got)
	}
}

// TestNewestGood passes over backups that are damaged.
func TestNewestGood(t *testing.T) {
	s, dir := source(t), t.TempDir()
	if _, _, err := NewestGood(t.Context(), "", dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	good, err := s.Make(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	touch(t, dir, Name(noon.Add(time.Hour)), Name(noon.Add(2*time.Hour)))
	f, bad, err := NewestGood(t.Context(), "", dir)
	if err != nil || f.Path != good || len(bad) != 2 {
		t.Error(f, bad, err)
	}
}

// TestOneAtATime refuses a second backup of a database, and leaves nothing of one that
// fails.
func TestOneAtATime(t *testing.T) {
	s, dir := source(t), t.TempDir()
	release, err := flock.Take(filepath.Join(s.StateDir, "backup.lock"), flock.Exclusive)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Make(t.Context(), dir, 0); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
	release()
	if _, err := s.Make(t.Context(), dir, 1); err != nil {
		t.Fatal(err)
	}
	was := names(t, dir)
	if err := os.WriteFile(filepath.Join(s.StateDir, store.FileName), []byte(strings.Repeat("damage", 2000)), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Make(t.Context(), dir, 1); !errors.Is(err, store.ErrCorrupt) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source(t).Make(ctx, dir, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := names(t, dir); !slices.Equal(got, was) {
		t.Errorf("got %q, want %q", got, was)
	}
}

// TestOwner holds who may write into a directory.
func TestOwner(t *testing.T) {
	s, dir := source(t), t.TempDir()
	id, err := MachineID()
	if err != nil {
		t.Fatal(err)
	}
	make := func() error { _, err := s.Make(t.Context(), dir, 0); return err }
	if err := make(); err != nil {
		t.Fatal(err)
	}
	if o, err := ReadOwner(dir); err != nil || o != (Owner{Host: "here", ID: id, Since: noon}) {
		t.Error(o, err)
	}
	backups := names(t, dir)
	for _, o := range []Owner{{Host: "there", ID: "x", Since: noon}, {Host: "there", ID: "x", Since: noon, Retired: true}, {Host: "here", ID: id, Since: noon, Retired: true}} {
		if err := WriteOwner(dir, o); err != nil {
			t.Fatal(err)
		}
		var refused *NotOwnerError
		if err := make(); !errors.As(err, &refused) || refused.Owner != o || refused.Here != (o.ID == id) || !strings.Contains(err.Error(), "2026-03-01 12:00 UTC") {
			t.Error(err)
		}
	}
	for _, text := range []string{"", "{}", "[]", `{"id": 1}`, `{"id": "x"}`, `{"id": "x", "host": "there"}`, `{"id": "x", "since": "2026-03-01T12:00:00Z"}`} {
		touch(t, dir, OwnerFile)
		if err := os.WriteFile(filepath.Join(dir, OwnerFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := make(); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	if got := names(t, dir); !slices.Equal(got, backups) {
		t.Errorf("got %q, want %q", got, backups)
	}
}

// TestBadOwner: whatever stands in the place of the owner file, the error has the command
// that removes it, and the command does.
func TestBadOwner(t *testing.T) {
	testenv.Need(t, "sh")
	s, dir := source(t), filepath.Join(t.TempDir(), "back ups")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, OwnerFile)
	for name, plant := range map[string]func() error{
		"damaged":     func() error { return os.WriteFile(path, []byte("{"), 0o600) },
		"too large":   func() error { return os.WriteFile(path, bytes.Repeat([]byte(" "), maxOwner+1), 0o600) },
		"a directory": func() error { return os.MkdirAll(filepath.Join(path, "x"), 0o700) },
		"a link":      func() error { return os.Symlink("/etc/hostname", path) },
		"a FIFO":      func() error { return syscall.Mkfifo(path, 0o600) },
	} {
		if err := plant(); err != nil {
			t.Fatal(err)
		}
		_, err := s.Make(t.Context(), dir, 0)
		var bad *BadOwnerError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), bad.Fix()) || !errors.As(Elsewhere(dir), &bad) {
			t.Fatalf("%s: %v", name, err)
		}
		if out, err := exec.Command("sh", "-c", bad.Fix()).CombinedOutput(); err != nil {
			t.Fatalf("%s: %s: %v: %s", name, bad.Fix(), err, out)
		}
		if _, err := s.Make(t.Context(), dir, 0); err != nil {
			t.Errorf("%s: after its fix: %v", name, err)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNamesake finds a host that has the id of this machine and another name.
func TestNamesake(t *testing.T) {
	dir := t.TempDir()
	id, err := MachineID()
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]Owner{"": {Host: "here", ID: id, Since: noon}, "twin": {Host: "twin", ID: id, Since: noon}} {
		if err := WriteOwner(dir, o); err != nil {
			t.Fatal(err)
		}
		if got := Namesake(dir, "here"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if err := WriteOwner(dir, Owner{Host: "there", ID: "x", Since: noon}); err != nil {
		t.Fatal(err)
	}
	if got := Namesake(dir, "here"); got != "" || Namesake(t.TempDir(), "here") != "" {
		t.Errorf("another host is taken for one with this id: %q", got)
	}
}

// TestMachineID holds it against systemd's own tool.
func TestMachineID(t *testing.T) {
	testenv.Need(t, "systemd-id128")
	out, err := exec.Command("systemd-id128", "machine-id", "--app-specific=5e1c8b0d6f4a47399c522be87103d4a6").Output()
	if err != nil {
		t.Fatal(err)
	}
	if id, err := MachineID(); err != nil || id != strings.TrimSpace(string(out)) {
		t.Errorf("%s, %v, want %s", id, err, out)
	}
	for _, text := range []string{"", "uninitialized\n", "abc"} {
		path := filepath.Join(t.TempDir(), "machine-id")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if id, err := machineID(path); err == nil {
			t.Errorf("%q: %s", text, id)
		}
	}
}

// TestOwnerFile holds its form, which other versions of montimer read.
func TestOwnerFile(t *testing.T) {
	dir := t.TempDir()
	if err := WriteOwner(dir, Owner{Host: "a", ID: "b", Since: noon.In(time.FixedZone("x", 3600)).Add(time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, OwnerFile))
	if err != nil || !json.Valid(data) || string(data) != "{\n  \"host\": \"a\",\n  \"id\": \"b\",\n  \"since\": \"2026-03-01T12:00:00Z\",\n  \"retired\": false\n}\n" {
		t.Errorf("%s, %v", data, err)
	}
}

// TestReplacesNoOther: a backup takes the place of no database in use, and of no other
// file.
func TestReplacesNoOther(t *testing.T) {
	s, dir := source(t), t.TempDir()
	database := filepath.Join(s.StateDir, store.FileName)
	before, err := os.Stat(database)
	if err != nil {
		t.Fatal(err)
	}
	linked, hard, state := filepath.Join(dir, "linked"), filepath.Join(dir, "hard"), filepath.Join(dir, "state")
	touch(t, dir, OwnerFile, "notes.txt")
	for _, err := range []error{os.Symlink(database, linked), os.Symlink(s.StateDir, state), os.Link(database, hard), unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, to := range []string{
		database, database + "-wal", database + "-shm", linked, hard, filepath.Join(state, store.FileName), filepath.Join(state, store.FileName+"-wal"),
		filepath.Join(dir, OwnerFile), filepath.Join(dir, "notes.txt"), filepath.Join(dir, "fifo"),
	} {
		if path, err := s.Make(t.Context(), to, 0); err == nil {
			t.Errorf("%s was replaced: %s", to, path)
		}
	}
	if after, err := os.Stat(database); err != nil || !os.SameFile(before, after) {
		t.Errorf("the database is another file: %v", err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, OwnerFile)); string(data) != OwnerFile {
		t.Errorf("the owner file was replaced: %v", err)
	}
	touch(t, dir, "empty")
	if err := os.Truncate(filepath.Join(dir, "empty"), 0); err != nil {
		t.Fatal(err)
	}
	for range 2 { // new or empty, then a database
		for _, name := range []string{"new", "empty"} {
			if _, err := s.Make(t.Context(), filepath.Join(dir, name), 0); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestMissingDirectory: where a mount is missing, no file gets the name of the directory.
func TestMissingDirectory(t *testing.T) {
	s, parent := source(t), t.TempDir()
	touch(t, parent, "file")
	for _, name := range []string{"missing", "file"} {
		_, err := s.Make(t.Context(), filepath.Join(parent, name)+"/", 2)
		if err == nil || !strings.Contains(err.Error(), filepath.Join(parent, name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := names(t, parent); !slices.Equal(got, []string{"file"}) {
		t.Errorf("there are now %q", got)
	}
}

// TestHostileOwner: what another machine has written is shown without control characters.
func TestHostileOwner(t *testing.T) {
	s, dir := source(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, OwnerFile), []byte(`{"host": "b\u001b[31m\nmontimer: all is well", "id": "00", "since": "2026-03-01T12:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Make(t.Context(), dir, 0); err == nil || strings.ContainsAny(err.Error(), "\x1b\n") {
		t.Errorf("%q", err)
	}
}

// TestElsewhere: only what names another host keeps this one from running its jobs.
// What cannot be read is an error of another kind, and a directory that hangs does not
// hold a run up.
func TestElsewhere(t *testing.T) {
	dir := t.TempDir()
	id, err := MachineID()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, OwnerFile)
	other := func(err error) bool { var e *NotOwnerError; return errors.As(err, &e) }
	owned := func(id string, retired bool) func() error {
		return func() error { return WriteOwner(dir, Owner{Host: "h", ID: id, Since: time.Now(), Retired: retired}) }
	}
	for _, test := range []struct {
		name   string
		make   func() error
		dir    string
		refuse bool
		fail   bool
	}{
		{"no file", func() error { return nil }, dir, false, false},
		{"this host", owned(id, false), dir, false, false},
		{"this host, retired", owned(id, true), dir, true, false},
		{"another host", owned("other", false), dir, true, false},
		{"another host, retired", owned("other", true), dir, true, false},
		{"no directory", func() error { return nil }, filepath.Join(dir, "none"), false, true},
		{"half a file", func() error { return os.WriteFile(file, []byte(`{"host": "h", "id`), 0o644) }, dir, false, true},
		{"no id", func() error { return os.WriteFile(file, []byte(`{"host": "h"}`), 0o644) }, dir, false, true},
		{"an endless file", func() error { return os.WriteFile(file, make([]byte, 1<<20), 0o644) }, dir, false, true},
		{"a FIFO", func() error { os.Remove(file); return unix.Mkfifo(file, 0o644) }, dir, false, true},
		{"a link", func() error { os.Remove(file); return os.Symlink("/etc/passwd", file) }, dir, false, true},
		{"a directory", func() error { os.Remove(file); return os.Mkdir(file, 0o755) }, dir, false, true},
	} {
		if err := test.make(); err != nil {
			t.Fatal(err)
		}
		if err := Elsewhere(test.dir); other(err) != test.refuse || (err != nil) != (test.refuse || test.fail) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	hangs := make(chan error)
	defer close(hangs)
	if _, late := within(time.Millisecond, dir, func() error { return <-hangs }); late == nil || !strings.Contains(late.Error(), "does not answer") {
		t.Errorf("a directory that hangs: %v", late)
	}
}
