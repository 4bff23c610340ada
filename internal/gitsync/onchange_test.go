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

	// A broken jobs.yaml comes with the change, and is mended.
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
	s.git("checkout", "-q", "--orphan", "fresh")
	s.push("uv.lock", "4")
	s.sync()
	s.host("reflog", "expire", "--expire=now", "--all")
	s.host("gc", "--quiet", "--prune=now")
	state := ReadState(s.state)
	for key := range state.Settled {
		state.Settled[key] = strings.Repeat("1", 40)
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
	if n := len(ReadState(s.state).Settled); n != 1 {
		t.Errorf("%d commands are remembered", n)
	}
}

func TestOnChangeTimeout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.syncer.OnChange = func(context.Context) ([]montimer.OnChange, error) {
		return []montimer.OnChange{{Paths: []string{"**"}, Command: montimer.Command{Shell: "sleep 3600 & echo $! >" + s.state + "/pid; wait"}, Timeout: 300 * time.Millisecond}}, nil
	}
	s.push("a", "")
	o := s.syncer.Run(context.Background())
	if len(o.Failed) != 1 || o.Failed[0].Status != montimer.TaskTimeout {
		t.Errorf("%+v", o)
	}
	pid, err := os.ReadFile(s.state + "/pid")
	if err != nil {
		t.Fatal(err)
	}
	within(t, func() bool { _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); return err != nil })
	if release, err := Hold(context.Background(), s.state, 0); err != nil {
		t.Errorf("the checkout is still locked: %v", err)
	} else {
		release()
	}
}
