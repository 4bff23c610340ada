package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// copyOf backs a state directory up and returns the copy, in a state directory.
func copyOf(t *testing.T, dir string) (copied string) {
	t.Helper()
	copied = t.TempDir()
	if err := Backup(t.Context(), "", dir, filepath.Join(copied, FileName)); err != nil {
		t.Fatal(err)
	}
	return copied
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

// TestBackupWhileOthersWrite backs up while two processes write as fast as they can: each
// copy is whole, and has all that was committed before it began.
func TestBackupWhileOthersWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir, Options{})
	lines := make(chan string, 1_000_000)
	for range 2 {
		cmd := child("write", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { cmd.Process.Kill(); cmd.Wait() }()
		go func() {
			for in := bufio.NewScanner(out); in.Scan(); {
				lines <- in.Text()
			}
		}()
	}
	var said []string
	for range 3 {
		for before := len(said) + 200; len(said) < before; {
			said = append(said, <-lines)
		}
		copied := copyOf(t, dir)
		equal(t, names(t, copied), []string{FileName})
		if err := Verify(t.Context(), "", filepath.Join(copied, FileName)); err != nil {
			t.Error(err)
		}
		restored := t.TempDir()
		if kept, err := Restore(t.Context(), "", restored, filepath.Join(copied, FileName), "old"); err != nil || kept != "" {
			t.Fatal(kept, err)
		}
		s := open(t, restored, Options{ReadOnly: true})
		checkSaid(t, s, said)
		equal(t, query(t, s, "PRAGMA integrity_check"), []string{"ok"})
	}
}

// filled makes a state directory with a run, an alert and a value of a task.
func filled(t *testing.T, value string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec("INSERT INTO monitor_state VALUES ('n', 'k', ?, '')", value); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

const theValue = "SELECT value FROM monitor_state"

// TestRestore holds what a restore gives: the content of the backup, the old one beside,
// the same file for those that have it open.
func TestRestore(t *testing.T) {
	t.Parallel()
	copied, dir := copyOf(t, filled(t, "backup")), filled(t, "old")
	reader := open(t, dir, Options{ReadOnly: true})
	writer := open(t, dir, Options{})
	equal(t, query(t, reader, theValue), []string{"old"})
	kept, err := Restore(t.Context(), "", dir, filepath.Join(copied, FileName), "monitoring.db.before-x")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, kept, filepath.Join(dir, "monitoring.db.before-x"))
	equal(t, query(t, reader, theValue), []string{"backup"})
	if _, err := writer.Begin(t.Context(), timerRun(freshID(), 0)); err != nil {
		t.Errorf("a writer that had it open: %v", err)
	}
	equal(t, query(t, open(t, dir, Options{}), theValue), []string{"backup"})
	aside := t.TempDir()
	if err := os.Rename(kept, filepath.Join(aside, FileName)); err != nil {
		t.Fatal(err)
	}
	equal(t, query(t, open(t, aside, Options{ReadOnly: true}), theValue), []string{"old"})

	kept, err = Restore(t.Context(), "", dir, "", "monitoring.db.before-y")
	if err != nil || kept == "" {
		t.Fatal(kept, err)
	}
	equal(t, len(query(t, reader, theValue)), 0)
	if problems, err := Check(t.Context(), "", dir); err != nil || problems != nil {
		t.Error(problems, err)
	}
}

// TestRestoreOverDamage restores over databases that SQLite cannot use, some with a log
// that it would replay into the new file.
func TestRestoreOverDamage(t *testing.T) {
	t.Parallel()
	copied := filepath.Join(copyOf(t, filled(t, "backup")), FileName)
	for name, damage := range map[string]func(path string, data []byte) error{
		"text": func(path string, _ []byte) error {
			return os.WriteFile(path, []byte(strings.Repeat("text ", 2000)), 0o640)
		},
		"first page": func(path string, data []byte) error {
			return os.WriteFile(path, slices.Concat(make([]byte, 4096), data[4096:]), 0o640)
		},
		"other pages": func(path string, data []byte) error {
			return os.WriteFile(path, slices.Concat(data[:4096], []byte(strings.Repeat("text", len(data)/4-1024))), 0o640)
		},
		"cut":   func(path string, data []byte) error { return os.WriteFile(path, data[:len(data)/2], 0o640) },
		"short": func(path string, data []byte) error { return os.WriteFile(path, data[:100], 0o640) },
		"empty": func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o640) },
	} {
		for _, logged := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, with log: %v", name, logged), func(t *testing.T) {
				dir := filled(t, "old")
				path := filepath.Join(dir, FileName)
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if logged {
					log := unfolded(t, dir)
					if err := os.WriteFile(path+"-wal", log, 0o640); err != nil {
						t.Fatal(err)
					}
				}
				if err := damage(path, data); err != nil {
					t.Fatal(err)
				}
				before, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				kept, err := Restore(t.Context(), "", dir, copied, "beside")
				if err != nil {
					t.Fatal(err)
				}
				s := open(t, dir, Options{})
				equal(t, query(t, s, theValue), []string{"backup"})
				equal(t, query(t, s, "PRAGMA integrity_check"), []string{"ok"})
				if kept == "" {
					if len(before) > 0 {
						t.Error("nothing was kept")
					}
					return
				}
				if after, err := os.ReadFile(kept); err != nil || !logged && name != "other pages" && !bytes.Equal(after, before) { // others SQLite could copy
					t.Errorf("the old one is not kept: %v", err)
				}
			})
		}
	}
}

// unfolded returns a write-ahead log with changes to the database of a directory, which
// has none of them.
func unfolded(t *testing.T, dir string) []byte {
	t.Helper()
	work := copyOf(t, dir)
	s := open(t, work, Options{})
	if _, err := s.db.Exec("PRAGMA wal_autocheckpoint=0; INSERT INTO monitor_state VALUES ('n', 'log', 'of the old', ''); CREATE TABLE old (x)"); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(work, FileName+"-wal"))
	if err != nil || len(log) == 0 {
		t.Fatal(len(log), err)
	}
	return log
}

// TestRestoreRefuses holds that what is no good backup changes nothing.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	damaged := filepath.Join(copyOf(t, filled(t, "backup")), FileName)
	data, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(damaged, slices.Concat(data[:4096], []byte(strings.Repeat("text", len(data)/4-1024))), 0o640); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	cli(t, filepath.Dir(foreign), "CREATE TABLE x (y)")
	if err := os.Rename(filepath.Join(filepath.Dir(foreign), FileName), foreign); err != nil {
		t.Fatal(err)
	}
	half := t.TempDir()
	cli(t, half, "CREATE TABLE alert_events (id INTEGER)")
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("text ", 2000)), 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/dev/zero", link); err != nil {
		t.Fatal(err)
	}
	dir := filled(t, "old")
	was := names(t, dir)
	for path, want := range map[string]error{filepath.Join(dir, FileName): nil, damaged: ErrCorrupt, foreign: ErrForeign, filepath.Join(half, FileName): ErrForeign, text: ErrCorrupt, filepath.Join(dir, "none"): fs.ErrNotExist, link: nil} {
		_, err := Restore(t.Context(), "", dir, path, "beside")
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
		equal(t, names(t, dir), was)
	}
	equal(t, query(t, open(t, dir, Options{}), theValue), []string{"old"})
}

// TestOlderBackup restores one from before montimer's tables, and from a version before
// this one.
func TestOlderBackup(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	shared, err := files.ReadFile("schema/shared.sql")
	if err != nil {
		t.Fatal(err)
	}
	cli(t, from, string(shared)+"; INSERT INTO monitor_state VALUES ('n', 'k', 'of a task', '')")
	dir := filled(t, "old")
	if _, err := Restore(t.Context(), "", dir, filepath.Join(copyOf(t, from), FileName), "beside"); err != nil {
		t.Fatal(err)
	}
	equal(t, query(t, open(t, dir, Options{ReadOnly: true}), theValue), []string{"of a task"})
}

// TestBackupStops holds that a backup ends with its context.
func TestBackupStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Backup(ctx, "", filled(t, "x"), filepath.Join(t.TempDir(), "copy"))
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
