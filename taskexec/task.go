package taskexec

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/montimer/montimer"
)

// tasks runs the tasks of p and returns what became of each.
func (r Runner) tasks(ctx context.Context, p montimer.Profile) []TaskResult {
	python := r.python()
	var stdout, stderr stream // one pair of buffers for all
	results := make([]TaskResult, 0, len(p.Tasks))
	for _, t := range p.Tasks {
		if ctx.Err() != nil {
			results = append(results, TaskResult{Name: t.Name, Status: StatusNotRun})
			continue
		}
		stdout.task, stdout.sink, stdout.tail = t.Name, r.Sink, tail{}
		stderr.task, stderr.sink, stderr.tail = t.Name, r.Sink, tail{}
		c := command{argv(t, r.Checkout, python), filepath.Join(r.Checkout, t.Workdir), environ(r.Environ, p, t)}
		results = append(results, r.task(ctx, t, c, &stdout, &stderr))
	}
	return results
}

// python returns what runs .py files: the checkout's own Python where it has one.
func (r Runner) python() string {
	python := filepath.Join(r.Checkout, ".venv/bin/python")
	if _, err := os.Stat(python); err != nil {
		return "python3"
	}
	return python
}

// task runs one task.
func (r Runner) task(ctx context.Context, t montimer.Task, c command, stdout, stderr *stream) TaskResult {
	if t.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, t.Timeout, errTimeout)
		defer cancel()
	}
	log := r.Log.With("task", t.Name)
	log.Info(fmt.Sprintf("running task %s: %s", t.Name, strings.Join(c.argv, " ")))

	result := TaskResult{Name: t.Name, Started: time.Now()}
	err := scriptExists(t, r.Checkout)
	var end ending
	if err == nil {
		end, err = c.run(ctx, r.Grace, stdout, stderr)
	}
	result.Duration = time.Since(result.Started)
	result.StdoutTail, result.StderrTail = stdout.tail.String(), stderr.tail.String()
	result.settle(end, err)

	level := slog.LevelWarn
	if result.Status == StatusOK {
		level = slog.LevelInfo
	}
	log.Log(ctx, level, fmt.Sprintf("task %s %s", t.Name, result.outcome()), "result", string(result.Status))
	return result
}

// scriptExists says in plain words that a script is not there; its interpreter
// would say it in its own, with an exit code that other failures have too.
func scriptExists(t montimer.Task, checkout string) error {
	if t.Script == "" {
		return nil
	}
	_, err := os.Stat(filepath.Join(checkout, t.Script))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("script %s does not exist in %s", t.Script, checkout)
	}
	return err
}
