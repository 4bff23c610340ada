package store

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/montimer/montimer/internal/testenv"
)

func examine(t *testing.T, dir string) Health {
	t.Helper()
	h, err := Examine(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestExamine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if h := examine(t, dir); !h.Missing || len(h.Problems) != 0 {
		t.Errorf("without a database: %+v", h)
	}
	if h := examine(t, filepath.Join(dir, "none")); !h.Missing {
		t.Errorf("without a directory: %+v", h)
	}
	s := open(t, dir, Options{})
	play(t, s, "p", "oof")
	if err := s.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h := examine(t, dir); h.Missing || len(h.Problems) != 0 || h.Size == 0 || h.Version != h.Known || h.Known < 9 || h.Writer != 0 || h.Damage != "" {
		t.Errorf("a good one: %+v", h)
	}
	change := func(query string) {
		if _, err := s.db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	change("INSERT INTO montimer_schema VALUES (99, '2026-01-01')")
	change("DROP INDEX montimer_alert_events_source")
	change("UPDATE montimer_runs SET started_at = 'yesterday' WHERE id = 'p0'")
	if err := os.Chmod(filepath.Join(dir, FileName), 0o666); err != nil {
		t.Fatal(err)
	}
	kinds := func(want ...ProblemKind) {
		t.Helper()
		h := examine(t, dir)
		var got []ProblemKind
		for _, p := range h.Problems {
			got = append(got, p.Kind)
		}
		if !slices.Equal(got, want) || h.Version != 99 {
			t.Errorf("%+v", h)
		}
	}
	kinds(WrongMode, NoIndex, WrongRows)
	change("DROP INDEX montimer_runs_started") // rows are looked at in a whole schema only
	kinds(WrongMode, NoIndex, WrongShape)
}

func TestExamineDamaged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(strings.Repeat("noise", 4000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if h := examine(t, dir); !strings.Contains(h.Damage, "damaged") {
		t.Errorf("%+v", h)
	}
}

// TestExamineOlder: a schema that the next run will update has one fix.
func TestExamineOlder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE alert_events (id INTEGER PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	age(t, dir)
	h := examine(t, dir)
	if len(h.Problems) != 1 || h.Problems[0].Kind != WrongShape || h.Problems[0].Path == "" {
		t.Errorf("%+v", h)
	}
}

// TestWriter finds a program that keeps the database locked for writing.
func TestWriter(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "python3")
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	open(t, dir, Options{})
	if pid := writer(path); pid != 0 {
		t.Errorf("nothing writes: %d", pid)
	}
	cmd := exec.Command("python3", "-c", `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()`, path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	// Open has a descriptor of the file, but no lock: that of the other is found.
	if pid := writer(path); pid != cmd.Process.Pid {
		t.Errorf("%d, not %d", pid, cmd.Process.Pid)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // which ends the waiting
	if pid := stubbornWriter(ctx, path); pid != cmd.Process.Pid {
		t.Errorf("%d, not %d", pid, cmd.Process.Pid)
	}
}
