package taskexec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/montimer/montimer"
)

const testRunID = "0123456789abcdef0123456789abcdef"

// host is a checkout, a state directory and what a run said.
type host struct {
	Runner
	jobs montimer.Jobs
	log  lockedBuffer
	out  lockedBuffer
	kept *memory
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// newHost has one profile, p, with these tasks, all of them enabled.
func newHost(t *testing.T, tasks ...montimer.Task) *host {
	t.Helper()
	for i := range tasks {
		tasks[i].Enabled = true
		if tasks[i].Name == "" {
			tasks[i].Name = fmt.Sprintf("t%d", i+1)
		}
	}
	h := &host{jobs: montimer.Jobs{Profiles: []montimer.Profile{{Name: "p", Enabled: true, CatchUp: true, Parallel: 1, Tasks: tasks}}}}
	h.kept = &memory{}
	h.Runner = Runner{
		Checkout: t.TempDir(),
		StateDir: t.TempDir(),
		Environ:  []string{"PATH=" + os.Getenv("PATH"), "SYSTEMD_EXEC_PID=" + strconv.Itoa(os.Getpid()), "INVOCATION_ID=" + testRunID, "BASE=runner", "OVER=runner"},
		Grace:    10 * time.Second,
		Load:     func(context.Context) (montimer.Jobs, error) { return h.jobs, nil },
		Recorder: h.kept,
		Sink:     NewTextSink(&h.out, false),
		Log:      slog.New(slog.NewTextHandler(&h.log, nil)),
	}
	return h
}

// has says whether a file is in the checkout.
func (h *host) has(name string) bool {
	_, err := os.Stat(filepath.Join(h.Checkout, name))
	return err == nil
}

func (h *host) profile() *montimer.Profile { return &h.jobs.Profiles[0] }

func (h *host) exec(t *testing.T) montimer.Run {
	t.Helper()
	result, err := h.Exec(t.Context(), Request{Profile: "p"})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (h *host) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(h.Checkout, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	// Written by another process: a child of a parallel test could
	// inherit our descriptor, and a program open for writing cannot be run.
	cmd := exec.Command("sh", "-c", `cat >"$0" && chmod "$1" "$0"`, path, fmt.Sprintf("%o", mode))
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func shell(line string) montimer.Task { return montimer.Task{Command: montimer.Command{Shell: line}} }

var ignoreTimes = cmpopts.IgnoreFields(montimer.TaskRun{}, "Started", "Duration", "Error", "Attempts")

func TestNoInterpreter(t *testing.T) {
	t.Parallel()
	h := newHost(t, montimer.Task{Script: "s"})
	if err := os.WriteFile(filepath.Join(h.Checkout, "s"), []byte("#!/nowhere/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if said := h.exec(t).Tasks[0].Error; !strings.HasSuffix(said, "/s: no such file or directory: the interpreter that its first line (#!) names") {
		t.Error(said)
	}
}

// One row for each way a task can end.
func TestTaskEnds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		task montimer.Task
		want montimer.TaskRun
		err  string // in Error
		exit int
	}{
		{"exit 0", shell("echo fine; echo hm >&2"),
			montimer.TaskRun{Status: montimer.TaskOK, StdoutTail: "fine", StderrTail: "hm"}, "", 0},
		{"exit other than 0", shell("echo no; exit 7"),
			montimer.TaskRun{Status: montimer.TaskFailed, ExitCode: 7, StdoutTail: "no"}, "", 1},
		{"killed by signal S is -S", shell("kill -KILL $$"),
			montimer.TaskRun{Status: montimer.TaskKilled, ExitCode: -9}, "", 1},
		{"timeout", montimer.Task{Command: montimer.Command{Argv: []string{"sleep", "60"}}, Timeout: 50 * time.Millisecond},
			montimer.TaskRun{Status: montimer.TaskTimeout, ExitCode: -15}, "", 1},
		{"timeout, and exits 0 when asked to end", montimer.Task{Command: montimer.Command{Shell: "trap 'exit 0' TERM; sleep 60 & wait"}, Timeout: 200 * time.Millisecond},
			montimer.TaskRun{Status: montimer.TaskTimeout}, "", 1},
		{"spawn failure is -1: not in PATH", montimer.Task{Command: montimer.Command{Argv: []string{"no-such-program"}}},
			montimer.TaskRun{Status: montimer.TaskSpawnFailed, ExitCode: -1}, "spawn failed: no-such-program: not found in PATH", 1},
		{"spawn failure is -1: not executable", montimer.Task{Command: montimer.Command{Argv: []string{"/etc/passwd"}}},
			montimer.TaskRun{Status: montimer.TaskSpawnFailed, ExitCode: -1}, "spawn failed: fork/exec /etc/passwd: permission denied", 1},
		{"spawn failure is -1: no such workdir", montimer.Task{Command: montimer.Command{Shell: "true"}, Workdir: "nowhere"},
			montimer.TaskRun{Status: montimer.TaskSpawnFailed, ExitCode: -1}, "no such file or directory: the directory /", 1},
		{"spawn failure is -1: nothing to run", montimer.Task{},
			montimer.TaskRun{Status: montimer.TaskSpawnFailed, ExitCode: -1}, "spawn failed: no command", 1},
		{"spawn failure is -1: no such script to run by itself", montimer.Task{Script: "none"},
			montimer.TaskRun{Status: montimer.TaskSpawnFailed, ExitCode: -1}, "/none: no such file or directory", 1},
		{"output that is not UTF-8", shell(`printf '\377\376 bad\n'; exit 1`),
			montimer.TaskRun{Status: montimer.TaskFailed, ExitCode: 1, StdoutTail: "\uFFFD bad"}, "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, tt.task)
			result := h.exec(t)
			tt.want.Name = "t1"
			if diff := cmp.Diff([]montimer.TaskRun{tt.want}, result.Tasks, ignoreTimes); diff != "" {
				t.Error(diff)
			}
			if err := result.Tasks[0].Error; (err != "") != (tt.err != "") || !strings.Contains(err, tt.err) {
				t.Errorf("error %q, want %q in it", err, tt.err)
			}
			if got := ExitCode(result, nil); got != tt.exit {
				t.Errorf("exit code %d, want %d", got, tt.exit)
			}
		})
	}
}

func TestSequentialInFileOrderAndGoesOnAfterFailure(t *testing.T) {
	t.Parallel()
	h := newHost(t,
		shell("sleep 0.1; echo 1 >>order; exit 2"),
		montimer.Task{Script: "missing"},
		shell("echo 3 >>order; kill $$"),
		shell("echo 4 >>order"),
	)
	result := h.exec(t)
	order, _ := os.ReadFile(filepath.Join(h.Checkout, "order"))
	if string(order) != "1\n3\n4\n" {
		t.Errorf("order %q", order)
	}
	var got []string
	for _, f := range result.Failures() {
		got = append(got, f.Name)
	}
	if diff := cmp.Diff([]string{"t1", "t2", "t3"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDisabledTasksDoNotRunUnlessNamed(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("echo one"), shell("echo two"), shell("echo three"))
	h.profile().Tasks[1].Enabled = false
	h.exec(t)
	if got := h.out.String(); got != "t1: one\nt3: three\n" {
		t.Errorf("enabled: %q", got)
	}
	h.out.Reset()
	if _, err := h.Exec(t.Context(), Request{Profile: "p", Tasks: []string{"t3", "t2"}}); err != nil {
		t.Fatal(err)
	}
	if got := h.out.String(); got != "t2: two\nt3: three\n" {
		t.Errorf("named: %q", got)
	}
}

func TestRunsWithNothingToDo(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*host){
		"no tasks":         func(h *host) { h.profile().Tasks = nil },
		"disabled profile": func(h *host) { h.profile().Enabled = false },
		"disabled task":    func(h *host) { h.profile().Tasks[0].Enabled = false },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, shell("touch ran; exit 1"))
			change(h)
			if result := h.exec(t); ExitCode(result, nil) != 0 || len(result.Tasks) != 0 {
				t.Errorf("%+v", result)
			}
			if _, err := os.Stat(filepath.Join(h.Checkout, "ran")); err == nil {
				t.Error("the task ran")
			}
		})
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("jobs.yaml:3:1: broken")
	tests := []struct {
		name   string
		req    Request
		change func(*host)
		want   string
	}{
		{"unknown profile", Request{Profile: "q"}, nil, `unknown profile "q"; known: p`},
		{"unknown task", Request{Profile: "p", Tasks: []string{"t9"}}, nil, `unknown task "t9"; known: t1`},
		{"not a name", Request{Profile: "../p"}, nil, `"../p" cannot be the name of a profile`},
		{"jobs.yaml", Request{Profile: "p"}, func(h *host) {
			h.Load = func(context.Context) (montimer.Jobs, error) { return montimer.Jobs{}, broken }
		}, broken.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, shell("true"))
			if tt.change != nil {
				tt.change(h)
			}
			result, err := h.Exec(t.Context(), tt.req)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			if got := ExitCode(result, err); got != 2 {
				t.Errorf("exit code %d", got)
			}
		})
	}
}

func TestDryRunSpawnsNothingAndShowsNoValues(t *testing.T) {
	t.Parallel()
	h := newHost(t,
		montimer.Task{Name: "a", Script: "s/ok.py", Args: []montimer.Arg{{Key: "cache-file", Value: "/x/y z.json"}, {Key: "Flag", Value: "True"}, {Key: "empty"}},
			Env: []montimer.EnvVar{{Name: "TOKEN", Value: "hidden"}, {Name: "A", Value: "hidden"}}},
		shell("touch ran"),
	)
	h.profile().Env = []montimer.EnvVar{{Name: "A", Value: "hidden"}}
	h.StateDir = "/nowhere" // not even a lock
	result, err := h.Exec(t.Context(), Request{Profile: "p", DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []montimer.TaskRun{{Name: "a", Status: montimer.TaskSkipped}, {Name: "t2", Status: montimer.TaskSkipped}}
	if diff := cmp.Diff(want, result.Tasks); diff != "" {
		t.Error(diff)
	}
	if ExitCode(result, nil) != 0 {
		t.Error("exit code is not 0")
	}
	log := h.log.String()
	for _, line := range []string{
		`msg="[would run] python3 s/ok.py '--cache-file=/x/y z.json' --Flag=True --empty= (env: A, TOKEN)"`,
		`msg="[would run] sh -c 'touch ran' (env: A)"`,
	} {
		if !strings.Contains(log, line) {
			t.Errorf("no %s in\n%s", line, log)
		}
	}
	if strings.Contains(log, "hidden") {
		t.Errorf("a value is shown:\n%s", log)
	}
	if _, err := os.Stat(filepath.Join(h.Checkout, "ran")); err == nil {
		t.Error("the task ran")
	}
}

func TestTasksGet(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write(t, "show.py", "import os, sys\nprint(sys.argv, os.path.basename(os.getcwd()))\n", 0o644)
	h.write(t, "show.sh", `echo "$0" "$@"`, 0o644)
	h.write(t, "bin/show", "#!/bin/sh\necho \"${0##*/}\" \"$@\"", 0o755)
	h.write(t, "work/x", "", 0o644)
	args := []montimer.Arg{{Key: "Key", Value: "a b"}, {Key: "none"}}
	for _, tt := range []struct {
		name string
		task montimer.Task
		want string
	}{
		{"python for .py", montimer.Task{Script: "show.py", Args: args}, "['show.py', '--Key=a b', '--none='] CHECKOUT"},
		{"sh for .sh", montimer.Task{Script: "show.sh", Args: args}, "show.sh --Key=a b --none="},
		{"else the file itself", montimer.Task{Script: "bin/show", Args: args}, "show --Key=a b --none="},
		{"an interpreter", montimer.Task{Script: "show.sh", Interpreter: []string{"sh", "-e"}}, "show.sh"},
		{"workdir", montimer.Task{Script: "show.py", Workdir: "work"}, "['CHECKOUT/show.py'] work"},
		{"argv", montimer.Task{Command: montimer.Command{Argv: []string{"printf", "%s|", "a b", "$HOME"}}, Args: args}, "a b|$HOME|--Key=a b|--none=|"},
		{"shell", montimer.Task{Command: montimer.Command{Shell: `echo "$@" | tr a-z A-Z`}, Args: args}, "--KEY=A B --NONE="},
		{"stdin is empty", shell("wc -c"), "0"},
		{"a process group of its own", shell(`test "$(ps -o pgid= $$ | tr -d ' ')" = $$ && echo yes`), "yes"},
		{"environment, the later wins", montimer.Task{Command: montimer.Command{Shell: `echo $BASE $OVER $PROFILE $TASK; env | grep -c ^OVER=`},
			Env: []montimer.EnvVar{{Name: "OVER", Value: "task"}, {Name: "TASK", Value: "$task"}}}, "runner task profile $task\n1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.task.Name, tt.task.Enabled = "t1", true
			h.profile().Tasks = []montimer.Task{tt.task}
			h.profile().Env = []montimer.EnvVar{{Name: "OVER", Value: "profile"}, {Name: "PROFILE", Value: "profile"}}
			result := h.exec(t).Tasks[0]
			got := strings.ReplaceAll(result.StdoutTail, h.Checkout, "CHECKOUT")
			got = strings.ReplaceAll(got, filepath.Base(h.Checkout), "CHECKOUT")
			if got != tt.want {
				t.Errorf("got %q, want %q (%+v)", got, tt.want, result)
			}
		})
	}
}

func TestCheckoutsOwnPython(t *testing.T) {
	t.Parallel()
	h := newHost(t, montimer.Task{Script: "a.py"})
	h.write(t, "a.py", "", 0o644)
	h.write(t, ".venv/bin/python", "#!/bin/sh\necho \"venv $1\"", 0o755)
	if got := h.exec(t).Tasks[0].StdoutTail; got != "venv a.py" {
		t.Error(got)
	}
}

// PATH is the task's, as it is for env(1).
func TestProgramsAreFoundInTheTasksPath(t *testing.T) {
	t.Parallel()
	h := newHost(t, montimer.Task{Command: montimer.Command{Argv: []string{"mine"}}})
	h.write(t, "tools/mine", "#!/bin/sh\necho mine", 0o755)
	h.profile().Env = []montimer.EnvVar{{Name: "PATH", Value: "tools:/bin"}}
	if got := h.exec(t).Tasks[0].StdoutTail; got != "mine" {
		t.Error(got)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	h := newHost(t,
		montimer.Task{Name: "good", Command: montimer.Command{Shell: "echo fine"}},
		montimer.Task{Name: "bad", Command: montimer.Command{Shell: "echo one; echo two; echo; exit 3"}},
		montimer.Task{Name: "mute", Command: montimer.Command{Shell: "exit 4"}},
		montimer.Task{Name: "gone", Script: "gone"},
	)
	h.exec(t)
	text := regexp.MustCompile(`time=\S+ | event=("[^"]*"|\S+)`).ReplaceAllString(h.log.String(), "")
	text = regexp.MustCompile(`\d\.\ds`).ReplaceAllString(text, "D.Ds")
	text = strings.NewReplacer(h.Checkout, "CHECKOUT", testRunID, "ID").Replace(text)
	want := `level=INFO msg="running task good: sh -c echo fine" profile=p run_id=ID task=good
level=INFO msg="task good ok in D.Ds" profile=p run_id=ID task=good result=ok
level=INFO msg="running task bad: sh -c echo one; echo two; echo; exit 3" profile=p run_id=ID task=bad
level=WARN msg="task bad exited 3 after D.Ds" profile=p run_id=ID task=bad result=failed
level=INFO msg="running task mute: sh -c exit 4" profile=p run_id=ID task=mute
level=WARN msg="task mute exited 4 after D.Ds" profile=p run_id=ID task=mute result=failed
level=INFO msg="running task gone: CHECKOUT/gone" profile=p run_id=ID task=gone
level=WARN msg="task gone failed to spawn" profile=p run_id=ID task=gone result=spawn_failed
level=ERROR msg="FAIL bad: two" profile=p run_id=ID task=bad result=failed
level=ERROR msg="FAIL mute: exit 4" profile=p run_id=ID task=mute result=failed
level=ERROR msg="FAIL gone: spawn failed: fork/exec CHECKOUT/gone: no such file or directory" profile=p run_id=ID task=gone result=spawn_failed
level=ERROR msg="failed: 4 tasks, 3 failed, D.Ds" profile=p run_id=ID result=failed
`
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
	if got := h.out.String(); got != "good: fine\nbad: one\nbad: two\nbad: \n" {
		t.Errorf("output %q", got)
	}
}

func TestLogLinesAreLinesAndSafeToShow(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("true\n\x1b[31m"))
	h.exec(t)
	if want := `running task t1: sh -c true\\x0a\\x1b[31m"`; !strings.Contains(h.log.String(), want) {
		t.Errorf("no %s in\n%s", want, h.log.String())
	}
}

func TestOutputComesAsItIsWritten(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("echo first; read line < go; echo $line"))
	fifo := filepath.Join(h.Checkout, "go")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { h.exec(t); close(done) }()
	eventually(t, func() bool { return h.out.String() == "t1: first\n" })
	os.WriteFile(fifo, []byte("second\n"), 0)
	<-done
	if got := h.out.String(); got != "t1: first\nt1: second\n" {
		t.Errorf("output %q", got)
	}
}

// One row for each status of a task, next to one that is ok.
func TestStateAndExitCode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status  montimer.TaskStatus
		stopped bool
		state   montimer.RunState
		exit    int
	}{
		{montimer.TaskOK, false, montimer.RunOK, 0},
		{montimer.TaskFailed, false, montimer.RunFailed, 1},
		{montimer.TaskKilled, false, montimer.RunFailed, 1},
		{montimer.TaskTimeout, false, montimer.RunFailed, 1},
		{montimer.TaskSpawnFailed, false, montimer.RunFailed, 1},
		{montimer.TaskNotRun, false, montimer.RunFailed, 1}, // the run's own timeout
		{montimer.TaskInterrupted, true, montimer.RunInterrupted, 143},
		{montimer.TaskNotRun, true, montimer.RunInterrupted, 143},
		{montimer.TaskOK, true, montimer.RunOK, 0}, // stopped when all was done
	}
	for _, tt := range tests {
		run := montimer.Run{Tasks: []montimer.TaskRun{{Status: montimer.TaskOK}, {Status: tt.status}}}
		run.State = state(run, tt.stopped)
		if got := ExitCode(run, nil); run.State != tt.state || got != tt.exit {
			t.Errorf("%s, stopped %t: %s, exit code %d, want %s, %d", tt.status, tt.stopped, run.State, got, tt.state, tt.exit)
		}
	}
}

func TestExitCodeOfErrors(t *testing.T) {
	t.Parallel()
	for want, err := range map[int]error{
		1:  errors.New("disk on fire"),
		2:  fmt.Errorf("exec: %w", &UsageError{errors.New("x")}),
		75: fmt.Errorf("exec: %w", ErrLocked),
	} {
		if got := ExitCode(montimer.Run{}, err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("still not so after a minute")
}

// A run whose tasks may not run is on record with the reason, and reported.
func TestRefused(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("touch ran"), shell("touch ran"))
	h.Alert = func(run montimer.Run) *montimer.Alert { return &montimer.Alert{Text: run.Reason} }
	run, err := h.Exec(t.Context(), Request{Profile: "p", Refused: "no secrets"})
	if err != nil || ExitCode(run, err) != 1 {
		t.Errorf("exit code %d, %v", ExitCode(run, err), err)
	}
	want := []montimer.TaskRun{{Name: "t1", Status: montimer.TaskNotRun}, {Name: "t2", Status: montimer.TaskNotRun}}
	if diff := cmp.Diff(want, h.kept.runs[0].Tasks); diff != "" || h.kept.runs[0].State != montimer.RunFailed {
		t.Errorf("recorded as %s: %s", h.kept.runs[0].State, diff)
	}
	if got := h.kept.told[0].Text; got != "no secrets" {
		t.Errorf("reported: %q", got)
	}
	if _, err := os.Stat(filepath.Join(h.Checkout, "ran")); err == nil {
		t.Error("a task ran")
	}
}
