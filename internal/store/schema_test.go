package store

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

var update = flag.Bool("update", false, "write the dump of the newest schema")

// python makes the database of dir as the tasks do, with 200 alerts.
func python(t testing.TB, dir string) {
	t.Helper()
	interpreter := testenv.Python(t, "sqlite3")
	pythons.Do(func() {
		path := filepath.Join(t.TempDir(), FileName)
		out, err := exec.Command(interpreter, "testdata/make_py_db.py", path).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if pythons.database, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, FileName), pythons.database, 0o600); err != nil {
		t.Fatal(err)
	}
}

// pythons is the database of make_py_db.py, which is made once.
var pythons struct {
	sync.Once
	database []byte
}

// cli runs the sqlite3 program, an SQLite of its own, on the database of dir.
func cli(t testing.TB, dir, text string) string {
	t.Helper()
	testenv.Need(t, "sqlite3")
	out, err := exec.Command("sqlite3", "-batch", filepath.Join(dir, FileName), text).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// dumpSchema leaves out the indexes of indexes.sql: a database that tasks made, or
// an older version, gets them by Init only.
const dumpSchema = `SELECT coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'montimer_alert_events_%' ORDER BY name`

func TestSharedTablesAreThoseOfTheTasks(t *testing.T) {
	t.Parallel()
	const text = "SELECT type, name, sql FROM sqlite_master WHERE name LIKE 'alert_events' OR name LIKE 'idx_%' OR name LIKE 'monitor_state' ORDER BY name"
	theirs, ours, both := t.TempDir(), t.TempDir(), t.TempDir()
	python(t, theirs)
	python(t, both)
	open(t, ours, Options{})
	open(t, both, Options{})
	want := cli(t, theirs, text)
	equal(t, cli(t, ours, text), want)
	equal(t, cli(t, both, text), want)
	equal(t, cli(t, ours, "PRAGMA user_version; PRAGMA application_id; PRAGMA page_size; PRAGMA encoding; PRAGMA auto_vacuum"),
		cli(t, theirs, "PRAGMA user_version; PRAGMA application_id; PRAGMA page_size; PRAGMA encoding; PRAGMA auto_vacuum"))
	equal(t, cli(t, both, "SELECT count(*) FROM alert_events; SELECT count(*) FROM monitor_state"), "200\n10")
}

// TestMigrations opens a database of each version that has been released, and
// of none: all become the newest one. To release a version is to add its dump.
func TestMigrations(t *testing.T) {
	t.Parallel()
	fresh := open(t, t.TempDir(), Options{})
	want := query(t, fresh, dumpSchema)
	newest := 0
	for exists(newest + 1) {
		newest++
	}
	dumpName := func(version int) string { return fmt.Sprintf("testdata/schema/%d.sql", version) }
	if *update {
		data := fmt.Appendf(nil, "%s;\n", strings.Join(want, ";\n"))
		for version := range newest {
			data = fmt.Appendf(data, "INSERT INTO montimer_schema VALUES (%d, '2026-11-30T08:00:00.000000Z');\n", version+1)
		}
		if err := os.WriteFile(dumpName(newest), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for version := 1; version <= newest; version++ {
		data, err := os.ReadFile(dumpName(version))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		execute(t, dir, string(data))
		old := open(t, dir, Options{})
		equal(t, query(t, old, dumpSchema), want)
		equal(t, query(t, old, "SELECT max(version) FROM montimer_schema"), []string{fmt.Sprint(newest)})
	}
}

// Before version 6 only the reason of a skipped run said that an earlier run
// served its tick.
func TestMigrationOfServedTicks(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/schema/5.sql")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	row := func(id, state, reason string) string {
		return fmt.Sprintf("INSERT INTO montimer_runs (id, profile, trigger, attempt, started_at, state, reason) VALUES ('%s', '%[1]s', 'timer', 1, '2026-11-30T08:00:00.000000Z', '%s', '%s');\n", id, state, reason)
	}
	execute(t, dir, string(data)+
		row("served", "skipped", "nothing is due: run x dealt with the tick of 2026-11-30, and the timer was started again at y")+
		row("paused", "skipped", "paused")+row("ran", "ok", "x dealt with the tick of y"))
	s := open(t, dir, Options{})
	for id, want := range map[string]bool{"served": true, "paused": false, "ran": false} {
		if run, err := s.Run(t.Context(), id); err != nil || run.AlreadyServed != want {
			t.Errorf("%s: %+v, %v", id, run, err)
		}
	}
	execute(t, dir, "UPDATE montimer_runs SET already_served = 'nonsense'")
	if run, err := s.Run(t.Context(), "served"); err != nil || run.AlreadyServed {
		t.Errorf("nonsense: %+v, %v", run, err)
	}
}

// Before version 8 only the error of an alert had the status of its last attempt.
func TestMigrationOfStatuses(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/schema/7.sql")
	if err != nil {
		t.Fatal(err)
	}
	script := string(data)
	texts := []string{"429 Too Many Requests: retry after 30", "no answer: 502 is no address", "40 days", "4294 x", "403 Forbidden", "", "429"}
	for _, text := range texts {
		script += fmt.Sprintf("INSERT INTO montimer_outbox (event_id,kind,profile,run_id,incident,is_first,message,plain_text,created_at,next_try_at,attempts,error) "+
			"VALUES (1,'page','','','',0,'x',1,'2026-11-30T08:00:00.000000Z','2026-11-30T08:00:00.000000Z',1,'%s');\n", text)
	}
	dir := t.TempDir()
	execute(t, dir, script)
	pending, err := open(t, dir, Options{}).Pending(t.Context())
	var got []int
	for _, a := range pending {
		got = append(got, a.Status)
	}
	if err != nil {
		t.Error(err)
	}
	equal(t, got, []int{429, 0, 0, 0, 403, 0, 0})
}

// Before version 7 two states of a task had two words.
func TestMigrationOfTaskStates(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/schema/6.sql")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	execute(t, dir, string(data)+`
		INSERT INTO montimer_runs (id, profile, trigger, attempt, started_at, state) VALUES ('r', 'p', 'timer', 1, '2026-11-30T08:00:00.000000Z', 'failed');
		INSERT INTO montimer_task_runs (run, name, status, exit_code, error, attempts, duration, stdout_tail, stderr_tail) SELECT seq, 'a', 'spawn failed', 1, '', 1, 0, '', '' FROM montimer_runs;
		INSERT INTO montimer_task_runs (run, name, status, exit_code, error, attempts, duration, stdout_tail, stderr_tail) SELECT seq, 'b', 'not run', 1, '', 1, 0, '', '' FROM montimer_runs;
		INSERT INTO montimer_task_runs (run, name, status, exit_code, error, attempts, duration, stdout_tail, stderr_tail) SELECT seq, 'c', 'failed', 1, '', 1, 0, '', '' FROM montimer_runs;`)
	run, err := open(t, dir, Options{}).Run(t.Context(), "r")
	if err != nil || len(run.Tasks) != 3 || run.Tasks[0].Status != montimer.TaskSpawnFailed || run.Tasks[1].Status != montimer.TaskNotRun || run.Tasks[2].Status != montimer.TaskFailed {
		t.Errorf("%+v, %v", run, err)
	}
}

// execute runs statements on the database of dir, which may be none yet.
func execute(t testing.TB, dir, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

func TestNewerSchema(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir, Options{})
	execute(t, dir, `
		INSERT INTO montimer_schema VALUES (99, '2030-01-01T00:00:00.000000Z');
		ALTER TABLE montimer_runs ADD COLUMN region TEXT NOT NULL DEFAULT '';
		ALTER TABLE montimer_task_runs ADD COLUMN cpu INTEGER;
		ALTER TABLE montimer_outbox ADD COLUMN channel TEXT NOT NULL DEFAULT 'telegram';
		CREATE TABLE montimer_later (x)`)
	s := open(t, dir, Options{})
	run, err := s.Begin(t.Context(), timerRun("a", 0))
	if err != nil {
		t.Fatal(err)
	}
	run.State, run.Tasks = montimer.RunFailed, []montimer.TaskRun{{Name: "x", Status: montimer.TaskFailed}}
	err = errors.Join(
		s.TaskEnded(t.Context(), run.ID, run.Tasks[0]),
		s.Finish(t.Context(), run, &montimer.Alert{Text: "x"}))
	if err != nil {
		t.Fatal(err)
	}
	if pending, err := open(t, dir, Options{ReadOnly: true}).Pending(t.Context()); err != nil || len(pending) != 1 {
		t.Errorf("pending: %v, %v", pending, err)
	}
}

func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var group sync.WaitGroup
	for n := range 16 {
		group.Go(func() {
			s, err := Open(context.Background(), dir, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if _, err := s.Begin(context.Background(), timerRun(fmt.Sprint(n), 0)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	s := open(t, dir, Options{})
	equal(t, query(t, s, "SELECT count(*), count(DISTINCT attempt), max(attempt) FROM montimer_runs"), []string{"16|16|16"})
}

// age has the files of a database be written an hour ago.
func age(t *testing.T, dir string) {
	t.Helper()
	long := time.Now().Add(-time.Hour)
	for _, suffix := range []string{"", "-wal"} {
		if err := os.Chtimes(filepath.Join(dir, FileName+suffix), long, long); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// TestReaderWaits: who looks while the first run makes the tables waits for them.
func TestReaderWaits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	reader := func() *Store {
		path := filepath.Join(dir, FileName)
		return &Store{path: path, notes: NotesFile(dir), timeout: time.Minute}
	}
	python(t, dir)
	age(t, dir)
	if err := reader().open(t.Context(), Options{ReadOnly: true}); !errors.Is(err, ErrSchema) {
		t.Fatalf("where nobody writes: %v", err)
	}
	now := time.Now()
	if err := os.Chtimes(filepath.Join(dir, FileName), now, now); err != nil {
		t.Fatal(err)
	}
	made := make(chan error)
	go func() {
		s := reader()
		err := s.open(t.Context(), Options{ReadOnly: true})
		if err == nil {
			err = s.Close()
		}
		made <- err
	}()
	select {
	case err := <-made:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(100 * time.Millisecond): // enough for many a look
	}
	if err := open(t, dir, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-made; err != nil {
		t.Errorf("when the tables are there: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	refused := func(want error) {
		t.Helper()
		age(t, dir)
		s, err := Open(t.Context(), dir, Options{ReadOnly: true, Instance: "b"})
		if !errors.Is(err, want) || want == ErrSchema && !strings.HasSuffix(err.Error(), ": run montimer --instance b db init") {
			t.Errorf("%v; want %v", err, want)
		}
		if err == nil {
			s.Close()
		}
	}
	refused(fs.ErrNotExist)
	if err := os.WriteFile(filepath.Join(dir, FileName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(ErrSchema)
	python(t, dir)
	refused(ErrSchema)

	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	reader := open(t, dir, Options{ReadOnly: true}) // no other process has it open: no -wal, no -shm
	if _, err := reader.Begin(t.Context(), timerRun("a", 0)); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a write: %v", err)
	}
	writer := open(t, dir, Options{})
	if _, err := writer.Begin(t.Context(), timerRun("a", 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Run(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

// TestPlans holds the queries of a tick to their indexes: no table is read
// through, and nothing sorted, however long the history.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	parameter := regexp.MustCompile(`\?[12]?`)
	for name, text := range map[string]string{
		"lost":    "SELECT " + runColumns + " FROM montimer_runs WHERE " + stillRunning,
		"latest":  latest,
		"last":    "SELECT " + runColumns + " FROM montimer_runs " + lastOfTimer,
		"good":    "SELECT " + runColumns + " FROM montimer_runs " + lastGood,
		"since":   since,
		"told":    "SELECT " + runColumns + " FROM montimer_runs " + lastReported,
		"prune":   pruneRuns,
		"history": "SELECT " + runColumns + " FROM montimer_runs WHERE true AND profile = ? ORDER BY seq DESC LIMIT ?",
		"tasks":   "SELECT name FROM montimer_task_runs WHERE run = ? ORDER BY id",
	} {
		for _, line := range query(t, s, "EXPLAIN QUERY PLAN "+parameter.ReplaceAllString(text, "'1'")) {
			fields := strings.Split(line, "|")
			plan := fields[len(fields)-1]
			few := strings.Contains(plan, "montimer_runs_running") || strings.HasPrefix(plan, "SCAN json_each") || strings.HasPrefix(plan, "SCAN (subquery")
			few = few || name == "latest" && (plan == "SCAN last" || plan == "SCAN good") // a row for each profile
			scan := strings.HasPrefix(plan, "SCAN ") && !few
			sorts := strings.Contains(plan, "TEMP B-TREE") && name != "lost" && name != "latest" // the few that run
			if scan || sorts {
				t.Errorf("%s: %s", name, plan)
			}
		}
	}
}
