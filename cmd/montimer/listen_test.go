package main

import (
	"bufio"
	"os"
	"syscall"
	"testing"

	"github.com/montimer/montimer"
)

const slowTask = "profiles:\n  p:\n    cron: 0 0 1 1 *\n    tasks:\n      - { name: a, command: echo here; sleep 1; echo there }\n      - { name: b, command: [\"true\"] }\n"

// started starts montimer exec p with its standard error in a pipe, and returns
// when its first task has.
func (s *site) started(t *testing.T) (wait func() (code int), stderr *os.File, process *os.Process) {
	t.Helper()
	stderr, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := s.command("exec", "p")
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { cmd.Process.Kill() })
	for lines := bufio.NewScanner(stderr); lines.Scan() && lines.Text() != "a: here"; {
	}
	return func() int { cmd.Wait(); return cmd.ProcessState.ExitCode() }, stderr, cmd.Process
}

// A run whose log is closed, as that of `montimer exec p | head -1`, goes on.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := newSite(t, build(t), slowTask)
	wait, stderr, _ := s.started(t)
	stderr.Close()
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
	s := newSite(t, build(t), slowTask)
	wait, stderr, process := s.started(t)
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
