package gitsync

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestHalfTree has syncs that are killed while git changes the working tree: the
// tasks of a later run find a whole one, or none of them run.
func TestHalfTree(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 20 {
		write(t, fmt.Sprintf("%s/code/%02d.py", s.author, i), "one\n")
	}
	write(t, s.author+"/.gitattributes", "*.py filter=slow\n")
	s.push("jobs.yaml", "one\n")
	s.sync()

	// A filter that stops at the tenth file, until the test lets it go on.
	gate := s.state + "/gate"
	filter := s.state + "/filter"
	write(t, filter, fmt.Sprintf("#!/bin/sh\necho >>%s/files\n[ \"$(wc -l <%[1]s/files)\" != 10 ] || while [ ! -e %s ]; do sleep 0.1; done\nexec cat\n", s.state, gate))
	os.Chmod(filter, 0o755)
	s.host("config", "filter.slow.smudge", filter)
	for i := range 20 {
		write(t, fmt.Sprintf("%s/code/%02d.py", s.author, i), "two\n")
	}
	commit := s.push("jobs.yaml", "two\n")

	cmd := s.helper(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	within(t, func() bool {
		lines, _ := os.ReadFile(s.state + "/files")
		return strings.Count(string(lines), "\n") == 10
	})
	killTree(cmd.Process.Pid)
	cmd.Wait()
	if state := ReadState(s.state); state.Resetting != commit {
		t.Fatalf("not on disk that the tree is half changed: %+v", state)
	}

	// While git cannot complete it, no task may run.
	s.host("config", "filter.slow.smudge", "false")
	s.host("config", "filter.slow.required", "true")
	if _, err := s.syncer.Hold(context.Background(), time.Minute); !errors.Is(err, ErrHalfTree) {
		t.Errorf("%v", err)
	}
	s.host("config", "filter.slow.smudge", "cat")
	s.host("config", "filter.slow.required", "false")
	release, err := s.syncer.Hold(context.Background(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	release()
	for i := range 20 {
		s.has(fmt.Sprintf("code/%02d.py", i), "two\n")
	}
	if state := ReadState(s.state); state.Resetting != "" || s.host("rev-parse", "HEAD") != commit {
		t.Errorf("%+v", state)
	}
	if o := s.sync(); o.Old != o.New {
		t.Errorf("%+v", o)
	}
}

// A mark of a half changed tree that does not tell the truth, as a task can write
// it, keeps no other run from its tasks while that task holds the checkout. A tree
// that is changed does.
func TestWholeTreeThatIsMarked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	task, err := s.syncer.Hold(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer task()
	state := ReadState(s.state)
	state.Resetting = strings.Repeat("1", 40)
	if err := state.write(s.state); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		release, err := s.syncer.Hold(ctx, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		release()
	}
	write(t, s.syncer.Repo+"/jobs.yaml", "half of it\n")
	if _, err := s.syncer.Hold(ctx, time.Second); !errors.Is(err, ErrHalfTree) {
		t.Errorf("changed: %v", err)
	}
}

// TestMovedName has another git move the name of the commit between the fetch and
// the reset: the working tree comes to the commit that was fetched.
func TestMovedName(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	fetched := s.host("rev-parse", "HEAD")
	s.push("jobs.yaml", "two\n")
	s.host("fetch", "-q")
	if err := s.syncer.reset(context.Background(), new(State), "origin/main", fetched); err != nil {
		t.Error(err)
	}
	if at := s.host("rev-parse", "HEAD"); at != fetched {
		t.Errorf("the checkout is at %s, want %s", at, fetched)
	}
	s.has("jobs.yaml", "one\n")
}
