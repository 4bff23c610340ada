package taskexec

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/proc"
)

// setResult sets how the last attempt of a task ended; err is why it never
// started.
func setResult(t *montimer.TaskRun, end proc.Ending, err error) {
	t.ExitCode = end.Status.ExitStatus()
	if end.Status.Signaled() {
		t.ExitCode = -int(end.Status.Signal())
	}
	switch {
	case err != nil:
		t.Status, t.ExitCode, t.Error = montimer.TaskSpawnFailed, -1, "spawn failed: "+err.Error()
	case errors.Is(end.Cause, proc.ErrTimeout):
		t.Status = montimer.TaskTimeout
	case end.Cause != nil:
		t.Status = montimer.TaskInterrupted
	case t.ExitCode < 0:
		t.Status = montimer.TaskKilled
	case t.ExitCode > 0:
		t.Status = montimer.TaskFailed
	default:
		t.Status = montimer.TaskOK
	}
}

// state returns the state of a run with these tasks; stopped: it was stopped.
func state(r montimer.Run, stopped bool) montimer.RunState {
	switch {
	case len(r.Failures()) == 0:
		return montimer.RunOK
	case stopped:
		return montimer.RunInterrupted
	}
	return montimer.RunFailed
}

// outcome describes how a task ended.
func outcome(t montimer.TaskRun) string {
	took := seconds(t.Duration)
	switch t.Status {
	case montimer.TaskOK:
		return "ok in " + took
	case montimer.TaskFailed:
		return fmt.Sprintf("exited %d after %s", t.ExitCode, took)
	case montimer.TaskKilled:
		return fmt.Sprintf("killed by signal %d (%v) after %s", -t.ExitCode, syscall.Signal(-t.ExitCode), took)
	case montimer.TaskTimeout:
		return "timed out after " + took
	case montimer.TaskInterrupted:
		return "interrupted after " + took
	case montimer.TaskSpawnFailed:
		return "failed to spawn"
	}
	return t.Status.Words()
}

// reason says on one line why a task failed: the last line that it printed, if
// any. The lines before are in the log already.
func reason(t montimer.TaskRun) string {
	tail := t.Tail()
	words := tail[strings.LastIndexByte(tail, '\n')+1:]
	switch t.Status {
	case montimer.TaskFailed, montimer.TaskKilled:
		return cmp.Or(words, fmt.Sprintf("exit %d", t.ExitCode))
	}
	return cmp.Or(words, t.Status.Words())
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }
