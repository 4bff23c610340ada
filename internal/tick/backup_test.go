package tick

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/store"
)

// TestBackupOfNothing: where nothing has run yet, the service has nothing to report.
func TestBackupOfNothing(t *testing.T) {
	b := Backup{Host: montimer.Host{StateDir: t.TempDir(), Backup: montimer.Backup{Dir: t.TempDir()}}, Report: true}
	if path, err := b.Exec(t.Context()); path != "" || err != nil {
		t.Error(path, err)
	}
	if s, err := backup.ReadState(b.Host.StateDir); err != nil || !s.None() {
		t.Error(s, err)
	}
	b.Report = false
	if path, err := b.Exec(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Error(path, err)
	}
}

// TestBackupWithoutMount: where the mount with the directory is missing, the backup fails,
// and does not become a file of the name of the directory.
func TestBackupWithoutMount(t *testing.T) {
	state, mount := t.TempDir(), t.TempDir()
	db, err := store.Open(t.Context(), state, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := Backup{Host: montimer.Host{StateDir: state, Backup: montimer.Backup{Dir: filepath.Join(mount, "montimer")}}}
	if path, err := b.Exec(t.Context()); err == nil {
		t.Error("it made", path)
	}
	if left, err := os.ReadDir(mount); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
	if text := b.failed(b.Host.Backup.Dir+"/", "why"); !strings.HasPrefix(text, "the backup of the database to "+b.Host.Backup.Dir+" failed: why") {
		t.Error(text)
	}
}
