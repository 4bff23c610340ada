package look

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/testenv"
)

// TestCompare: two databases as the tasks make them, one of which montimer uses.
func TestCompare(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t, "sqlite3")
	dir, old := t.TempDir(), filepath.Join(t.TempDir(), "old.db")
	ours := filepath.Join(dir, store.FileName)
	if out, err := exec.Command(python, "../store/testdata/make_py_db.py", old).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if data, err := os.ReadFile(old); err != nil || os.WriteFile(ours, data, 0o644) != nil {
		t.Fatal("the database cannot be copied", err)
	}
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	change := func(path, statements string) {
		t.Helper()
		script := "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as db: db.executescript(sys.argv[2])"
		if out, err := exec.Command(python, "-c", script, path, statements).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	jobs := filepath.Join(dir, "jobs.yaml")
	if err := os.WriteFile(jobs, []byte("profiles:\n  tens: { cron: '0/10 * * * *', tasks: [{ name: aave, script: protocols/aave/main.py }] }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	h := montimer.Host{StateDir: dir, JobsFile: jobs, Checkout: dir, User: "root"}
	since := time.Date(2026, 6, 10, 0, 0, 0, 0, time.UTC)
	verdict := func() string {
		t.Helper()
		c, notes, err := Compare(t.Context(), h, old, "", since, since.AddDate(0, 1, 0))
		if err != nil {
			t.Fatal(err)
		}
		text := c.Verdict()
		for _, note := range notes {
			text += "; " + note
		}
		return text
	}
	const all = "200 alerts in both, 0 only of the old system, 0 only of montimer"
	if got := verdict(); got != all {
		t.Error(got)
	}
	change(ours, "DELETE FROM alert_events WHERE id = 77")
	change(old, "DELETE FROM alert_events WHERE id IN (120, 121); UPDATE alert_events SET created_at = 'soon' WHERE id = 150")
	if got, want := verdict(), "196 alerts in both, 1 only of the old system, 3 only of montimer; not compared: alerts without a time in created_at, in "+old+": 1"; got != want {
		t.Error(got)
	}
	if _, _, err := Compare(t.Context(), h, filepath.Join(dir, "none.db"), "", since, time.Time{}); err == nil {
		t.Error("no old database, and no error")
	}
}
