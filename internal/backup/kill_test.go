package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/testenv"
)

// childEnv makes this test binary back up or restore: "VERB STATE_DIR PATH".
const childEnv = "MONTIMER_BACKUP_CHILD"

func TestMain(m *testing.M) {
	words := strings.Fields(os.Getenv(childEnv))
	if len(words) != 3 {
		os.Exit(m.Run())
	}
	s := Source{StateDir: words[1], Host: "here", Now: time.Now()}
	var err error
	switch words[0] {
	case "backup":
		_, err = s.Make(context.Background(), words[2], 2)
	case "restore":
		_, err = s.Restore(context.Background(), words[2], montimer.Jobs{})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// killed runs a child and kills it after a part of the time that it usually takes; it
// may have ended before.
func killed(t *testing.T, verb, stateDir, path string, usual time.Duration) (ended bool) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{childEnv + "=" + verb + " " + stateDir + " " + path}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if usual > 0 {
		timer := time.AfterFunc(rand.N(usual), func() { cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	if err != nil && cmd.ProcessState.Exited() {
		t.Fatalf("%s: %v: %s", verb, err, said.String())
	}
	return err == nil
}

// write gives the database a value, and some size.
func write(t *testing.T, stateDir, value string) {
	t.Helper()
	db := raw(t, stateDir)
	if _, err := db.Exec("INSERT OR REPLACE INTO monitor_state VALUES ('n', 'value', ?, ''), ('n', 'size', hex(randomblob(1000000)), '')", value); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func raw(t *testing.T, stateDir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(stateDir, store.FileName)+"?_busy_timeout=20000")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func read(t *testing.T, stateDir string) (value string) {
	t.Helper()
	db := raw(t, stateDir)
	defer db.Close()
	var whole string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&whole); err != nil || whole != "ok" {
		t.Fatal(whole, err)
	}
	if err := db.QueryRow("SELECT value FROM monitor_state WHERE key = 'value'").Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func rounds() int {
	if testenv.Soak() {
		return 100
	}
	return 4
}

// TestKilledBackup kills backups at random instants: what has the name of a backup is
// whole, the last good one stays, and the next one removes what is left.
func TestKilledBackup(t *testing.T) {
	s, dir := source(t), t.TempDir()
	write(t, s.StateDir, "x")
	began := time.Now()
	killed(t, "backup", s.StateDir, dir, 0)
	usual := time.Since(began)
	ended := 0
	for range rounds() {
		if killed(t, "backup", s.StateDir, dir, usual) {
			ended++
		}
		f, bad, err := NewestGood(t.Context(), "", dir)
		if err != nil || len(bad) > 0 {
			t.Fatal(f, bad, err)
		}
		if read(t, s.StateDir) != "x" {
			t.Fatal("the database is another")
		}
	}
	if _, err := s.Make(t.Context(), dir, 2); err != nil {
		t.Fatal(err)
	}
	if all := names(t, dir); len(all) != 3 { // with owner.json
		t.Error(all)
	}
	t.Logf("%d kills, of which %d came too late", rounds(), ended)
}

// TestKilledRestore kills restores at random instants, with the old database whole or
// damaged: there is the old one or the new, and never another.
func TestKilledRestore(t *testing.T) {
	s, dir := source(t), t.TempDir()
	write(t, s.StateDir, "new")
	backup, err := s.Make(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.StateDir, "old")
	began := time.Now()
	killed(t, "restore", s.StateDir, backup, 0)
	usual := time.Since(began)
	path := filepath.Join(s.StateDir, store.FileName)
	garbage := strings.Repeat("damage", 100_000)
	count := map[string]int{}
	for n := range rounds() {
		damaged := n%2 == 1
		if damaged {
			if err := os.WriteFile(path, []byte(garbage), 0o640); err != nil {
				t.Fatal(err)
			}
			os.WriteFile(path+"-wal", []byte(garbage), 0o640)
		} else {
			write(t, s.StateDir, "old")
		}
		killed(t, "restore", s.StateDir, backup, usual)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		value := "old"
		if !damaged || string(data) != garbage {
			value = read(t, s.StateDir)
		}
		if value != "new" && value != "old" || damaged && value == "old" && string(data) != garbage {
			t.Fatal(value)
		}
		count[value]++
		if err := restoreNow(t, s, backup); err != nil {
			t.Fatal(err)
		}
		if value := read(t, s.StateDir); value != "new" {
			t.Fatal(value)
		}
		for _, name := range names(t, s.StateDir) {
			if strings.Contains(name, ".before-") {
				os.Remove(filepath.Join(s.StateDir, name))
			}
		}
	}
	t.Logf("%d kills: %v", rounds(), count)
}

func restoreNow(t *testing.T, s Source, from string) error {
	t.Helper()
	s.Now = time.Now()
	_, err := s.Restore(t.Context(), from, montimer.Jobs{})
	return err
}

// TestFullAndReadOnly: what cannot be written is said, and nothing is lost or left.
func TestFullAndReadOnly(t *testing.T) {
	testenv.NeedRoot(t)
	s, dir := source(t), t.TempDir()
	write(t, s.StateDir, "new")
	good, err := s.Make(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.StateDir, "old")
	mount := func(options string, flags uintptr) (dir string) {
		t.Helper()
		dir = t.TempDir()
		err := unix.Mount("tmpfs", dir, "tmpfs", flags, options)
		testenv.Require(t, err == nil, fmt.Sprintf("mount a tmpfs: %v", err))
		t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
		return dir
	}
	small := mount("size=1m", 0)
	touch(t, small, Name(noon.Add(-time.Hour)))
	if _, err := s.Make(t.Context(), small, 1); !errors.Is(err, store.ErrFull) && !errors.Is(err, unix.ENOSPC) {
		t.Errorf("full: %v", err)
	}
	for _, name := range names(t, small) {
		if name != OwnerFile && name != Name(noon.Add(-time.Hour)) {
			t.Error("left on the full disk:", name)
		}
	}
	if _, err := s.Make(t.Context(), mount("size=1m", unix.MS_RDONLY), 1); !errors.Is(err, unix.EROFS) {
		t.Errorf("read-only: %v", err)
	}
	if _, err := s.Make(t.Context(), filepath.Join(dir, "none", "file.db"), 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}

	state := mount("size=5m", 0)
	full := Source{StateDir: state, Now: noon}
	if _, err := full.Make(t.Context(), dir, 0); !errors.Is(err, fs.ErrNotExist) { // there is no database
		t.Errorf("nothing: %v", err)
	}
	if err := restoreNow(t, full, good); err != nil {
		t.Fatal(err)
	}
	write(t, state, "kept")
	before := len(names(t, state))
	if err := restoreNow(t, full, good); !errors.Is(err, store.ErrFull) {
		t.Errorf("restore on a full disk: %v", err)
	}
	if got := names(t, state); len(got) != before || read(t, state) != "kept" {
		t.Error(got)
	}
	if err := unix.Mount("", state, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if err := restoreNow(t, full, good); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("restore on a read-only disk: %v", err)
	}
	if read(t, s.StateDir) != "old" {
		t.Error("the database that was backed up is another")
	}
}
