package taskexec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/proc"
	"github.com/montimer/montimer/internal/safetext"
)

// Each script writes the ids of its processes to pids; none may be left. Exec
// that waited for one of them would not return within the time of go test.
func TestNothingSurvives(t *testing.T) {
	t.Parallel()
	const grace = 300 * time.Millisecond
	tests := []struct {
		name   string
		script string
		want   montimer.TaskStatus
	}{
		{"a background child holds the output", `sleep 3600 & echo $$ $! >pids`, montimer.TaskOK},
		{"a background child without the output", `sleep 3600 >/dev/null 2>&1 & echo $$ $! >pids`, montimer.TaskOK},
		{"a background child that ignores SIGTERM", `(trap "" TERM; sleep 3600; sleep 3600) & echo $$ $! >pids`, montimer.TaskOK},
		{"a child that never stops writing", `yes & echo $$ $! >pids`, montimer.TaskOK},
		{"timeout", `sleep 3600 & echo $$ $! >pids; wait`, montimer.TaskTimeout},
		{"timeout, SIGTERM ignored", `trap "" TERM; sleep 3600 & echo $$ $! >pids; while :; do sleep 0.1; done`, montimer.TaskTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			run := func(limit time.Duration) (*host, montimer.TaskRun) {
				task := shell(tt.script)
				task.Timeout = limit
				h := newHost(t, task)
				h.Grace = grace
				h.Sink = discard{}
				return h, h.exec(t).Tasks[0]
			}
			limit := time.Minute
			if tt.want == montimer.TaskTimeout {
				limit = 500 * time.Millisecond
			}
			h, result := run(limit)
			for !h.has("pids") && limit < time.Minute { // the limit came before the script
				limit *= 2
				h, result = run(limit)
			}
			if result.Status != tt.want {
				t.Errorf("status %s, want %s", result.Status, tt.want)
			}
			wantGone(t, filepath.Join(h.Checkout, "pids"))
		})
	}
}

// A daemon leaves the process group: it lives on, but the run does not wait for
// it although it holds the output open.
func TestDaemonDoesNotHoldUpTheRun(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("setsid sh -c 'echo $$ >pid; exec sleep 3600' & while ! test -s pid; do sleep 0.01; done"))
	h.Grace = 200 * time.Millisecond
	if result := h.exec(t).Tasks[0]; result.Status != montimer.TaskOK {
		t.Error(result.Status)
	}
	text, err := os.ReadFile(filepath.Join(h.Checkout, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || syscall.Kill(pid, syscall.SIGKILL) != nil {
		t.Errorf("no daemon %q: the test proves nothing", text)
	}
}

type discard struct{}

func (discard) Lines(string, []Line) {}

// wantGone checks that the processes listed in file are gone or zombies that
// are not ours.
func wantGone(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pids := strings.Fields(string(text))
	if len(pids) < 2 {
		t.Fatalf("pids: %q", text)
	}
	for _, pid := range pids {
		eventually(t, func() bool {
			stat, err := os.ReadFile("/proc/" + pid + "/stat")
			return err != nil || strings.Contains(string(stat), ") Z ")
		})
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	h := newHost(t,
		shell("exit 0"),
		shell(`trap 'echo bye; exit 5' TERM; sleep 60 & : >started; wait`),
		shell("touch ran"),
	)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(h.Checkout, "started")); err == nil {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	result, err := h.Exec(ctx, Request{Profile: "p"})
	if err != nil {
		t.Fatal(err)
	}
	want := []montimer.TaskRun{
		{Name: "t1", Status: montimer.TaskOK},
		{Name: "t2", Status: montimer.TaskInterrupted, ExitCode: 5, StdoutTail: "bye"},
		{Name: "t3", Status: montimer.TaskNotRun},
	}
	if diff := cmp.Diff(want, result.Tasks, ignoreTimes); diff != "" {
		t.Error(diff)
	}
	if result.State != montimer.RunInterrupted || ExitCode(result, err) != 143 {
		t.Errorf("%+v", result)
	}
	if !strings.Contains(h.log.String(), "FAIL t3: not run") {
		t.Error(h.log.String())
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("true"))
	release, err := lock(h.StateDir, "p", runLock)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(h.StateDir, "lock"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("lock folder: %v, %v", info.Mode(), err)
	}
	result, err := h.Exec(t.Context(), Request{Profile: "p"})
	if !errors.Is(err, ErrLocked) || ExitCode(result, err) != 75 {
		t.Errorf("busy lock: %v", err)
	}
	releaseOther, err := lock(h.StateDir, "q", runLock)
	if err != nil {
		t.Errorf("another profile: %v", err)
	}
	releaseOther()
	release()
	h.exec(t)
	h.exec(t)
}

func TestLockFollowsNoSymlinks(t *testing.T) {
	t.Parallel()
	victim := filepath.Join(t.TempDir(), "victim")
	state := t.TempDir()
	os.Mkdir(filepath.Join(state, "lock"), 0o700)
	os.Symlink(victim, filepath.Join(state, "lock", "p.lock"))
	if _, err := lock(state, "p", runLock); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("file: %v", err)
	}
	linked := t.TempDir()
	os.Symlink(filepath.Join(state, "lock"), filepath.Join(linked, "lock"))
	if _, err := lock(linked, "q", runLock); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("folder: %v", err)
	}
	if _, err := os.Lstat(victim); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("victim: %v", err)
	}
}

// The holder is killed with SIGKILL while a task of its runs: the lock is free
// although the task lives on.
func TestKilledHolderFreesTheLock(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestMain$")
	cmd.Env = append(os.Environ(), "TASKEXEC_HOLD="+h.StateDir, "TASKEXEC_CHECKOUT="+h.Checkout)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pidFile := filepath.Join(h.Checkout, "pid")
	var pid int
	eventually(t, func() bool {
		text, _ := os.ReadFile(pidFile)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0
	})
	defer syscall.Kill(-pid, syscall.SIGKILL)
	if _, err := lock(h.StateDir, "p", runLock); !errors.Is(err, ErrLocked) {
		t.Errorf("while it runs: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if syscall.Kill(pid, 0) != nil {
		t.Fatal("the task is gone: the test proves nothing")
	}
	release, err := lock(h.StateDir, "p", runLock)
	if err != nil {
		t.Fatalf("after SIGKILL: %v", err)
	}
	release()
}

// TestMain lets the test binary be a montimer that holds a lock.
func TestMain(m *testing.M) {
	state := os.Getenv("TASKEXEC_HOLD")
	if state == "" {
		os.Exit(m.Run())
	}
	release, err := lock(state, "p", runLock)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	newStream := func() *stream { return &stream{sink: discard{}, redactor: safetext.NewRedactor(nil)} }
	c := proc.Command{Path: "/bin/sh", Argv: []string{"sh", "-c", "echo $$ >pid; exec sleep 60"}, Dir: os.Getenv("TASKEXEC_CHECKOUT"), Env: os.Environ()}
	s, err := proc.NewStopper(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c.Run(s, newStream(), newStream())
	release()
}
