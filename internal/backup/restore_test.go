package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/flock"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

// hold takes the lock of a run.
func hold(t *testing.T, stateDir, name string) (release func()) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(stateDir, "lock"), 0o700); err != nil {
		t.Fatal(err)
	}
	release, err := flock.Take(filepath.Join(stateDir, "lock", name), flock.Exclusive)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

// TestRestoreRefusesWhileRunsGo holds that nothing is touched while a profile runs, and
// that all is free again afterwards.
func TestRestoreRefusesWhileRunsGo(t *testing.T) {
	s, dir := source(t), t.TempDir()
	if _, err := s.Make(t.Context(), dir, 0); err != nil {
		t.Fatal(err)
	}
	was := len(names(t, s.StateDir))
	for _, lock := range []string{"nightly.lock", "nightly.beside"} {
		release := hold(t, s.StateDir, lock)
		var running *taskexec.RunningError
		if _, err := s.Restore(t.Context(), dir, montimer.Jobs{Profiles: []montimer.Profile{{Name: "nightly"}}}); !errors.As(err, &running) || running.Profile != "nightly" {
			t.Error(err)
		}
		release()
	}
	if got := names(t, s.StateDir); len(got) > was+1 { // the locks
		t.Error(got)
	}
	r, err := s.Restore(t.Context(), dir, montimer.Jobs{Profiles: []montimer.Profile{{Name: "other"}}})
	if err != nil || filepath.Base(r.Kept) != "monitoring.db.before-20260301T120000Z" || filepath.Base(r.From) != Name(noon) {
		t.Fatal(r, err)
	}
	for _, profile := range []string{"nightly", "other"} {
		if !taskexec.Idle(s.StateDir, profile) {
			t.Error(profile, "is locked still")
		}
	}
}

// TestRestoreHoldsSenders holds that alerts are not sent from what is being replaced.
func TestRestoreHoldsSenders(t *testing.T) {
	s := source(t)
	db, err := store.Open(t.Context(), s.StateDir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	release, err := s.hold(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := db.BeginSending(t.Context()); ok || err != nil {
		t.Errorf("a sender begins meanwhile: %t, %v", ok, err)
	}
	release()
	end, ok, err := db.BeginSending(t.Context())
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	end()
}

// TestRestoreSendsNothingTwice: an alert that waited when the backup was made and has been
// sent since waits no longer, one that has not been sent does.
func TestRestoreSendsNothingTwice(t *testing.T) {
	s, dir := source(t), t.TempDir()
	db, err := store.Open(t.Context(), s.StateDir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sent, waits := &montimer.Alert{Text: "sent since"}, &montimer.Alert{Text: "waits"}
	for _, a := range []*montimer.Alert{sent, waits} {
		if err := db.Enqueue(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Make(t.Context(), dir, 0); err != nil {
		t.Fatal(err)
	}
	if err := db.Delivered(t.Context(), *sent, "", time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Restore(t.Context(), dir, montimer.Jobs{}); err != nil {
		t.Fatal(err)
	}
	pending, err := db.Pending(t.Context())
	if err != nil || len(pending) != 1 || pending[0].Text != "waits" {
		t.Error(pending, err)
	}
}

// TestRestoreOfDamage takes the newest good backup, and begins empty where there is none.
func TestRestoreOfDamage(t *testing.T) {
	s, dir := source(t), t.TempDir()
	if _, err := s.Restore(t.Context(), dir, montimer.Jobs{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := s.Make(t.Context(), dir, 0); err != nil {
		t.Fatal(err)
	}
	touch(t, dir, Name(noon.Add(time.Hour)))
	path := filepath.Join(s.StateDir, store.FileName)
	for n, from := range []string{dir, ""} {
		if err := os.WriteFile(path, []byte(strings.Repeat("damage", 2000)), 0o640); err != nil {
			t.Fatal(err)
		}
		s.Now = s.Now.Add(time.Minute)
		r, err := s.Restore(t.Context(), from, montimer.Jobs{})
		if err != nil || len(r.Bad) != 1-n || r.Kept == "" {
			t.Error(from, r, err)
		}
		if problems, err := store.Check(t.Context(), "", s.StateDir); err != nil || problems != nil {
			t.Error(problems, err)
		}
	}
}
