package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

func TestLocked(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "sqlite3")
	for _, test := range []struct {
		name  string
		limit time.Duration // of the caller
		want  error
		min   time.Duration
	}{
		{"SQLite's time-out", time.Hour, ErrBusy, 4 * time.Second},
		{"a shorter time-out", 200 * time.Millisecond, context.DeadlineExceeded, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir, Options{})
			release := hold(t, dir)
			ctx, cancel := context.WithTimeout(t.Context(), test.limit)
			defer cancel()
			began := time.Now()
			_, err := s.Begin(ctx, timerRun("a", 0))
			if took := time.Since(began); !errors.Is(err, test.want) || took < test.min {
				t.Errorf("after %v: %v", took, err)
			}
			if _, err := s.Run(t.Context(), "a"); !errors.Is(err, ErrNoRun) {
				t.Errorf("reading: %v", err)
			}
			release()
			if _, err := s.Begin(t.Context(), timerRun("a", 0)); err != nil {
				t.Errorf("once it is free: %v", err)
			}
		})
	}
}

// What has happened already waits for its record longer than SQLite does: a run
// that is over, an alert that was sent, in whole or in part.
func TestPatience(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "sqlite3")
	dir := t.TempDir()
	s := open(t, dir, Options{})
	run, err := s.Begin(t.Context(), timerRun("a", 0))
	if err != nil {
		t.Fatal(err)
	}
	run.State = montimer.RunOK
	alert := enqueue(t, s, "text")[0]
	records := map[string]func(*Store) error{
		"Finish":    func(s *Store) error { return s.Finish(t.Context(), run, nil) },
		"Shorten":   func(s *Store) error { return s.Shorten(t.Context(), alert, "xt") },
		"Delivered": func(s *Store) error { return s.Delivered(t.Context(), alert, "", tick) },
	}
	stores := map[string]*Store{}
	for name := range records { // each is a process
		stores[name] = open(t, dir, Options{})
	}
	t.Cleanup(func() { os.Remove(NotesFile(dir)) })
	atOnce := func(want error) {
		t.Helper()
		var all sync.WaitGroup
		for name, record := range records {
			all.Go(func() {
				if err := record(stores[name]); !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", name, err, want)
				}
			})
		}
		all.Wait()
	}
	time.AfterFunc(busyTimeout+500*time.Millisecond, hold(t, dir))
	atOnce(nil)
	release := hold(t, dir)
	defer release()
	for _, s := range stores {
		s.endTimeout = 0
	}
	atOnce(ErrBusy)
}

// What is written to a file that is not there any more is lost, and said to be.
func TestGone(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(path string) error{
		"deleted": os.Remove,
		"replaced": func(path string) error {
			if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir, Options{})
			run, err := s.Begin(t.Context(), timerRun("a", 0))
			if err != nil {
				t.Fatal(err)
			}
			if err := replace(filepath.Join(dir, FileName)); err != nil {
				t.Fatal(err)
			}
			if err := s.TaskEnded(t.Context(), run.ID, benchTask); !errors.Is(err, ErrGone) {
				t.Errorf("a task: %v", err)
			}
			if err := s.Finish(t.Context(), run, nil); !errors.Is(err, ErrGone) {
				t.Errorf("the end: %v", err)
			}
		})
	}
}

// hold has another process take the write lock of the database.
func hold(t *testing.T, dir string) (release func()) {
	t.Helper()
	cmd := exec.Command("sqlite3", filepath.Join(dir, FileName))
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
	fmt.Fprintln(in, "BEGIN IMMEDIATE; SELECT 'held';")
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("sqlite3: %q, %v", line, err)
	}
	return func() {
		in.Close()
		cmd.Wait()
	}
}

// small mounts a file system of so many bytes.
func small(t *testing.T, size int) (dir string) { return limited(t, fmt.Sprintf("size=%d", size)) }

// limited mounts a tmpfs with this option.
func limited(t *testing.T, option string) (dir string) {
	t.Helper()
	testenv.NeedRoot(t)
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, option+",mode=700"); err != nil {
		t.Fatal("mount:", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestReadOnFullDisk: where the disk has no room for the files that readers and writers
// share, and no process has the database open, all that it has can be read.
func TestReadOnFullDisk(t *testing.T) {
	t.Parallel()
	dir := small(t, 2<<20)
	s := open(t, dir, Options{})
	if _, err := s.Begin(t.Context(), timerRun("a", 0)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), dir, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if runs, err := s.History(t.Context(), Filter{}); len(runs) != 1 || err != nil {
		t.Errorf("%v, %v", runs, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	events := NewEvents(dir, "")
	if err := events.Page(t.Context(), EventFilter{Limit: 1}, func(Event) error { return nil }); err != nil {
		t.Errorf("the alerts: %v", err)
	}
	if err := errors.Join(events.Close(), os.Remove(ballast)); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{}) // as soon as there is room
	if _, err := s.Begin(t.Context(), timerRun("b", 0)); err != nil {
		t.Error(err)
	}
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := small(t, 2<<20)
	s := open(t, dir, Options{})
	run, err := s.Begin(t.Context(), timerRun("a", 0))
	if err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(dir, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(f, bytes.NewReader(make([]byte, 4<<20)))
	if f.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	run.State = montimer.RunFailed
	alert := &montimer.Alert{Text: strings.Repeat("x", 1<<16)}
	if err := s.Finish(t.Context(), run, alert); !errors.Is(err, ErrFull) {
		t.Errorf("finish: %v", err)
	}
	equal(t, query(t, s, "SELECT state, (SELECT count(*) FROM alert_events) FROM montimer_runs"), []string{"running|0"})
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	// The kernel may take a moment to give the room back.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		err := s.Finish(t.Context(), run, alert)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrFull) || time.Now().After(deadline) {
			t.Fatalf("once there is space: %v", err)
		}
	}
	equal(t, query(t, s, "PRAGMA integrity_check"), []string{"ok"})
}

func TestDiskFullAtOpen(t *testing.T) {
	t.Parallel()
	dir := small(t, 16<<10)
	s, err := Open(t.Context(), dir, Options{})
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, ErrFull) {
		t.Error(err)
	}
}

// A file system can be full of files while it has space: the error says so, both
// for a new database and for one whose write-ahead log cannot be created.
func TestNoInodes(t *testing.T) {
	t.Parallel()
	for name, exists := range map[string]bool{"new": false, "existing": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := limited(t, "nr_inodes=20")
			if exists {
				if err := openAndSay(dir); err != nil {
					t.Fatal(err)
				}
			}
			fill := func() (err error) {
				for n := 0; err == nil; n++ {
					err = os.Mkdir(filepath.Join(dir, fmt.Sprint(n)), 0o700)
				}
				return err
			}
			if err := fill(); !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			if err := openAndSay(dir); !errors.Is(err, ErrNoInodes) {
				t.Error(err)
			}
		})
	}
}

// openAndSay opens a database and records a run, and returns what was wrong.
func openAndSay(dir string) error {
	s, err := Open(context.Background(), dir, Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Begin(context.Background(), timerRun("a", 0))
	return err
}

// TestPermissions opens databases as a user without write permission.
func TestPermissions(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, test := range []struct {
		name      string
		file      bool
		mode      os.FileMode // of the file
		directory os.FileMode
		want      string
	}{
		{"nothing", true, 0o666, 0o777, "<nil>"},
		{"file", true, 0o444, 0o777, ErrReadOnly.Error()},
		{"file unreadable", true, 0, 0o777, ErrOpen.Error()},
		{"directory", true, 0o666, 0o555, ErrReadOnly.Error()},
		{"directory without a file", false, 0, 0o555, "permission denied"},
	} {
		state := filepath.Join(dir, strings.ReplaceAll(test.name, " ", "-"))
		err := os.Mkdir(state, 0o700)
		if test.file {
			s, openErr := Open(t.Context(), state, Options{})
			err = errors.Join(err, openErr, s.Close(), os.Chmod(filepath.Join(state, FileName), test.mode))
		}
		if err := errors.Join(err, os.Chmod(state, test.directory), os.Chmod(dir, 0o755)); err != nil {
			t.Fatal(err)
		}
		cmd := child("open", state)
		if os.Geteuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, _ := cmd.Output()
		if !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %s; want %s", test.name, out, test.want)
		}
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), bytes.Repeat([]byte("garbage\n"), 2000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{false, true} {
		s, err := Open(t.Context(), dir, Options{ReadOnly: readOnly})
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("garbage, read-only %t: %v", readOnly, err)
		}
	}

	dir = t.TempDir()
	python(t, dir)
	s, err := Open(t.Context(), dir, Options{})
	if err == nil {
		err = errors.Join(s.Init(t.Context()), s.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	check := func() string {
		problems, err := Check(t.Context(), "", dir)
		if err != nil {
			problems = append(problems, err.Error())
		}
		return strings.Join(problems, "\n")
	}
	equal(t, check(), "")
	f, err := os.OpenFile(filepath.Join(dir, FileName), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(bytes.Repeat([]byte{0xff}, 3000), 50_000)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if got := check(); !strings.Contains(got, "damaged: run montimer db restore, or montimer db restore --empty where there is no backup: ") {
		t.Errorf("check: %s", got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, statement string
		tasks           bool // the tasks made the database first
		damage          func(dir string) error
		want            []string // one a problem, what it contains
	}{
		{name: "as it is made"},
		{name: "made by tasks", tasks: true, want: []string{"alert_events has no index montimer_alert_events_... for channel, counts, protocol, protocol_severity, severity, source, undelivered: montimer --instance b db init"}},
		{name: "no column", statement: "ALTER TABLE alert_events DROP COLUMN fingerprint", want: []string{"alert_events.fingerprint is missing: montimer --instance b db check --repair"}},
		{name: "journal", statement: "PRAGMA journal_mode=DELETE", want: []string{"journal mode is delete"}},
		{name: "orphan", statement: "INSERT INTO montimer_task_runs VALUES (1, 7, '', '', 0, '', 0, NULL, 0, '', '', 0)", want: []string{"1 row of montimer_task_runs with no run to which the task belongs"}},
		{name: "mode", damage: func(dir string) error { return os.Chmod(filepath.Join(dir, FileName), 0o666) }, want: []string{"all users can write"}},
		{name: "missing", damage: func(dir string) error { return os.Remove(filepath.Join(dir, FileName)) }, want: []string{"no such file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if test.tasks {
				shared, err := files.ReadFile("schema/shared.sql")
				if err != nil {
					t.Fatal(err)
				}
				execute(t, dir, string(shared))
			}
			s, err := Open(t.Context(), dir, Options{})
			if err == nil {
				err = s.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			if test.statement != "" {
				execute(t, dir, test.statement)
			}
			if test.damage != nil {
				if err := test.damage(dir); err != nil {
					t.Fatal(err)
				}
			}
			problems, err := Check(t.Context(), "b", dir)
			if err != nil {
				problems = append(problems, err.Error())
			}
			if len(problems) != len(test.want) {
				t.Fatalf("problems:\n%s", strings.Join(problems, "\n"))
			}
			for i, p := range problems {
				if !strings.Contains(p, test.want[i]) {
					t.Errorf("problem %d is %q, want %q in it", i, p, test.want[i])
				}
			}
		})
	}
}

// TestRepair damages a database with the sqlite3 program, and holds that Check
// names the damage and the command that ends it, that Repair ends it, and that no
// row is lost.
// insertMetadata makes events of the tasks, two of them with no JSON.
const insertMetadata = `INSERT INTO alert_events (created_at, source, protocol, message, metadata_json)
	VALUES ('2026-11-30', 'a', 'b', 'c', '{"oops'), ('2026-11-30', 'a', 'b', 'c', x'7b7d'), ('2026-11-30', 'a', 'b', 'c', '{}'), ('2026-11-30', 'a', 'b', 'c', '')`

func TestRepair(t *testing.T) {
	t.Parallel()
	const by = ": montimer db check --repair"
	kept := func(where string) string { return "SELECT count(*) > 0 FROM montimer_set_aside WHERE " + where }
	for name, tt := range map[string]struct {
		damage string
		found  string // the problem, or a part of it
		held   string // a query that yields 1 after the repair
	}{
		"no table of runs":          {"PRAGMA foreign_keys=0; DROP TABLE montimer_runs", "the table montimer_runs is missing" + by, kept("from_table = 'montimer_task_runs' AND content LIKE '%task of 0%'")},
		"no table of tasks":         {"DROP TABLE montimer_task_runs", "the table montimer_task_runs is missing" + by, "SELECT count(*) = 4 FROM montimer_runs"},
		"no outbox":                 {"DROP TABLE montimer_outbox", "the table montimer_outbox is missing" + by, "SELECT count(*) = 0 FROM montimer_outbox"},
		"no ledger":                 {"DROP TABLE montimer_schema", "the database lacks", "SELECT count(*) = 4 FROM montimer_runs"},
		"no table of the tasks":     {"DROP TABLE monitor_state", "the table monitor_state is missing" + by, "SELECT count(*) = 0 FROM monitor_state"},
		"no column":                 {"ALTER TABLE montimer_outbox DROP COLUMN folded", "the column montimer_outbox.folded is missing" + by, "SELECT count(*) = 1 FROM montimer_outbox WHERE folded = 0"},
		"no column without default": {"ALTER TABLE montimer_runs DROP COLUMN git_commit", "the column montimer_runs.git_commit is missing" + by, "SELECT count(*) = 4 FROM montimer_runs WHERE git_commit = ''"},
		"no index":                  {"DROP INDEX montimer_runs_tick", "the index montimer_runs_tick is missing" + by, "SELECT count(*) = 1 FROM sqlite_master WHERE name = 'montimer_runs_tick'"},
		"a trigger":                 {"CREATE TRIGGER silence AFTER INSERT ON montimer_outbox BEGIN DELETE FROM montimer_outbox; END", "the trigger silence on montimer_outbox is none of montimer's and may change what is recorded" + by, kept("content LIKE 'CREATE TRIGGER silence%'")},
		"an index of others":        {"CREATE UNIQUE INDEX one ON montimer_outbox(plain_text)", "the index one is none of montimer's and may refuse what is recorded" + by, kept("content LIKE 'CREATE UNIQUE INDEX one%'")},
		"a view for a table":        {"ALTER TABLE montimer_outbox RENAME TO theirs; CREATE VIEW montimer_outbox AS SELECT * FROM theirs", "the view montimer_outbox is none of montimer's and may refuse what is recorded" + by, kept("content LIKE 'CREATE VIEW%'")},
		"no start":                  {"UPDATE montimer_runs SET started_at = 'yesterday' WHERE seq = 2", "1 row of montimer_runs with no time at which the run began (the first: row 2)" + by, kept("from_table = 'montimer_runs' AND content LIKE '%yesterday%'")},
		"bytes for a start":         {"UPDATE montimer_runs SET started_at = x'00ff' WHERE seq = 2", "no time at which the run began", kept("content LIKE '%00FF%'")},
		"a tick that is none":       {"UPDATE montimer_runs SET scheduled_at = 7 WHERE seq = 2", "something else than the time of a tick", "SELECT count(*) = 4 FROM montimer_runs"},
		"an end that is none":       {"UPDATE montimer_runs SET ended_at = '' WHERE seq = 2", "something else than the time of its end", "SELECT count(*) = 4 FROM montimer_runs"},
		"a state that is none":      {"UPDATE montimer_runs SET state = 'fine' WHERE seq = 2", "no state that a run can have", kept("content LIKE '%\"state\":\"fine\"%'")},
		"an attempt that is none":   {"UPDATE montimer_runs SET attempt = 'x' WHERE seq = 2", "a value of the wrong type", kept("from_table = 'montimer_runs'")},
		"tasks without a run":       {"PRAGMA foreign_keys=0; DELETE FROM montimer_runs WHERE seq = 1", "1 row of montimer_task_runs with no run", kept("from_table = 'montimer_task_runs'")},
		"a duration that is none":   {"UPDATE montimer_task_runs SET duration = 'long'", "a value of the wrong type", kept("content LIKE '%long%'")},
		"a yes that is none":        {"UPDATE montimer_runs SET already_served = 'x' WHERE seq = 2", "neither yes nor no", "SELECT count(*) = 4 FROM montimer_runs WHERE already_served = 0"},
		"metadata that is no JSON":  {insertMetadata, "2 rows of alert_events with metadata that is no JSON (the first: row 2)" + by, "SELECT (SELECT count(*) = 2 FROM alert_events WHERE metadata_json IS NULL) AND (SELECT count(*) = 2 FROM montimer_set_aside WHERE from_table = 'alert_events' AND (content LIKE '%oops%' OR content LIKE '%7B7D%'))"},
		"an alert without a time":   {"UPDATE montimer_outbox SET created_at = '10:00'", "no time at which the alert was made", "SELECT count(*) = 1 FROM montimer_outbox WHERE created_at LIKE '20%'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s, err := Open(t.Context(), dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			play(t, s, "p", "ooof")
			err = errors.Join(s.TaskEnded(t.Context(), "p0", montimer.TaskRun{Name: "task of 0"}), s.Init(t.Context()), s.Close())
			if err != nil {
				t.Fatal(err)
			}
			cli(t, dir, tt.damage)
			check := func() string {
				problems, err := Check(t.Context(), "", dir)
				if err != nil {
					problems = append(problems, err.Error())
				}
				return strings.Join(problems, "\n")
			}
			if got := check(); !strings.Contains(got, tt.found) {
				t.Errorf("check: %q", got)
			}
			done, err := Repair(t.Context(), "", dir)
			if err != nil || len(done) == 0 {
				t.Fatalf("repair: %q, %v", done, err)
			}
			equal(t, check(), "")
			equal(t, cli(t, dir, tt.held), "1")
			if done, err := Repair(t.Context(), "", dir); len(done) > 0 || err != nil {
				t.Errorf("repaired again: %q, %v", done, err)
			}
			open(t, dir, Options{})
		})
	}
}
