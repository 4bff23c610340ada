package backup

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// TestState holds what is said of backups that fail, are killed, or come no more.
func TestState(t *testing.T) {
	dir := t.TempDir()
	hourly := montimer.Backup{Dir: "/b", Every: time.Hour}
	says := func(s State, at time.Time, want string) {
		t.Helper()
		if err := s.Write(dir); err != nil {
			t.Fatal(err)
		}
		s, err := ReadState(dir)
		if got := s.Trouble(hourly, at); err != nil || got != want && (want == "" || !strings.Contains(got, want)) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	var s State
	says(s, noon, "no backup has been made yet")
	s = s.Began(noon)
	says(s, noon, "")
	s = s.Ended("/b/x", nil, noon.Add(time.Minute))
	says(s, noon.Add(2*time.Hour), "")
	says(s, noon.Add(2*time.Hour+20*time.Minute), "no backup is made: the last good one is from 2026-03-01 12:01 UTC")
	s = s.Began(noon.Add(time.Hour)).Ended("", errors.New("the disk is full"), noon.Add(time.Hour))
	says(s, noon.Add(time.Hour), "backups fail: the disk is full; the last good one is from")
	s = State{}.Began(noon).Began(noon.Add(time.Hour)).Began(noon.Add(2 * time.Hour))
	if s.Failures != 2 {
		t.Error(s)
	}
	says(s, noon.Add(2*time.Hour), "it was killed, or the host went down; there has never been one")
	if got := s.Trouble(montimer.Backup{}, noon); got != "" {
		t.Error(got)
	}
	if err := os.WriteFile(filepath.Join(dir, stateFile), []byte("{"), 0o600); err != nil {
		t.Error(err)
	}
	if s, err := ReadState(dir); err != nil || !s.None() {
		t.Error(s, err)
	}
}
