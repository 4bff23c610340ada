package main

import (
	"strings"
	"syscall"
	"testing"
)

const oldJobs = `
profiles:
  good:     { cron: "1 * * * *", tasks: [{ name: a, script: ok.py }] }
  empty:    { cron: "1 * * * *" }
  disabled: { cron: "1 * * * *", enabled: false, tasks: [{ name: a, script: fail.py }] }
  failing:
    cron: "1 * * * *"
    env: { A: from the profile }
    tasks:
      - { name: a, script: fail.py }
      - { name: gone, script: none.py }
      - { name: bytes, script: bytes.py }
      - { name: killed, script: killed.py }
      - { name: silent, script: silent.py }
      - { name: env, script: env.py, args: { cache-file: "/x/y z.json", Flag: true, empty: "" } }
      - { name: off, script: fail.py, enabled: false }
  long: { cron: "1 * * * *", tasks: [{ name: a, script: long.py }] }
`

var oldScripts = map[string]string{
	"ok.py":     "import sys; print('fine'); print('hm', file=sys.stderr)",
	"fail.py":   "import sys; print('told on stdout'); print('  told on stderr  \\n', file=sys.stderr); sys.exit(3)",
	"bytes.py":  "import sys; sys.stdout.buffer.write(b'\\xff\\xfe bad\\n'); sys.exit(1)",
	"killed.py": "import os, signal; print('about to die', flush=True); os.kill(os.getpid(), signal.SIGKILL)",
	"silent.py": "import sys; sys.exit(7)",
	"env.py":    "import os, sys; print(os.environ['A'], sys.argv[1:], os.getcwd() == os.environ['MONTIMER_CHECKOUT'], repr(sys.stdin.read())); sys.exit(1)",
	"long.py":   "import time; print('begun', flush=True); time.sleep(60)",
}

func newOldSite(t *testing.T, binary string) *site {
	t.Helper()
	s := newSite(t, binary, oldJobs)
	s.needs(t, "python3")
	for name, text := range oldScripts {
		s.write(t, name, text+"\n")
	}
	return s
}

// The exit codes of the Python runner's `run`, which were: 0 all is well or
// there is nothing to do, 1 a task failed, 2 usage or jobs.yaml. What it did
// otherwise is said in the row.
func TestExitCodesOfTheOldRunner(t *testing.T) {
	t.Parallel()
	binary := build(t)
	for _, tt := range []struct {
		name   string
		args   string
		code   int
		said   string
		before func(t *testing.T, s *site)
	}{
		{"all tasks exit 0", "good", 0, "task a ok in", nil},
		{"no tasks", "empty", 0, "0 tasks", nil},
		{"disabled profile", "disabled", 0, "profile 'disabled' is disabled, skipping", nil},
		{"dry-run", "failing --dry-run", 0, "[would run] python3 fail.py (env: A)", nil},
		{"a task failed", "failing", 1, "FAIL a:   told on stderr", nil},
		{"unknown profile", "nope", 2, `unknown profile "nope"; known: good, empty, disabled, failing, long`, nil},
		{"jobs.yaml is invalid", "good", 2, "unknown key", func(t *testing.T, s *site) {
			s.write(t, "jobs.yaml", "profiles: { good: { cron: '1 * * * *', what: 1 } }")
		}},
		{"jobs.yaml is missing", "good", 2, "jobs.yaml", func(t *testing.T, s *site) { s.env[2] += ".gone" }},
		{"YAML syntax error (was 1, with a traceback)", "good", 2, "error: YAML: ", func(t *testing.T, s *site) { s.write(t, "jobs.yaml", "profiles: [") }},
		{"no argument", "", 2, "expected \"<profile>\"", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newOldSite(t, binary)
			if tt.before != nil {
				tt.before(t, s)
			}
			if code, said := s.exec(t, strings.Fields(tt.args)...); code != tt.code || !strings.Contains(said, tt.said) {
				t.Errorf("exit %d, want %d; want %q in\n%s", code, tt.code, tt.said, said)
			}
		})
	}
	// Was 143 as well, but left the task alone; was 1 where the lock was held.
	t.Run("SIGTERM, and the lock meanwhile", func(t *testing.T) {
		t.Parallel()
		s := newOldSite(t, binary)
		wait, stderr, process := s.started(t, "long", "a: begun")
		defer stderr.Close()
		if code, said := s.exec(t, "long"); code != 75 {
			t.Errorf("while it runs: exit %d\n%s", code, said)
		}
		process.Signal(syscall.SIGTERM)
		if code := wait(); code != 143 {
			t.Errorf("SIGTERM: exit %d", code)
		}
	})
}

// What the Python runner said of each kind of failure, line by line.
func TestFailuresOfTheOldRunner(t *testing.T) {
	t.Parallel()
	s := newOldSite(t, build(t))
	_, said := s.exec(t, "failing")
	for name, line := range map[string]string{
		"stderr before stdout":                        "FAIL a:   told on stderr\n",
		"script missing: Python says so, and exits 2": "task gone exited 2 after",
		"and in its own words":                        "[Errno 2] No such file or directory\n",
		"not UTF-8 (was the end of the run)":          "FAIL bytes: \uFFFD bad\n",
		"killed by signal S is -S":                    "FAIL killed: about to die\n",
		"nothing said: the exit code":                 "FAIL silent: exit 7\n",
		"args, the checkout, no input":                "FAIL env: from the profile ['--cache-file=/x/y z.json', '--Flag=True', '--empty='] True ''\n",
		"disabled tasks are not counted":              "failed: 6 tasks, 6 failed,",
	} {
		if !strings.Contains(said, line) {
			t.Errorf("%s: no %q in\n%s", name, line, said)
		}
	}
	runs := s.history(t)
	if len(runs) != 1 {
		t.Fatalf("%d runs", len(runs))
	}
	want := []int{3, 2, 1, -9, 7, 1}
	for i, task := range runs[0].Tasks {
		if task.ExitCode != want[i] {
			t.Errorf("%s: exit code %d, want %d", task.Name, task.ExitCode, want[i])
		}
	}
}
