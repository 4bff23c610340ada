package gitsync

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/flock"
	"github.com/montimer/montimer/internal/testenv"
)

// TestRefs follows every kind of name that git has, in clones that fetched
// little: four of them always.
func TestRefs(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		clone  []string
		config [][2]string
		branch func(s *site) string // prepares the remote, and says what to follow
	}{
		"a branch that a shallow clone leaves out": {clone: []string{"--depth", "1", "--branch", "main"},
			branch: func(s *site) string { s.git("branch", "nightly"); return "nightly" }},
		"a branch that a single-branch clone leaves out": {clone: []string{"--single-branch"},
			branch: func(s *site) string { s.git("branch", "nightly"); return "nightly" }},
		"a full reference": {branch: func(*site) string { return "refs/heads/main" }},
		"a tag": {branch: func(s *site) string {
			s.git("tag", "-a", "-m", "release", "v1")
			return "v1"
		}},
		"a commit": {branch: func(s *site) string { return s.git("rev-parse", "HEAD") }},
		"a tag that was moved, of a remote with all tags": {config: [][2]string{{"remote.origin.tagOpt", "--tags"}},
			branch: func(s *site) string {
				s.git("tag", "-f", "v1", "HEAD~1")
				s.host("fetch", "-q", "--tags")
				s.git("tag", "-f", "v1")
				return "main"
			}},
		"a rewritten history, by a refspec without +": {config: [][2]string{{"remote.origin.fetch", "refs/heads/*:refs/remotes/origin/*"}},
			branch: func(s *site) string {
				s.git("commit", "-q", "--amend", "-m", "rewritten")
				return "main"
			}},
		"a tag of the name that the branch has here": {branch: func(s *site) string { s.host("tag", "origin/main"); return "main" }},
		"a remote with a refspec without the branch": {config: [][2]string{{"remote.origin.fetch", "+refs/heads/other:refs/remotes/origin/other"}},
			branch: func(*site) string { return "main" }},
	}
	for name, tc := range sample(t, cases, "a branch that a single-branch clone leaves out", "a tag", "a commit",
		"a rewritten history, by a refspec without +") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, tc.clone...)
			s.t = t
			for _, kv := range tc.config {
				s.host("config", kv[0], kv[1])
			}
			s.push("jobs.yaml", "two\n")
			s.syncer.Sync.Branch = tc.branch(s)
			want := s.git("rev-parse", "HEAD")
			if o := s.sync(); o.New != want {
				t.Errorf("now at %s, want %s", o.New, want)
			}
			s.has("jobs.yaml", "two\n")
			if o := s.sync(); o.Old != o.New || o.New != want {
				t.Errorf("again: %+v", o)
			}
		})
	}
}

// TestCommitThatIsNoneOfOurs has a commit that the remote does not have.
func TestCommitThatIsNoneOfOurs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.syncer.Sync.Branch = strings.Repeat("a", 40)
	s.fails("not our ref " + s.syncer.Sync.Branch)
}

// TestSubmodules holds submodules to the commit that the tree names, or says
// that they are not.
func TestSubmodules(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	lib := filepath.Dir(s.remote) + "/lib source"
	s.run("", "git", "init", "-q", "-b", "main", lib)
	commit := func(content string) {
		write(t, lib+"/lib.py", content)
		s.run(lib, "git", "add", "-A")
		s.run(lib, "git", "commit", "-q", "-m", content)
	}
	if err := os.Mkdir(s.author+"/my lib", 0o755); err != nil {
		t.Fatal(err)
	}
	// follow has the next commit name that of lib, as git submodule add does.
	follow := func() {
		s.git("update-index", "--add", "--cacheinfo", "160000,"+s.run(lib, "git", "rev-parse", "HEAD")+",my lib")
	}
	commit("one")
	write(t, s.author+"/.gitmodules", "[submodule \"my lib\"]\n\tpath = my lib\n\turl = "+lib+"\n")
	follow()
	s.push("jobs.yaml", "with a submodule\n")

	s.sync()
	if said := s.log.String(); !strings.Contains(said, "not checked out: my lib;") {
		t.Errorf("a submodule that is missing is not reported: %s", said)
	}
	s.host("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
	s.syncer.Environ = append(s.syncer.Environ, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always")

	write(t, s.syncer.Repo+"/my lib/lib.py", "edited")
	s.run(s.syncer.Repo+"/my lib", "git", "commit", "-q", "-a", "-m", "local")
	s.sync()
	s.has("my lib/lib.py", "one")

	commit("two")
	follow()
	s.push("jobs.yaml", "two\n")
	os.Rename(lib, lib+".away")
	s.fails("submodules do not follow the commit (my lib): ")
	os.Rename(lib+".away", lib)
	s.sync()
	s.has("my lib/lib.py", "two")
}

// TestOwner has a checkout that belongs to another user, which git refuses.
func TestOwner(t *testing.T) {
	t.Parallel()
	testenv.NeedRoot(t) // to give a checkout away
	s := newSite(t)
	s.run("", "chown", "-R", "65534", s.syncer.Repo)
	o := s.syncer.Run(context.Background())
	if o.Err == nil || !strings.Contains(o.Err.Error(), "chown -R") || !strings.Contains(o.Err.Error(), "dubious ownership") {
		t.Errorf("%v", o.Err)
	}
}

// TestNoRemote has a .git/config that has lost the remote.
func TestNoRemote(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host("remote", "remove", "origin")
	s.fails("montimer sync --repair --url URL")
	s.syncer.Instance = "b"
	s.fails("montimer --instance b sync --repair --url URL")
}

// TestBlocked has another process keep the lock of syncs: a stopped sync, or a
// task.
func TestBlocked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	commit := s.push("jobs.yaml", "two\n")
	s.syncer.Sync.Timeout /= 100 // the time to wait, here
	path := s.state + "/sync.lock"
	release, err := s.syncer.lock(context.Background(), path, flock.Exclusive, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	if err := (State{Tried: time.Now().Add(-2 * maxBehind)}).write(s.state); err != nil {
		t.Fatal(err)
	}
	for i := range maxFailures {
		if i == maxFailures-1 { // the one that goes on without the lock
			s.syncer.Sync.Timeout = montimer.DefaultSync().Timeout
		}
		pages = append(pages, s.syncer.Run(context.Background()).Pages...)
	}
	if len(pages) != 1 || !strings.Contains(pages[0], "fuser -v "+path) {
		t.Errorf("pages: %q", pages)
	}
	s.has("jobs.yaml", "two\n")
	if state := ReadState(s.state); state.OK.IsZero() || s.syncer.Commit(context.Background()) != commit {
		t.Errorf("%+v", state)
	}
	release()
	s.sync()
	if paged := ReadState(s.state).Paged; len(paged) > 0 {
		t.Errorf("still remembered as blocked: %v", paged)
	}
}

// TestFIFO has files that git and montimer read replaced by ones that never end.
func TestFIFO(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.run("", "mkfifo", s.state+"/"+stateFile, s.syncer.Repo+"/.git/fifo")
	if state := ReadState(s.state); state.Failures != 0 {
		t.Errorf("%+v", state)
	}
	s.host("config", "include.path", "fifo")
	ctx, cancel := context.WithTimeout(context.Background(), askLimit/100)
	defer cancel()
	if commit := s.syncer.Commit(ctx); commit != "" {
		t.Errorf("commit %q", commit)
	}
	s.syncer.Questions = new(Questions)
	s.syncer.Questions.add(askLimit - 100*time.Millisecond)
	s.syncer.Sync.Timeout = time.Hour // a fetch would wait as long
	s.fails("git does not answer")
	if commit := s.syncer.Commit(context.Background()); commit != "" {
		t.Errorf("commit %q", commit)
	}
	config := s.syncer.Repo + "/.git/config" // git itself would wait for the FIFO
	s.run("", "sed", "-i", "/include/d; /path = fifo/d", config)
	if commit := s.syncer.Commit(context.Background()); commit != "" {
		t.Error("git was asked again in the same process")
	}
	s.syncer.Questions = new(Questions)
	s.syncer.Questions.add(askLimit / 2)
	s.sync()
	if left := s.syncer.Questions.left(); left <= askLimit/2 {
		t.Errorf("git answers, and has %v left", left)
	}
	if processes := s.run("", "sh", "-c", "ps -eo args | grep -F '"+s.syncer.Repo+"' | grep -v grep || true"); processes != "" {
		t.Errorf("left: %s", processes)
	}
}
