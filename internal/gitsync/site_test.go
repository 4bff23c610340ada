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

// site is a remote, a clone of it to push from, and a host's checkout.
type site struct {
	t                     testing.TB
	remote, author, state string
	syncer                Syncer
	log                   *bytes.Buffer
}

// template has the repositories of every site, made once, for os.CopyFS: git is
// started seven times for them. TestMain removes it.
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
	s.run("", "git", "init", "-q", "--bare", "-b", "main", s.remote)
	s.run("", "git", "clone", "-q", s.remote, s.author)
	s.git("checkout", "-q", "-b", "main")
	s.push("jobs.yaml", "one\n")
	s.run("", "git", "clone", "-q", "file://"+s.remote, dir+"/checkout")
}

// newSite makes one whose remote has one commit; cloneArgs are for the checkout.
func newSite(t testing.TB, cloneArgs ...string) *site {
	t.Helper()
	testenv.Need(t, "git")
	template.Do(func() { makeTemplate(t) })
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(template.dir)); err != nil {
		t.Fatal(err)
	}
	for _, config := range []string{dir + "/author/.git/config", dir + "/checkout/.git/config"} {
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		write(t, config, strings.ReplaceAll(string(text), template.dir, dir))
	}
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

// environ keeps the settings of whoever runs the tests out of them.
func environ() []string {
	return append(os.Environ(), "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1",
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

// push commits a file upstream and returns the commit.
func (s *site) push(name, content string) string {
	s.t.Helper()
	write(s.t, filepath.Join(s.author, name), content)
	s.git("add", "-A")
	s.git("commit", "-q", "--allow-empty", "-m", "change "+name)
	s.git("push", "-q", "-f", "origin", "HEAD:main")
	return s.git("rev-parse", "HEAD")
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
