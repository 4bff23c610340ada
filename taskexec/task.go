package taskexec

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/proc"
)

// task runs one task, again after a failure where it has retries. The nth
// retry comes n times the task's RetryDelay after the failure before it.
func (r *run) task(ctx context.Context, t montimer.Task) montimer.TaskRun {
	log := r.Log.With("task", t.Name)
	started := time.Now()
	output := newAllowance(r.MaxOutput)
	defer output.report(log, t.Name, r.MaxOutput)
	for attempt := 1; ; attempt++ {
		result := r.attempt(ctx, log, t, attempt, output)
		result.LeftOut = output.over.bytes + output.unread.bytes
		result.Attempts, result.Started, result.Duration = attempt, started, time.Since(started)
		if result.Status == montimer.TaskOK || attempt > t.Retries || ctx.Err() != nil {
			return result
		}
		wait := time.Duration(attempt) * t.RetryDelay
		log.Info(fmt.Sprintf("task %s: retry %d of %d in %v", t.Name, attempt, t.Retries, wait))
		if !sleep(ctx, wait) {
			return result
		}
	}
}

// sleep waits, and reports false if ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// command returns the command of the n-th attempt of a task; its path is not
// looked up yet.
func (r *run) command(t montimer.Task, n int) proc.Command {
	dir := filepath.Join(r.Checkout, t.Workdir)
	env := environ(r.env, t.Env, r.facts(t, n, dir))
	if r.record.Scheduled.IsZero() { // an inherited value is that of another run
		env = without(env, "MONTIMER_SCHEDULED_AT")
	}
	return proc.Command{
		Argv:    argv(t, r.Checkout, r.python),
		Dir:     dir,
		Env:     env,
		Stdin:   r.stdin,
		Timeout: t.Timeout,
		Grace:   r.Grace,
	}
}

// attempt runs a task once.
func (r *run) attempt(ctx context.Context, log *slog.Logger, t montimer.Task, n int, output *allowance) montimer.TaskRun {
	c := r.command(t, n)
	log.Info(fmt.Sprintf("running task %s: %s", t.Name, strings.Join(c.Argv, " ")), "event", EventTaskStarted)

	stdout, stderr := r.stream(t.Name, output), r.stream(t.Name, output)
	defer r.streams.Put(stdout)
	defer r.streams.Put(stderr)
	result := montimer.TaskRun{Name: t.Name, Started: time.Now()}
	var end proc.Ending
	var err error
	if c.Path, err = lookPath(c.Argv, c.Dir, getenv(c.Env, "PATH")); err == nil {
		end, err = c.Run(r.stopper, stdout, stderr)
	}
	result.Duration = time.Since(result.Started)
	result.StdoutTail, result.StderrTail = stdout.tail.String(), stderr.tail.String()
	setResult(&result, end, err)
	result.Error = r.Redactor.String(result.Error)

	level := slog.LevelWarn
	if result.Status == montimer.TaskOK {
		level = slog.LevelInfo
	}
	log.Log(ctx, level, fmt.Sprintf("task %s %s", t.Name, outcome(result)), "event", EventTaskEnded, "result", string(result.Status))
	return result
}

// facts are the variables that describe the run to a task. jobs.yaml cannot
// change them.
func (r *run) facts(t montimer.Task, attempt int, dir string) []montimer.EnvVar {
	facts := []montimer.EnvVar{
		{Name: "PWD", Value: dir},
		{Name: "MONTIMER_PROFILE", Value: r.profile.Name},
		{Name: "MONTIMER_TASK", Value: t.Name},
		{Name: "MONTIMER_RUN_ID", Value: r.record.ID},
		{Name: "MONTIMER_TRIGGER", Value: string(r.record.Trigger)},
		{Name: "MONTIMER_ATTEMPT", Value: strconv.Itoa(attempt)},
	}
	if at := r.record.Scheduled; !at.IsZero() {
		facts = append(facts, montimer.EnvVar{Name: "MONTIMER_SCHEDULED_AT", Value: at.UTC().Format(time.RFC3339)})
	}
	return facts
}

// stream returns a buffer for the output of a task, from the pool.
func (r *run) stream(task string, output *allowance) *stream {
	s, ok := r.streams.Get().(*stream)
	if !ok {
		s = &stream{sink: r.Sink, outlet: r.Outlet, redactor: r.Redactor}
	}
	s.reset(task, output)
	return s
}
