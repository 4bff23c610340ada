package taskexec

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// Result is what became of one run of a profile.
type Result struct {
	Profile     string
	RunID       string
	Started     time.Time
	Duration    time.Duration
	Interrupted bool         // told to stop before all tasks had ended
	Tasks       []TaskResult // the enabled tasks, in file order
}

// Failures returns the tasks that did not do their work, in file order.
func (r Result) Failures() []TaskResult {
	var failures []TaskResult
	for _, t := range r.Tasks {
		if t.Status != StatusOK && t.Status != StatusSkipped {
			failures = append(failures, t)
		}
	}
	return failures
}

// Status says how a task ended.
type Status string

// Every status but OK and Skipped is a failure.
const (
	StatusOK          Status = "ok"
	StatusFailed      Status = "failed"       // ended with an exit code other than 0
	StatusKilled      Status = "killed"       // ended by a signal that was not ours
	StatusTimeout     Status = "timeout"      // stopped by us: out of time
	StatusInterrupted Status = "interrupted"  // stopped by us: the run was told to stop
	StatusSpawnFailed Status = "spawn failed" // never started
	StatusNotRun      Status = "not run"      // the run ended before its turn
	StatusSkipped     Status = "skipped"      // dry run
)

// TaskResult is what became of one task.
type TaskResult struct {
	Name       string
	Status     Status         // StatusNotRun: all other fields are zero
	ExitCode   int            // -S when ended by signal S, -1 when it never started
	Signal     syscall.Signal // that ended it; 0: none
	Err        error          // why it never started
	Attempts   int            // the last of them is what the result tells of
	Started    time.Time      // of the first attempt
	Duration   time.Duration  // of all attempts and the waits between
	StdoutTail string         // its last 4 non-blank lines, at most 500 code points
	StderrTail string
}

// Tail returns the last lines to show for a task: those of stderr, or of
// stdout where stderr has none, or why it never started.
func (t TaskResult) Tail() string {
	switch {
	case t.StderrTail != "":
		return t.StderrTail
	case t.StdoutTail != "":
		return t.StdoutTail
	case t.Err != nil:
		return t.Err.Error()
	}
	return ""
}

// outcome says in words how the task ended.
func (t TaskResult) outcome() string {
	took := fmt.Sprintf("%.1fs", t.Duration.Seconds())
	switch t.Status {
	case StatusOK:
		return "ok in " + took
	case StatusFailed:
		return fmt.Sprintf("exited %d after %s", t.ExitCode, took)
	case StatusKilled:
		return fmt.Sprintf("killed by signal %d (%v) after %s", int(t.Signal), t.Signal, took)
	case StatusTimeout:
		return "timed out after " + took
	case StatusInterrupted:
		return "interrupted after " + took
	case StatusSpawnFailed:
		return "failed to spawn"
	}
	return string(t.Status)
}

// settle fills in how the task ended; err is why it never started.
func (t *TaskResult) settle(end ending, err error) {
	t.ExitCode = end.status.ExitStatus()
	if end.status.Signaled() {
		t.Signal = end.status.Signal()
		t.ExitCode = -int(t.Signal)
	}
	switch {
	case err != nil:
		t.Status, t.ExitCode, t.Err = StatusSpawnFailed, -1, fmt.Errorf("spawn failed: %w", err)
	case errors.Is(end.cause, errTimeout):
		t.Status = StatusTimeout
	case end.cause != nil:
		t.Status = StatusInterrupted
	case t.Signal != 0:
		t.Status = StatusKilled
	case t.ExitCode != 0:
		t.Status = StatusFailed
	default:
		t.Status = StatusOK
	}
}

// reason says on one line why the task failed.
func (t TaskResult) reason() string {
	switch {
	case t.Tail() != "":
		return strings.ReplaceAll(t.Tail(), "\n", " | ")
	case t.ExitCode != 0:
		return fmt.Sprintf("exit %d", t.ExitCode)
	}
	return string(t.Status)
}
