package gitsync

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

func TestSync(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.host("rev-parse", "HEAD")
	if o := s.sync(); o.String() != "already up to date" || o.New != first {
		t.Errorf("nothing new: %v, %+v", o, o)
	}
	s.push("jobs.yaml", "two\n")
	last := s.push("jobs.yaml", "three\n")
	o := s.sync()
	want := Outcome{Old: first, New: last, Commits: 2}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Error(diff)
	}
	if got, want := o.String(), first[:8]+".."+last[:8]+" (2 commits)"; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
	s.has("jobs.yaml", "three\n")
	state := ReadState(s.state)
	if state.OK.IsZero() || state.Failures != 0 || !state.Behind.IsZero() {
		t.Errorf("state %+v", state)
	}
}

// TestWhateverItIs syncs checkouts in every odd state: one of each kind always.
func TestWhateverItIs(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		clone []string
		spoil func(s *site)
	}{
		"local edits are given up": {nil, func(s *site) {
			write(t, s.syncer.Repo+"/jobs.yaml", "edited\n")
			s.host("rm", "-q", "--cached", "jobs.yaml")
		}},
		"local commits are given up": {nil, func(s *site) {
			write(t, s.syncer.Repo+"/jobs.yaml", "edited\n")
			s.host("commit", "-q", "-a", "-m", "local")
		}},
		"a force push": {nil, func(s *site) {
			s.git("commit", "-q", "--amend", "-m", "another first commit")
		}},
		"a detached head":     {nil, func(s *site) { s.host("checkout", "-q", "--detach") }},
		"another branch":      {nil, func(s *site) { s.host("checkout", "-q", "-b", "other") }},
		"an unborn branch":    {nil, func(s *site) { s.host("checkout", "-q", "--orphan", "new") }},
		"an unfinished merge": {nil, func(s *site) { unfinishedMerge(s) }},
		"a shallow clone":     {[]string{"--depth", "1"}, func(s *site) { s.push("a", "a") }},
		"a partial clone":     {[]string{"--filter", "blob:none"}, func(*site) {}},
		"a worktree":          {nil, func(s *site) { worktree(s) }},
		"old locks, empty": {nil, func(s *site) {
			for _, lock := range []string{"index.lock", "refs/remotes/origin/main.lock", "HEAD.lock"} { // each stops git
				oldEmpty(s, lock)
			}
		}},
		"a lock from a wrong clock": {nil, func(s *site) {
			path := s.syncer.Repo + "/.git/index.lock"
			write(t, path, "")
			os.Chtimes(path, time.Time{}, time.Now().Add(24*time.Hour))
		}},
		"a young lock":            {nil, func(s *site) { write(t, s.syncer.Repo+"/.git/index.lock", "") }},
		"an index without a byte": {nil, func(s *site) { oldEmpty(s, "index") }},
		"a branch without a byte": {nil, func(s *site) { oldEmpty(s, "refs/heads/main") }},
		"upstream without a byte": {nil, func(s *site) { oldEmpty(s, "refs/remotes/origin/main") }},
		"a submodule":             {nil, func(s *site) { submodule(s) }},
		"a directory in place":    {nil, func(s *site) { os.Remove(s.syncer.Repo + "/jobs.yaml"); write(t, s.syncer.Repo+"/jobs.yaml/x", "") }},
		"names in any encoding":   {nil, func(s *site) { s.push("caf\xe9 \n\"\t", "x"); s.push("日本/–", "y") }},
	}
	for name, tc := range sample(t, cases, "local commits are given up", "an unfinished merge",
		"a shallow clone", "a worktree", "old locks, empty", "an index without a byte") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, tc.clone...)
			s.t = t
			tc.spoil(s)
			write(t, s.syncer.Repo+"/untracked", "mine\n")
			commit := s.push("jobs.yaml", "new\n")
			if o := s.sync(); o.New != commit {
				t.Errorf("now at %s, want %s", o.New, commit)
			}
			s.has("jobs.yaml", "new\n")
			s.has("untracked", "mine\n")
			if dirty := s.host("status", "--porcelain", "--untracked-files=no"); dirty != "" {
				t.Errorf("not clean: %s", dirty)
			}
		})
	}
}

func unfinishedMerge(s *site) {
	s.host("checkout", "-q", "-b", "theirs")
	write(s.t, s.syncer.Repo+"/jobs.yaml", "theirs\n")
	s.host("commit", "-q", "-a", "-m", "theirs")
	s.host("checkout", "-q", "main")
	write(s.t, s.syncer.Repo+"/jobs.yaml", "ours\n")
	s.host("commit", "-q", "-a", "-m", "ours")
	s.run(s.syncer.Repo, "sh", "-c", "! git merge -q theirs")
}

func worktree(s *site) {
	other := s.syncer.Repo + "-worktree"
	s.host("worktree", "add", "-q", "--detach", other)
	s.syncer.Repo = other
	lock := s.host("rev-parse", "--absolute-git-dir") + "/index.lock"
	write(s.t, lock, "")
	old(s.t, lock)
}

func submodule(s *site) {
	s.run(s.author, "git", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", s.remote, "sub")
	s.git("config", "-f", ".gitmodules", "submodule.sub.url", "/nowhere")
	s.host("config", "submodule.recurse", "true")
	s.host("config", "fetch.recurseSubmodules", "true")
}

func oldEmpty(s *site, name string) {
	path := s.syncer.Repo + "/.git/" + name
	write(s.t, path, "")
	old(s.t, path)
}

func old(t testing.TB, path string) {
	t.Helper()
	then := time.Now().Add(-time.Minute)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	t.Run("not a checkout", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.syncer.Repo = t.TempDir()
		s.fails(s.syncer.Repo + " is not a git checkout")
	})
	t.Run("the remote is gone, and comes back", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		commit := s.push("jobs.yaml", "two\n")
		os.Rename(s.remote, s.remote+".away")
		for range 2 {
			if o := s.fails("remote.git"); len(o.Pages) > 0 {
				t.Errorf("paged too early: %s", o.Pages)
			}
		}
		if o := s.fails("remote.git"); len(o.Pages) != 1 || !strings.Contains(o.Pages[0], "keeps failing") || !strings.Contains(o.Pages[0], "remote.git") {
			t.Errorf("pages %q", o.Pages)
		}
		if o := s.fails("remote.git"); len(o.Pages) > 0 {
			t.Errorf("paged again at once: %q", o.Pages)
		}
		s.has("jobs.yaml", "one\n")
		os.Rename(s.remote+".away", s.remote)
		if o := s.sync(); o.New != commit {
			t.Errorf("%+v", o)
		}
	})
	t.Run("no such branch", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.syncer.Sync.Branch = "nightly"
		s.fails("couldn't find remote ref nightly")
	})
	t.Run("fetch fails: no reset", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		os.RemoveAll(s.remote)
		write(t, s.syncer.Repo+"/jobs.yaml", "edited\n")
		s.fails("fatal: ")
		s.has("jobs.yaml", "edited\n")
	})
	t.Run("reset fails", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.push("jobs.yaml", "two\n")
		oldEmpty(s, "index.lock")
		live := exec.Command("git", "cat-file", "--batch") // works in the checkout until its input ends
		live.Dir = s.syncer.Repo
		input, err := live.StdinPipe()
		if err != nil || live.Start() != nil {
			t.Fatal("no live git")
		}
		t.Cleanup(func() { input.Close(); live.Wait() })
		if o := s.fails("index.lock': File exists"); o.Old != o.New || o.New == "" {
			t.Errorf("%+v", o)
		}
		if ReadState(s.state).Behind.IsZero() {
			t.Error("not known to be behind")
		}
	})
	t.Run("not let in", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
		}))
		t.Cleanup(closed.Close)
		s.host("remote", "set-url", "origin", closed.URL+"/repo.git")
		s.fails("terminal prompts disabled")
	})
	t.Run("no git", func(t *testing.T) {
		t.Parallel()
		_, err := process{argv: []string{"/nowhere/git"}}.run(context.Background(), nil)
		if err == nil || !strings.Contains(err.Error(), "failed to spawn: ") {
			t.Errorf("%v", err)
		}
	})
}

// TestPage is the decision of when to call a person.
func TestPage(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.Local)
	of := montimer.Sync{Remote: "origin", Branch: "main"}
	for _, tc := range []struct {
		name  string
		state State
		want  string
	}{
		{"all is well", State{OK: now}, ""},
		{"failed twice", State{Failures: 2, Error: "no"}, ""},
		{"failed three times", State{Failures: 3, Error: "no"}, "git sync of origin/main keeps failing, and never worked: no"},
		{"since a good one", State{Failures: 4, Error: "no", OK: now.Add(-time.Hour)}, "git sync of origin/main keeps failing, the last good one was 2026-07-01 11:00:00: no"},
		{"behind for an hour", State{Behind: now.Add(-time.Hour), Failures: 1}, ""},
		{"behind for longer", State{Behind: now.Add(-61 * time.Minute), Failures: 1, Error: "no"}, "git sync: the checkout has been older than origin/main since 2026-07-01 10:59:00: no"},
	} {
		if got := tc.state.Page(of, now); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	var s State
	for i, tc := range []struct {
		after time.Duration
		pages map[string]string
		want  []string
	}{
		{0, map[string]string{"sync": "", "units": "old"}, []string{"old"}},
		{time.Hour, map[string]string{"sync": "failing", "units": "old still"}, []string{"failing"}},
		{6 * time.Hour, map[string]string{"sync": "failing", "units": "old still"}, []string{"old still"}},
		{7 * time.Hour, map[string]string{"sync": "", "units": ""}, nil},
		{8 * time.Hour, map[string]string{"sync": "failing", "units": ""}, []string{"failing"}},
		{-time.Hour, map[string]string{"sync": "failing", "units": ""}, []string{"failing"}},
	} {
		if diff := cmp.Diff(tc.want, s.newPages(tc.pages, now.Add(tc.after))); diff != "" {
			t.Errorf("step %d: %s", i, diff)
		}
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, bad := range []string{"", "{", `{"failures": "many"}`, strings.Repeat(" ", maxState+1) + "{}"} {
		write(t, filepath.Join(dir, stateFile), bad)
		if diff := cmp.Diff(State{}, ReadState(dir)); diff != "" {
			t.Errorf("%.20q: %s", bad, diff)
		}
	}
	want := State{Tried: time.Unix(1, 0).UTC(), Failures: 2, Error: "no", Done: map[string]string{"a": "b"}}
	if err := want.write(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, ReadState(dir)); diff != "" {
		t.Error(diff)
	}
	if left, _ := filepath.Glob(dir + "/.*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestArgv holds the two commands as they have always been; besides, git is
// only asked, and told to pack.
func TestArgv(t *testing.T) {
	s := newSite(t)
	s.push("jobs.yaml", "two\n")
	real := s.run("", "sh", "-c", "command -v git")
	bin := t.TempDir()
	write(t, bin+"/git", fmt.Sprintf("#!/bin/sh\necho \"git $*\" >>%s/log\n[ \"$3$FAIL\" != fetchyes ] || exit 3\nexec %s \"$@\"\n", bin, real))
	os.Chmod(bin+"/git", 0o755)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	asked := 0
	recorded := func() (changes []string) {
		log, _ := os.ReadFile(bin + "/log")
		os.Remove(bin + "/log")
		asked = 0
		for line := range strings.Lines(string(log)) {
			line = strings.TrimSpace(strings.Replace(line, "git -C "+s.syncer.Repo, "git -C REPO", 1))
			asks := false
			for _, ask := range []string{"rev-parse ", "rev-list ", "diff-tree ", "config --get ", "config --file "} {
				asks = asks || strings.HasPrefix(line, "git -C REPO "+ask)
			}
			if asks {
				asked++
			} else {
				changes = append(changes, line)
			}
		}
		return changes
	}
	s.sync()
	want := []string{"git -C REPO fetch --quiet origin main", "git -C REPO reset --hard --quiet origin/main", "git -C REPO gc --auto --quiet"}
	if diff := cmp.Diff(want, recorded()); diff != "" {
		t.Error(diff)
	}
	s.sync()
	if diff := cmp.Diff(want[:2], recorded()); diff != "" {
		t.Errorf("nothing new: %s", diff)
	}
	if asked != 3 { // where it is before, what was fetched, where it is after the reset
		t.Errorf("nothing new: git was asked %d times, want 3: each is a process", asked)
	}
	s.syncer.OnChange = func(context.Context) (all []montimer.OnChange, err error) {
		for _, name := range []string{"a", "b", "c"} {
			all = append(all, montimer.OnChange{Paths: []string{name}, Command: montimer.Command{Argv: []string{"true"}}, Timeout: time.Minute})
		}
		return all, nil
	}
	s.push("jobs.yaml", "three\n")
	s.sync()
	if recorded(); asked != 3+1+1 { // and how many commits are new, and in which files they differ
		t.Errorf("a change with three commands after it: git was asked %d times, want 5", asked)
	}
	s.syncer.OnChange = nil
	s.syncer.Environ = append(s.syncer.Environ, "FAIL=yes")
	s.fails("fetch exited 3")
	again := []string{want[0], "git -C REPO fetch --force --no-progress origin main"}
	if diff := cmp.Diff(again, recorded()); diff != "" {
		t.Errorf("fetch failed: %s", diff)
	}
	s.syncer.Environ = s.syncer.Environ[:len(s.syncer.Environ)-1]
	s.syncer.Sync.Remote, s.syncer.Sync.Branch = "up", "x/y"
	s.syncer.Run(context.Background())
	if diff := cmp.Diff([]string{"git -C REPO fetch --quiet up x/y"}, recorded()); diff != "" {
		t.Error(diff)
	}
}

// TestHangs has remotes that never answer.
func TestHangs(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	for name, hang := range map[string]func(s *site){
		"a server that says nothing": func(s *site) { s.host("remote", "set-url", "origin", "git://"+silent.Addr().String()+"/x") },
		"ssh that sleeps, with a child, and ignores SIGTERM": func(s *site) {
			write(s.t, s.remote+".ssh", "#!/bin/sh\ntrap '' TERM\nsleep 3600 & echo $! >"+s.remote+".pid; wait; wait\n")
			os.Chmod(s.remote+".ssh", 0o755)
			s.host("remote", "set-url", "origin", "ssh://host/x")
			s.host("config", "core.sshCommand", s.remote+".ssh")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			hang(s)
			s.syncer.Sync.Timeout = time.Second
			s.fails("fetch did not end in time")
			if pid, err := os.ReadFile(s.remote + ".pid"); err == nil {
				within(t, func() bool { _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); return err != nil })
			}
		})
	}
	t.Run("a caller that is stopped", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.host("remote", "set-url", "origin", "git://"+silent.Addr().String()+"/x")
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		if o := s.syncer.Run(ctx); o.Err == nil {
			t.Errorf("%+v", o)
		}
		if n := ReadState(s.state).Failures; n != 0 {
			t.Errorf("%d failures", n)
		}
	})
}

func within(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Error("not within a minute")
}

// TestHostileConfig has a checkout with settings that would run programs.
func TestHostileConfig(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mark := s.state + "/ran"
	script := "#!/bin/sh\necho $0 >>" + mark + "\n"
	for _, hook := range []string{"reference-transaction", "post-checkout", "post-merge", "post-index-change", "fsmonitor"} {
		path := s.syncer.Repo + "/.git/hooks/" + hook
		write(t, path, script)
		os.Chmod(path, 0o755)
	}
	s.host("config", "core.fsmonitor", s.syncer.Repo+"/.git/hooks/fsmonitor")
	s.host("config", "core.hooksPath", s.syncer.Repo+"/.git/hooks")
	os.Remove(mark)
	s.push("jobs.yaml", "two\n")
	s.syncer.Environ = append(s.syncer.Environ, "GIT_DIR=/nowhere", "GIT_WORK_TREE=/nowhere", "GIT_INDEX_FILE=/nowhere", "GIT_TRACE=1",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.abbrev", "GIT_CONFIG_VALUE_0=20")
	s.sync()
	if ran, err := os.ReadFile(mark); err == nil {
		t.Errorf("ran: %s", ran)
	}
	if out, err := s.syncer.ask(context.Background(), "config", "core.abbrev"); err != nil || out != "20\n" {
		t.Errorf("a setting of the environment is lost: %q, %v", out, err)
	}
	s.host("remote", "set-url", "origin", "ext::sh -c 'echo >"+mark+"'")
	s.fails("transport 'ext' not allowed")
}

func TestNoCredentials(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host("remote", "set-url", "origin", "http://deploy:s3cr3t@127.0.0.1:1/repo.git")
	o := s.fails("127.0.0.1")
	s.fails("")
	page := strings.Join(s.fails("").Pages, "")
	state, _ := os.ReadFile(s.state + "/" + stateFile)
	if all := o.String() + page + s.log.String() + string(state); strings.Contains(all, "s3cr3t") || page == "" {
		t.Error(all)
	}
	var said tail
	fmt.Fprintf(&said, "fatal: unable to access 'https://me:p@ss:w@host/x': no\r\n\n  x-y+z://a@b/ and http://host/@x\n")
	if want := "fatal: unable to access 'https://***@host/x': no; x-y+z://***@b/ and http://host/@x"; said.String() != want {
		t.Errorf("%q", said.String())
	}
	// In mid-word of what was cut off.
	var cut tail
	fmt.Fprintf(&cut, "https://me:%s@host/ end", strings.Repeat("p", maxTail))
	if strings.Contains(cut.String(), "p") {
		t.Errorf("%.40q", cut.String())
	}
}

// TestKilled ends syncs at any moment, as a kill of all their processes does:
// the later, the longer the first one took, which is not killed. Four rounds, 24
// with MONTIMER_SOAK.
func TestKilled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 200 {
		write(t, fmt.Sprintf("%s/dir/%d", s.author, i), "1")
	}
	var whole time.Duration
	rounds := 4
	if testenv.Soak() {
		rounds = 24
	}
	for i := range rounds {
		commit := s.push("jobs.yaml", fmt.Sprintln("round", i))
		cmd := s.helper(t)
		started := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			time.Sleep(whole * time.Duration(i) / time.Duration(rounds))
			killTree(cmd.Process.Pid)
		}
		cmd.Wait()
		if i == 0 {
			whole = time.Since(started)
		}
		if o := s.sync(); o.New != commit {
			t.Fatalf("round %d: %+v", i, o)
		}
		s.has("jobs.yaml", fmt.Sprintln("round", i))
		if dirty := s.host("status", "--porcelain"); dirty != "" {
			t.Fatalf("round %d: not clean: %s", i, dirty)
		}
	}
}

// TestDiskFull has no room for the new commit, and then has.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	testenv.NeedRoot(t)
	testenv.Need(t, "mount", "umount")
	s := newSite(t)
	disk := t.TempDir()
	s.run("", "mount", "-t", "tmpfs", "-o", "size=4m", "none", disk)
	t.Cleanup(func() { s.run("", "umount", "-l", disk) })
	s.run("", "cp", "-a", s.syncer.Repo, disk+"/checkout")
	s.syncer.Repo = disk + "/checkout"
	write(t, disk+"/ballast", strings.Repeat("x", 2<<20))
	s.push("zeros", strings.Repeat("0", 3<<20)) // next to nothing as an object
	o := s.fails("unable to write file zeros")
	s.has("jobs.yaml", "one\n")
	if err := os.Remove(disk + "/ballast"); err != nil {
		t.Fatal(err)
	}
	commit := s.push("zeros", strings.Repeat("1", 1<<20))
	if o = s.sync(); o.New != commit {
		t.Errorf("%+v", o)
	}
	if dirty := s.host("status", "--porcelain"); dirty != "" {
		t.Errorf("not clean: %s", dirty)
	}
}

// BenchmarkUpToDate is a sync that finds nothing new: the usual one.
func BenchmarkUpToDate(b *testing.B) {
	s := newSite(b)
	for b.Loop() {
		s.sync()
	}
}
