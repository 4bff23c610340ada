package main

import (
	"bufio"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/montimer/montimer"
)

// slowTask waits for the file go.
const slowTask = "profiles:\n  p:\n    cron: 0 0 1 1 *\n    tasks:\n      - { name: a, command: echo here; until test -e go; do sleep 0.1; done; echo there }\n      - { name: b, command: [\"true\"] }\n"

// started starts montimer exec with its standard error in a pipe, and returns
// when a line holds the text; at once where that is empty.
func (s *site) started(t *testing.T, profile, text string) (wait func() (code int), stderr *os.File, process *os.Process) {
	t.Helper()
	stderr, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := s.command("exec", profile)
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { cmd.Process.Kill() })
	for lines := bufio.NewScanner(stderr); text != "" && lines.Scan() && !strings.Contains(lines.Text(), text); {
	}
	return func() int { cmd.Wait(); return cmd.ProcessState.ExitCode() }, stderr, cmd.Process
}

// A run whose log is closed, as that of `montimer exec p | head -1`, goes on.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := newSite(t, build(t), slowTask)
	wait, stderr, _ := s.started(t, "p", "a: here")
	stderr.Close()
	s.write(t, "go", "")
	if code := wait(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if runs := s.history(t); len(runs) != 1 || runs[0].State != montimer.RunOK || len(runs[0].Tasks) != 2 {
		t.Errorf("%+v", runs)
	}
}

// A run whose terminal is closed ends as one that is told to.
func TestHangup(t *testing.T) {
	t.Parallel()
	defer defaultSignals(syscall.SIGHUP)()
	s := newSite(t, build(t), slowTask)
	wait, stderr, process := s.started(t, "p", "a: here")
	defer stderr.Close()
	if err := process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if code := wait(); code != exitInterrupted {
		t.Errorf("exit %d", code)
	}
	if runs := s.history(t); len(runs) != 1 || runs[0].State != montimer.RunInterrupted {
		t.Errorf("%+v", runs)
	}
}
