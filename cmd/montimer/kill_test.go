package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/testenv"
)

// site is a checkout and a state directory that the user nobody can use, and a
// montimer to run there as that user.
type site struct {
	binary, checkout, state string
	env                     []string
}

func newSite(t testing.TB, binary, jobs string) *site {
	t.Helper()
	s := &site{binary: binary, checkout: dirForAll(t), state: dirForAll(t)}
	s.write(t, "jobs.yaml", jobs)
	for _, dir := range []string{s.checkout, s.state} {
		if os.Geteuid() == 0 {
			if err := os.Chown(dir, nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.state, "MONTIMER_JOBS=" + filepath.Join(s.checkout, "jobs.yaml"),
		"MONTIMER_CHECKOUT=" + s.checkout, "MONTIMER_STATE_DIR=" + s.state}
	return s
}

// needs sees to it that the site's user finds these programs.
func (s *site) needs(t testing.TB, programs ...string) {
	t.Helper()
	s.env[0] = "PATH=" + testenv.PathFor(t, nobody, programs...)
}

// look returns the file of a program in the site's PATH.
func (s *site) look(t testing.TB, program string) string {
	t.Helper()
	for _, dir := range filepath.SplitList(strings.TrimPrefix(s.env[0], "PATH=")) {
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path
		}
	}
	t.Fatalf("no %s in %s", program, s.env[0])
	return ""
}

func (s *site) write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.checkout, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// command is montimer with these arguments.
func (s *site) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.binary, args...)
	cmd.Dir, cmd.Env = s.checkout, s.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return cmd
}

// exec runs montimer exec and returns its exit code and what it said.
func (s *site) exec(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	cmd := s.command(append([]string{"exec"}, args...)...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// history reads the database from a copy, as root leaves that of another alone.
func (s *site) history(t *testing.T) (runs []montimer.Run) {
	t.Helper()
	dir := t.TempDir()
	for _, suffix := range []string{"", "-wal"} {
		if data, err := os.ReadFile(filepath.Join(s.state, store.FileName+suffix)); err == nil {
			if err := os.WriteFile(filepath.Join(dir, store.FileName+suffix), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	db, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all, err := db.History(t.Context(), store.Filter{})
	for _, r := range all {
		if r, err = db.Run(t.Context(), r.ID); err != nil {
			break
		}
		runs = append(runs, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Init(t.Context()); err != nil { // Check would miss them
		t.Fatal(err)
	}
	if problems, err := store.Check(t.Context(), "", dir); err != nil || len(problems) > 0 {
		t.Fatalf("%v %v", problems, err)
	}
	return runs
}

// Runs are killed or told to stop at any moment: every third one at once, the
// others when their tasks have begun. Then every run has an end, the
// results that were recorded are, the lock is free, and after SIGTERM no
// process is left.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	kills := 9
	if testenv.Soak() {
		kills = 300
	}
	var jobs strings.Builder
	jobs.WriteString("profiles:\n  p:\n    cron: 0 0 1 1 *\n    tasks:\n")
	for i := range 25 {
		fmt.Fprintf(&jobs, "      - { name: t%d, command: \"echo $MONTIMER_RUN_ID t%[1]d >>$OUT; sleep 0.00%d; sleep 61.5 >/dev/null 2>&1 &\" }\n", i, i%7)
	}
	s := newSite(t, build(t), jobs.String())
	done := filepath.Join(s.state, "done")
	s.env = append(s.env, "OUT="+done)
	rng := rand.New(rand.NewPCG(1, 2))
	signals := map[montimer.RunState]int{}
	recorded := map[string]int{} // results of a run right after it was killed
	for i := range kills {
		text := "running task"
		if i%3 == 2 {
			text = ""
		}
		wait, stderr, process := s.started(t, "p", text)
		go io.Copy(io.Discard, stderr)
		time.Sleep(time.Duration(rng.IntN(150)) * time.Millisecond)
		signal, state := syscall.SIGKILL, montimer.RunLost
		if i%2 == 0 {
			signal, state = syscall.SIGTERM, montimer.RunInterrupted
		}
		process.Signal(signal)
		wait()
		stderr.Close()
		signals[state]++
		for deadline := time.Now().Add(time.Minute); signal == syscall.SIGTERM; time.Sleep(time.Millisecond) {
			left := s.processes(t)
			if len(left) == 0 {
				break
			}
			if time.Now().After(deadline) { // what has been killed takes a moment to end
				t.Fatalf("SIGTERM leaves processes behind: %v", left)
			}
		}
		s.killAll(t)
		for _, r := range s.history(t) {
			recorded[r.ID] = max(recorded[r.ID], ended(r))
		}
	}
	if code, said := s.exec(t, "p"); code != 0 {
		t.Fatalf("afterwards: exit %d\n%s", code, said)
	}
	states := map[montimer.RunState]int{}
	for _, r := range s.history(t) {
		states[r.State]++
		if r.State == montimer.RunRunning {
			t.Errorf("run %s has no end", r.ID)
		}
		if ended(r) < recorded[r.ID] {
			t.Errorf("run %s (%s) has %d results, and had %d", r.ID, r.State, ended(r), recorded[r.ID])
		}
	}
	if states[montimer.RunLost] == 0 || states[montimer.RunInterrupted] == 0 {
		t.Errorf("%v: this proves nothing", states)
	}
	t.Logf("%v after %v", states, signals)
}

// killAll is what systemd does by the cgroup.
func (s *site) killAll(t *testing.T) {
	for none := 0; none < 2; none++ { // one may be born while /proc is read
		for _, pid := range s.processes(t) {
			syscall.Kill(pid, syscall.SIGKILL)
			none = -1
		}
	}
}

// ended returns how many tasks of a run have a result.
func ended(r montimer.Run) (n int) {
	for _, t := range r.Tasks {
		if t.Status != montimer.TaskNotRun {
			n++
		}
	}
	return n
}

// processes returns those whose working directory is the checkout, which a
// process has from its birth on and while it executes another program.
func (s *site) processes(t *testing.T) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		var pid int
		if dir, err := os.Readlink(f); err == nil && dir == s.checkout {
			fmt.Sscanf(f, "/proc/%d/", &pid)
			pids = append(pids, pid)
		}
	}
	return pids
}
