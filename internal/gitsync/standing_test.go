package gitsync

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func standing(t *testing.T, s *site) Standing {
	t.Helper()
	at, err := s.syncer.Standing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestStanding(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := standing(t, s)
	if !at.IsCheckout || !at.Ours || at.Credentials || len(at.Changed) != 0 || at.Commit != s.host("rev-parse", "HEAD") {
		t.Errorf("%+v", at)
	}
	if commit, err := s.syncer.RemoteCommit(t.Context()); commit != at.Commit || err != nil {
		t.Errorf("the remote is at %s, %v", commit, err)
	}
	s.push("jobs.yaml", "two\n")
	if commit, err := s.syncer.RemoteCommit(t.Context()); commit == at.Commit || commit != s.git("rev-parse", "HEAD") || err != nil {
		t.Errorf("after a push the remote is at %s, %v", commit, err)
	}
	for url, want := range map[string]bool{
		"https://me:secret@example.org/x": true, "https://token@example.org/x": true, "ssh://git@example.org/x": false,
		"ssh://git:secret@example.org/x": true, "git@example.org:x": false, "https://example.org/a@b": false, "/srv/a@b": false,
	} {
		s.host("remote", "set-url", "origin", url)
		if at := standing(t, s); at.Credentials != want || strings.Contains(at.URL, "secret") || strings.Contains(at.URL, "token") {
			t.Errorf("%s: %+v", url, at)
		}
	}
	s.host("remote", "set-url", "origin", "/nowhere.git")
	if _, err := s.syncer.RemoteCommit(t.Context()); err == nil || !strings.Contains(err.Error(), "/nowhere.git") {
		t.Errorf("a remote that is not there: %v", err)
	}
	if at, err := (Syncer{Repo: t.TempDir(), Questions: new(Questions)}).Standing(t.Context()); at.IsCheckout || err != nil {
		t.Errorf("no checkout: %+v, %v", at, err)
	}
}

// TestStandingRunsNothing: the comparison of the working tree runs no command of the
// repository, and writes nothing.
func TestStandingRunsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ran := filepath.Join(t.TempDir(), "ran")
	for _, name := range []string{"filter.mine.clean", "filter.mine.process", "core.fsmonitor"} {
		s.host("config", name, "touch "+ran+"; cat")
	}
	s.host("config", "filter.mine.required", "true")
	write(t, filepath.Join(s.syncer.Repo, ".git/info/attributes"), "* filter=mine\n")
	write(t, filepath.Join(s.syncer.Repo, "jobs.yaml"), "another\n")
	index, err := os.Stat(filepath.Join(s.syncer.Repo, ".git/index"))
	if err != nil {
		t.Fatal(err)
	}
	if at := standing(t, s); !slices.Equal(at.Changed, []string{"jobs.yaml"}) {
		t.Errorf("%+v", at)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a command of the repository was run")
	}
	if after, err := os.Stat(filepath.Join(s.syncer.Repo, ".git/index")); err != nil || !os.SameFile(index, after) {
		t.Errorf("the index was written: %v", err)
	}
}

func TestRefCommit(t *testing.T) {
	t.Parallel()
	const listed = "1\trefs/heads/x/v1\n2\trefs/tags/v1\n3\trefs/tags/v1^{}\n4\trefs/heads/main\n5\trefs/tags/main\n6\trefs/tags/light\n7\trefs/x/full\n"
	for name, want := range map[string]string{"v1": "3", "main": "4", "light": "6", "refs/x/full": "7", "refs/heads/main": "4", "none": ""} {
		if got := refCommit(listed, name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
