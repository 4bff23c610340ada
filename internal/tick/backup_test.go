package tick

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
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
