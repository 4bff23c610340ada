package gitsync

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

// site is a remote, a working tree of it to commit in, and a host's checkout.
type site struct {
	t                     testing.TB
	remote, author, state string
	syncer                Syncer
	log                   *bytes.Buffer
}

// template has the repositories of every site, made once, for os.CopyFS. The
// author's is a worktree of the remote (git-worktree(1)), so that a commit is
// there without a push. TestMain removes it.
var template struct {
	sync.Once
	dir string
}

func makeTemplate(t testing.TB) {
	dir, err := os.MkdirTemp("", "gitsync")
	if err != nil {
		t.Fatal(err)
	}
	template.dir = dir
	s := &site{t: t, remote: dir + "/remote.git", author: dir + "/author"}
	for _, argv := range [][]string{
		{"git", "init", "-q", "--bare", "-b", "main", s.remote},
		{"git", "-C", s.remote, "config", "gc.auto", "0"},
		{"git", "-C", s.remote, "config", "maintenance.auto", "false"},
		{"git", "-C", s.remote, "remote", "add", "origin", s.remote},
		{"git", "clone", "-q", s.remote, s.author}, // a worktree needs a commit
		{"git", "-C", s.author, "commit", "-q", "--allow-empty", "-m", "first"},
		{"git", "-C", s.author, "push", "-q", "origin", "HEAD:main"},
		{"rm", "-r", s.author},
		{"git", "-C", s.remote, "worktree", "add", "-q", s.author, "main"},
	} {
		s.run("", argv...)
	}
	s.push("jobs.yaml", "one\n")
	s.run("", "git", "clone", "-q", "file://"+s.remote, dir+"/checkout")
}

// newSite makes one with a remote of one commit; cloneArgs are for the checkout.
func newSite(t testing.TB, cloneArgs ...string) *site {
	t.Helper()
	testenv.Need(t, "git")
	template.Do(func() { makeTemplate(t) })
	dir := copyRepositories(t, template.dir)
	s := &site{t: t, remote: dir + "/remote.git", author: dir + "/author", state: dir + "/state", log: new(bytes.Buffer)}
	checkout := dir + "/checkout"
	if cloneArgs != nil {
		if err := os.RemoveAll(checkout); err != nil {
			t.Fatal(err)
		}
		s.run("", append(append([]string{"git", "clone", "-q"}, cloneArgs...), "file://"+s.remote, checkout)...)
	}
	if err := os.Mkdir(s.state, 0o700); err != nil {
		t.Fatal(err)
	}
	s.syncer = Syncer{
		Repo:     checkout,
		StateDir: s.state,
		Sync:     montimer.Sync{Remote: "origin", Branch: "main", Timeout: 5 * time.Minute},
		Environ:  environ(),
		Log:      logTo(s.log),
		Wait:     300 * time.Millisecond,
		LockAge:  200 * time.Millisecond,
	}
	return s
}

// copyRepositories copies what is in the folder of a site.
func copyRepositories(t testing.TB, from string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"author/.git", "remote.git/worktrees/author/gitdir", "remote.git/config", "checkout/.git/config"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), strings.ReplaceAll(string(text), from, dir))
	}
	return dir
}

// clone returns a site of its own that is as s is now.
func (s *site) clone(t testing.TB) *site {
	t.Helper()
	dir := copyRepositories(t, filepath.Dir(s.state))
	c := &site{t: t, remote: dir + "/remote.git", author: dir + "/author", state: dir + "/state", log: new(bytes.Buffer), syncer: s.syncer}
	c.syncer.Repo, c.syncer.StateDir, c.syncer.Log = dir+"/checkout", c.state, logTo(c.log)
	return c
}

// environ keeps the developer's own settings out of the tests.
func environ() []string {
	return append(os.Environ(), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_TEMPLATE_DIR=", // no sample hooks
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
}

func (s *site) run(dir string, argv ...string) string {
	s.t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%q: %v\n%s", argv, err, out)
	}
	return strings.TrimSpace(string(out))
}

// git runs git as the author, host in the checkout.
func (s *site) git(args ...string) string {
	s.t.Helper()
	return s.run(s.author, append([]string{"git"}, args...)...)
}
func (s *site) host(args ...string) string {
	s.t.Helper()
	return s.run(s.syncer.Repo, append([]string{"git"}, args...)...)
}

// push commits a file on the remote's branch main and returns the commit.
func (s *site) push(name, content string) string {
	s.t.Helper()
	write(s.t, filepath.Join(s.author, name), content)
	s.git("add", "-A")
	s.git("commit", "-q", "--allow-empty", "-m", "change "+name)
	commit, err := os.ReadFile(s.remote + "/refs/heads/main")
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(commit))
}

// sample returns the cases of these names; all of them in a soak.
func sample[C any](t *testing.T, cases map[string]C, names ...string) map[string]C {
	t.Helper()
	if testenv.Soak() {
		return cases
	}
	some := map[string]C{}
	for _, name := range names {
		one, ok := cases[name]
		if !ok {
			t.Fatalf("no case %q", name)
		}
		some[name] = one
	}
	return some
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// has checks what the checkout holds in a file.
func (s *site) has(name, want string) {
	s.t.Helper()
	got, err := os.ReadFile(filepath.Join(s.syncer.Repo, name))
	if err != nil || string(got) != want {
		s.t.Errorf("%s holds %q (%v), want %q", name, got, err, want)
	}
}

// sync syncs, which has to succeed.
func (s *site) sync() Outcome {
	s.t.Helper()
	o := s.syncer.Run(context.Background())
	if o.Err != nil || o.PutOff || len(o.Failed) > 0 || len(o.Pages) > 0 {
		s.t.Fatalf("sync: %+v\n%s", o, s.log)
	}
	return o
}

// fails syncs, which has to fail with a text.
func (s *site) fails(text string) Outcome {
	s.t.Helper()
	o := s.syncer.Run(context.Background())
	if o.Err == nil || !strings.Contains(o.Err.Error(), text) {
		s.t.Fatalf("sync: %+v, want an error with %q\n%s", o, text, s.log)
	}
	return o
}

func logTo(w *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
