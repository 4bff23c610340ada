package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/testenv"
)

const oneTask = "profiles:\n  p: { cron: 0 0 1 1 *, tasks: [{ name: t, command: \"echo it ran; exit $CODE\" }] }\n"

// Where the database cannot be used the task runs, the log says so, and exec
// fails.
func TestUnusableState(t *testing.T) {
	t.Parallel()
	binary := build(t)
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, s *site)
		said  string
	}{
		"the database is not one": {func(t *testing.T, s *site) {
			put(t, filepath.Join(s.state, store.FileName), strings.Repeat("no database\n", 1000), 0o666)
		}, "montimer db restore"},
		"the database is a folder": {func(t *testing.T, s *site) {
			if err := os.Mkdir(filepath.Join(s.state, store.FileName), 0o777); err != nil {
				t.Fatal(err)
			}
		}, "is not a regular file"},
		"the database cannot be written": {func(t *testing.T, s *site) {
			testenv.NeedRoot(t)
			put(t, filepath.Join(s.state, store.FileName), "", 0o444)
			if err := os.Chown(filepath.Join(s.state, store.FileName), 0, 0); err != nil {
				t.Fatal(err)
			}
		}, "cannot be written"},
		"the disk is full": {func(t *testing.T, s *site) { fill(t, s) }, "the disk is full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, binary, oneTask)
			tt.spoil(t, s)
			s.env = append(s.env, "CODE=0")
			code, said := s.exec(t, "p")
			if code != 1 || !strings.Contains(said, "t: it ran") || !strings.Contains(said, "unrecorded: ") || !strings.Contains(said, tt.said) {
				t.Errorf("exit %d\n%s", code, said)
			}
		})
	}
}

func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// fill puts the state directory on a file system of its own with a database and
// no room.
func fill(t *testing.T, s *site) {
	t.Helper()
	testenv.NeedRoot(t)
	err := syscall.Mount("tmpfs", s.state, "tmpfs", 0, fmt.Sprintf("size=1m,mode=0755,uid=%d,gid=%[1]d", nobody))
	testenv.Require(t, err == nil, fmt.Sprintf("mount a tmpfs: %v", err))
	t.Cleanup(func() { syscall.Unmount(s.state, syscall.MNT_DETACH) })
	s.env = append(s.env, "CODE=0")
	if code, said := s.exec(t, "p"); code != 0 {
		t.Fatalf("before: exit %d\n%s", code, said)
	}
	f, err := os.Create(filepath.Join(s.state, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 16, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
}

// Tasks that misbehave, and what is seen of them.
func TestMisbehaviour(t *testing.T) {
	t.Parallel()
	binary := build(t)
	gigabyte := "70000000" // more than is passed on
	if testenv.Soak() {
		gigabyte = "1000000000"
	}
	for name, tt := range map[string]struct {
		command string
		limit   string
		code    int
		said    []string
		unsaid  string
	}{
		"closes its output":            {"exec >&- 2>&-; sleep 0.2; exit 4", "60s", 1, []string{"task t exited 4", "FAIL t: exit 4"}, ""},
		"a gigabyte without a newline": {"head -c " + gigabyte + " /dev/zero | tr '\\\\0' x; echo; echo at last", "60s", 0, []string{"left out: ", "task t ok"}, ""},
		"ten thousand lines at once":   {"seq 10000", "60s", 0, []string{"t: 1\n", "t: 10000\n", "task t ok"}, ""},
		"a token in two halves":        {"printf 123456:AAFakeFakeFakeFake; sleep 0.3; echo FakeFakeFakeFakeFake said", "60s", 0, []string{"t: *** said"}, "FakeFake said"},
		"bytes that are not UTF-8":     {"printf '\\\\377\\\\376 bad'; exit 1", "60s", 1, []string{"t: \uFFFD bad", "FAIL t: \uFFFD bad"}, ""},
		"an emergency":                 {"echo '<0>the sky falls'", "60s", 0, []string{"t: the sky falls"}, "<0>"},
		"ignores SIGTERM at its limit": {"trap '' TERM; sleep 5 & wait; sleep 5", "1s", 1, []string{"task t timed out after"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, binary, "profiles:\n  p: { cron: 0 0 1 1 *, tasks: [{ name: t, timeout: "+tt.limit+", command: \""+tt.command+"\" }] }\n")
			code, said := s.exec(t, "p")
			if code != tt.code {
				t.Errorf("exit %d", code)
			}
			for _, text := range tt.said {
				if !strings.Contains(said, text) {
					t.Errorf("does not say %q, but ends in %q", text, said[max(0, len(said)-500):])
				}
			}
			if _, output, _ := strings.Cut(said, "\n"); tt.unsaid != "" && strings.Contains(output, tt.unsaid) {
				t.Errorf("says %q", tt.unsaid)
			}
			if runs := s.history(t); len(runs) != 1 || len(runs[0].Tasks) != 1 || runs[0].State == montimer.RunRunning {
				t.Errorf("%+v", runs)
			}
		})
	}
}

// TestManyTasks runs 200 tasks, and 1,000 with MONTIMER_SOAK.
func TestManyTasks(t *testing.T) {
	t.Parallel()
	many := 200
	if testenv.Soak() {
		many = 1000
	}
	var jobs strings.Builder
	jobs.WriteString("profiles:\n  p:\n    cron: 0 0 1 1 *\n    tasks:\n")
	for i := range many {
		fmt.Fprintf(&jobs, "      - { name: t%d, command: [/bin/true] }\n", i)
	}
	s := newSite(t, build(t), jobs.String())
	code, said := s.exec(t, "p")
	if code != 0 || !strings.Contains(said, fmt.Sprintf("ok: %d tasks, 0 failed", many)) {
		t.Errorf("exit %d, %s", code, said[max(0, len(said)-500):])
	}
	if runs := s.history(t); len(runs) != 1 || ended(runs[0]) != many {
		t.Errorf("%d runs", len(runs))
	}
}
