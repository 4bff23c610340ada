package gitsync

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, file string
		want          bool
	}{
		{"uv.lock", "uv.lock", true},
		{"uv.lock", "sub/uv.lock", false},
		{"./uv.lock", "uv.lock", true},
		{"*.lock", "uv.lock", true},
		{"*.lock", "sub/uv.lock", false},
		{"**/*.lock", "uv.lock", true},
		{"**/*.lock", "a/b/uv.lock", true},
		{"deploy", "deploy/a/b", true},
		{"deploy/", "deploy/a", true},
		{"deploy", "deployed/a", false},
		{"deploy/*", "deploy/a/b", true},
		{"a/**/z", "a/z", true},
		{"a/**/z", "a/b/c/z", true},
		{"a/**/z", "a/b/c/y", false},
		{"**", "anything/at/all", true},
		{"caf\xe9", "caf\xe9", true},
		{"[", "anything", true},
		{"a/b", "a", false},
	} {
		if got := matches(tc.pattern, tc.file); got != tc.want {
			t.Errorf("%s matches %s: %v", tc.pattern, tc.file, got)
		}
	}
}

func FuzzMatches(f *testing.F) {
	f.Add("a/**/z", "a/b/z")
	f.Add("[", "x")
	f.Fuzz(func(t *testing.T, pattern, file string) {
		if strings.Count(pattern, "**") < 4 && len(file) < 200 { // each ** is another loop
			matches(pattern, file)
		}
		if file != "" && !strings.HasSuffix(file, "/") && !strings.HasPrefix(file, "./") && !strings.ContainsAny(file, `*?[\`) && !matches(file, file) {
			t.Errorf("%q is not itself", file)
		}
	})
}

// TestOnChange follows two commands through changes, failures and a history
// that is rewritten.
func TestOnChange(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ran := func() string {
		log, _ := os.ReadFile(s.state + "/ran")
		os.Remove(s.state + "/ran")
		return string(log)
	}
	lock := montimer.OnChange{
		Paths:   []string{"uv.lock", "py*.toml"},
		Command: montimer.Command{Shell: "echo lock $(cat uv.lock) >>" + s.state + "/ran; test ! -e " + s.state + "/fail || { echo sorry >&2; exit 1; }"},
		Timeout: time.Minute,
	}
	docs := montimer.OnChange{Paths: []string{"docs/**"}, Command: montimer.Command{Argv: []string{"cp", "docs/a", s.state + "/ran"}}, Timeout: time.Minute}
	commands := []montimer.OnChange{lock, docs}
	var broken error
	s.syncer.OnChange = func(context.Context) ([]montimer.OnChange, error) { return commands, broken }
	ctx := context.Background()

	s.sync()
	s.push("main.py", "")
	s.sync()
	if got := ran(); got != "" {
		t.Errorf("nothing to do: %q", got)
	}
	s.push("uv.lock", "1")
	s.push("main.py", "x")
	s.sync()
	if got := ran(); got != "lock 1\n" {
		t.Errorf("changed in the first of two commits: %q", got)
	}
	s.sync()
	if got := ran(); got != "" {
		t.Errorf("nothing new: %q", got)
	}

	write(t, s.state+"/fail", "")
	s.push("pyproject.toml", "2")
	for range 2 {
		o := s.syncer.Run(ctx)
		if o.Err != nil || len(o.Failed) != 1 || !strings.HasPrefix(o.Failed[0].Name, "after the sync: echo lock") || o.Failed[0].Status != montimer.TaskFailed || o.Failed[0].ExitCode != 1 || o.Failed[0].Tail() != "sorry" {
			t.Errorf("%+v", o)
		}
		if got := ran(); got != "lock 1\n" {
			t.Errorf("again until it works: %q", got)
		}
	}
	s.push("docs/a", "docs")
	if o := s.syncer.Run(ctx); len(o.Failed) != 1 || ran() != "docs" {
		t.Errorf("one that fails kept another from running: %+v", o)
	}
	os.Remove(s.state + "/fail")
	s.sync()
	if got := ran(); got != "lock 1\n" {
		t.Errorf("works again: %q", got)
	}
	s.sync()
	if got := ran(); got != "" {
		t.Errorf("worked already: %q", got)
	}

	// A broken jobs.yaml comes with the change, and is fixed.
	broken = errors.New("broken")
	s.push("uv.lock", "2")
	s.sync()
	broken = nil
	s.push("main.py", "y")
	s.sync()
	if got := ran(); got != "lock 2\n" {
		t.Errorf("after jobs.yaml was broken: %q", got)
	}
	// By hand, past montimer.
	s.push("uv.lock", "3")
	s.host("pull", "-q")
	s.sync()
	if got := ran(); got != "lock 3\n" {
		t.Errorf("pulled by hand: %q", got)
	}
	// A history without the commit that it last ran for.
	s.git("update-ref", "-d", "refs/heads/main")
	s.push("uv.lock", "4")
	s.sync()
	s.host("reflog", "expire", "--expire=now", "--all")
	s.host("gc", "--quiet", "--prune=now")
	state := ReadState(s.state)
	for key := range state.Done {
		state.Done[key] = strings.Repeat("1", 40)
	}
	if err := state.write(s.state); err != nil {
		t.Fatal(err)
	}
	commands = commands[:1]
	ran()
	s.sync()
	if got := ran(); got != "lock 4\n" {
		t.Errorf("what it last ran for is gone: %q", got)
	}
	if n := len(ReadState(s.state).Done); n != 1 {
		t.Errorf("%d commands are remembered", n)
	}
}

// onChange is a jobs.yaml with one command.
func onChange(command string, paths ...string) func(context.Context) ([]montimer.OnChange, error) {
	return func(context.Context) ([]montimer.OnChange, error) {
		return []montimer.OnChange{{Paths: paths, Command: montimer.Command{Shell: command}, Timeout: time.Minute}}, nil
	}
}

// failing syncs, and one command has to fail or to be still due.
func (s *site) failing() montimer.TaskRun {
	s.t.Helper()
	o := s.syncer.Run(context.Background())
	if len(o.Failed) != 1 || !strings.HasPrefix(o.Failed[0].Name, "after the sync: ") || !o.Failed[0].Status.IsFailure() {
		s.t.Fatalf("%+v\n%s", o, s.log)
	}
	return o.Failed[0]
}

// TestCorrectedCommandRuns has a command that fails, and merges that fix it:
// the paths change no more.
func TestCorrectedCommandRuns(t *testing.T) {
	t.Parallel()
	failed := newSite(t)
	failed.push("uv.lock", "1")
	failed.syncer.OnChange = onChange("true", "uv.lock")
	failed.sync()
	failed.push("uv.lock", "2")
	failed.syncer.OnChange = onChange("exit 3", "uv.lock")
	failed.failing()
	cases := map[string]struct {
		fix   func(s *site)
		paths []string
		runs  bool
	}{
		"another command":        {func(s *site) { s.push("jobs.yaml", "fixed\n") }, []string{"uv.lock"}, true},
		"for more":               {func(s *site) { s.push("jobs.yaml", "fixed\n") }, []string{"docs/a", "*.lock"}, true},
		"and the lock as it was": {func(s *site) { s.push("uv.lock", "1") }, []string{"uv.lock"}, true},
		"for something else":     {func(s *site) { s.push("jobs.yaml", "fixed\n") }, []string{"docs"}, false},
		"after a broken jobs.yaml": {func(s *site) {
			s.push("jobs.yaml", "broken\n")
			s.syncer.OnChange = func(context.Context) ([]montimer.OnChange, error) { return nil, errors.New("broken") }
			if run := s.failing(); run.Error != "pending: jobs.yaml cannot be used" {
				s.t.Errorf("%+v", run)
			}
			s.push("jobs.yaml", "fixed\n")
		}, []string{"uv.lock"}, true},
	}
	for name, tc := range sample(t, cases, "another command", "for something else", "after a broken jobs.yaml") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := failed.clone(t)
			tc.fix(s)
			s.syncer.OnChange = onChange("echo >>"+s.state+"/ran", tc.paths...)
			s.sync()
			s.sync()
			if ran, _ := os.ReadFile(s.state + "/ran"); (string(ran) == "\n") != tc.runs {
				t.Errorf("%d runs", len(ran))
			}
		})
	}
}

// TestRevertedPathsRunAgain has a change with a command that fails halfway, and a
// merge that takes it back.
func TestRevertedPathsRunAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.syncer.OnChange = onChange("cat uv.lock >>"+s.state+"/ran; test $(cat uv.lock) != 2", "uv.lock")
	for _, lock := range []string{"1", "2", "1"} {
		s.push("uv.lock", lock)
		s.syncer.Run(context.Background())
	}
	if ran, _ := os.ReadFile(s.state + "/ran"); string(ran) != "121" {
		t.Errorf("ran for %s", ran)
	}
}

// TestChangeBeforeItsCommand has a change come while jobs.yaml is broken, on a
// host that knows no command yet.
func TestChangeBeforeItsCommand(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.push("uv.lock", "1")
	s.syncer.OnChange = func(context.Context) ([]montimer.OnChange, error) { return nil, errors.New("broken") }
	s.sync()
	s.push("jobs.yaml", "fixed\n")
	s.syncer.OnChange = onChange("exit 3", "uv.lock")
	s.failing()
}

// TestKilledCommandRunsAgain kills the first sync of a host, before its command
// and in it.
func TestKilledCommandRunsAgain(t *testing.T) {
	t.Parallel()
	t.Run("in it", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.t = t
		s.push("uv.lock", "1")
		command := "echo >>" + s.state + "/ran; test -e " + s.state + "/quick || sleep 3600"
		cmd := s.helper(t)
		cmd.Env = append(cmd.Env, "GITSYNC_COMMAND="+command)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for ran := []byte(nil); len(ran) == 0; ran, _ = os.ReadFile(s.state + "/ran") {
			time.Sleep(10 * time.Millisecond)
		}
		killTree(cmd.Process.Pid)
		cmd.Wait()
		write(t, s.state+"/quick", "")
		s.syncer.OnChange = onChange(command, "uv.lock")
		if o := s.sync(); o.Old != o.New {
			t.Errorf("%+v", o)
		}
		s.sync()
		if ran, _ := os.ReadFile(s.state + "/ran"); string(ran) != "\n\n" {
			t.Errorf("%d runs", len(ran))
		}
	})
	t.Run("before it", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.t = t
		s.push("uv.lock", "1")
		var kept []byte // what a kill right after the reset leaves
		s.syncer.OnChange = func(context.Context) ([]montimer.OnChange, error) {
			kept, _ = os.ReadFile(s.state + "/" + stateFile)
			return nil, nil
		}
		s.sync()
		write(t, s.state+"/"+stateFile, string(kept))
		s.syncer.OnChange = onChange("exit 3", "uv.lock")
		s.failing()
	})
}

// TestDueWhileInUse has a command fail; then syncs that cannot run it again say
// so, as long as it is due.
func TestDueWhileInUse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.push("uv.lock", "1")
	s.syncer.OnChange = onChange("test -e "+s.state+"/fixed", "uv.lock")
	name := s.failing().Name
	release, err := s.syncer.Hold(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.state+"/fixed", "")
	if run := s.failing(); run.Name != name || run.Error != "pending: tasks are using the checkout" {
		t.Errorf("nothing new: %+v", run)
	}
	s.push("main.py", "")
	if run := s.failing(); run.Name != name {
		t.Errorf("put off: %+v", run)
	}
	os.Rename(s.remote, s.remote+".away")
	if run := s.failing(); run.Name != name || run.Error != "pending: the git sync failed" {
		t.Errorf("no remote: %+v", run)
	}
	os.Rename(s.remote+".away", s.remote)
	release()
	s.sync()
	if state := ReadState(s.state); len(state.Pending) > 0 {
		t.Errorf("%+v", state)
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		p, q string
		want bool
	}{
		{"uv.lock", "./uv.lock", true},
		{"uv.lock", "poetry.lock", false},
		{"*.lock", "uv.lock", true},
		{"deploy/", "deploy/a/b", true},
		{"deploy/a", "deploy/b", false},
		{"**/*.lock", "docs/a", true},
		{"a/**", "b/**", false},
	} {
		if overlap(tc.p, tc.q) != tc.want || overlap(tc.q, tc.p) != tc.want {
			t.Errorf("%s and %s: not %v", tc.p, tc.q, tc.want)
		}
	}
}

func TestOnChangeTimeout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	limit := 300 * time.Millisecond
	s.syncer.OnChange = func(context.Context) ([]montimer.OnChange, error) {
		return []montimer.OnChange{{Paths: []string{"**"}, Command: montimer.Command{Shell: "sleep 3600 & echo $! >" + s.state + "/pid; wait"}, Timeout: limit}}, nil
	}
	var pid []byte
	for ; len(pid) == 0 && limit < time.Minute; limit *= 2 { // else it was out of time before it began
		s.push("a", limit.String())
		o := s.syncer.Run(context.Background())
		if len(o.Failed) != 1 || o.Failed[0].Status != montimer.TaskTimeout {
			t.Errorf("%+v", o)
		}
		pid, _ = os.ReadFile(s.state + "/pid")
	}
	within(t, func() bool { _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); return err != nil })
	if release, err := s.syncer.Hold(context.Background(), 0); err != nil {
		t.Errorf("the checkout is still locked: %v", err)
	} else {
		release()
	}
}
