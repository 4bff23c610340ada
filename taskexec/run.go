package taskexec

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/proc"
	"github.com/montimer/montimer/internal/safetext"
)

// run is one run under way.
type run struct {
	Runner
	request    Request
	profile    montimer.Profile
	record     montimer.Run // of it, so far
	timer      *Timer       // that started the run; nil: none, or not known
	trigger    string       // of that timer, until the run is on record; "": not known
	situation  situation
	progress   Progress
	synced     []montimer.TaskRun // failed commands after the sync
	unrecorded error              // the first error of the Recorder
	python     string             // runs .py files
	env        []string           // of all tasks
	stdin      int                // of the tasks: /dev/null
	streams    sync.Pool          // of *stream
	stopper    *proc.Stopper
	recorded   []string // names of the tasks whose results are kept, in that order
}

func (r Runner) prepare(req Request) *run {
	record := montimer.Run{
		ID:      cmp.Or(req.ID, RunID(r.Environ)),
		Profile: req.Profile,
		Trigger: cmp.Or(req.Trigger, montimer.TriggerManual),
		Attempt: 1,
		Started: time.Now(),
		State:   montimer.RunRunning,
		Host:    r.Host,
	}
	r.Grace = cmp.Or(r.Grace, 10*time.Second)
	r.LockTimeout = cmp.Or(r.LockTimeout, 5*time.Minute)
	if r.Redactor == nil {
		r.Redactor = safetext.NewRedactor(safetext.SecretValues(r.Environ))
	}
	r.Log = slog.New(safetext.NewHandler(r.Log.Handler(), r.Redactor)).With("profile", req.Profile, "run_id", record.ID)
	// A task with access to the watchdog could keep a hung run alive.
	r.Environ = without(slices.Clone(r.Environ), "NOTIFY_SOCKET")
	python := filepath.Join(r.Checkout, ".venv/bin/python") // the checkout's own, where it has one
	if _, err := os.Stat(python); err != nil {
		python = "python3"
	}
	return &run{Runner: r, request: req, record: record, python: python}
}

func (r *run) end(s montimer.RunState, reason string) {
	r.record.State, r.record.Reason, r.record.Ended = s, reason, time.Now()
}

// isTick reports whether the run serves a tick of the timer.
func (r *run) isTick() bool { return r.record.Trigger == montimer.TriggerTimer }

// skip ends a run without running its tasks.
func (r *run) skip(ctx context.Context, cause montimer.SkipCause, reason string) {
	r.record.Skip = cause
	r.end(montimer.RunSkipped, reason)
	r.finish(ctx)
	r.Log.Info(Summary(r.record, nil), "event", EventRunEnded, "result", string(montimer.RunSkipped))
}

// refuse ends a run that cannot begin. It is recorded if systemd started it, by
// a timer or by hand: a failed service without a record is reported as one that
// died. On a terminal the error is enough.
func (r *run) refuse(ctx context.Context, err error) error {
	r.end(montimer.RunFailed, err.Error())
	if r.isTick() || getenv(r.Environ, "INVOCATION_ID") == r.record.ID {
		r.finish(ctx)
	}
	return err
}

// runNothing ends a run that has begun but may run no task.
func (r *run) runNothing(ctx context.Context) {
	r.record.Tasks = notRun(r.profile.Tasks)
	r.end(montimer.RunFailed, r.request.Refused)
	r.finish(ctx)
	r.report()
}

// notRun is the record of tasks before their turn.
func notRun(tasks []montimer.Task) []montimer.TaskRun {
	records := make([]montimer.TaskRun, len(tasks))
	for i, t := range tasks {
		records[i] = montimer.TaskRun{Name: t.Name, Status: montimer.TaskNotRun}
	}
	return records
}

// dryRun logs what would run, with the names of variables but no values.
func (r *run) dryRun(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		return err
	}
	for _, t := range r.profile.Tasks {
		r.Log.Info(fmt.Sprintf("[would run] %s (env: %s)", quote(argv(t, r.Checkout, r.python)), envNames(r.profile, t)), "task", t.Name)
		r.record.Tasks = append(r.record.Tasks, montimer.TaskRun{Name: t.Name, Status: montimer.TaskSkipped})
	}
	r.end(montimer.RunSkipped, "dry run")
	return nil
}

func (r *run) watch() {
	if r.Watch != nil {
		r.progress.Total = len(r.record.Tasks)
		r.Watch(r.progress)
	}
}

// eachSecond calls f once a second, until it is stopped.
func eachSecond(f func()) (stop func()) {
	var mu sync.Mutex
	stopped := false
	mu.Lock()
	defer mu.Unlock()
	var timer *time.Timer
	timer = time.AfterFunc(time.Second, func() {
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			f()
			timer.Reset(time.Second)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		timer.Stop()
	}
}

// withLimit ends the context after limit, for [proc.ErrTimeout]; 0: never.
func withLimit(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, limit, proc.ErrTimeout)
}

// report logs a line for each failure, and one for the run.
func (r *run) report() {
	for _, t := range r.record.Failures() {
		r.Log.Error(fmt.Sprintf("FAIL %s: %s", t.Name, reason(t)), "event", EventFailure, "task", t.Name, "result", string(t.Status))
	}
	level := slog.LevelInfo
	switch r.record.State {
	case montimer.RunFailed:
		level = slog.LevelError
	case montimer.RunInterrupted:
		level = slog.LevelWarn
	}
	r.Log.Log(context.Background(), level, Summary(r.record, nil), "event", EventRunEnded, "result", string(r.record.State))
}

// Summary says in one line how a run ended; err is the error of [Runner.Exec].
func Summary(run montimer.Run, err error) string {
	switch {
	case err != nil && !errors.Is(err, ErrUnrecorded):
		return "failed: " + err.Error()
	case run.State == montimer.RunSkipped:
		return "skipped: " + run.Reason
	}
	took := seconds(run.Ended.Sub(run.Started))
	tasks := "tasks"
	if len(run.Tasks) == 1 {
		tasks = "task"
	}
	text := fmt.Sprintf("%s: %d %s, %d failed, %s", run.State, len(run.Tasks), tasks, len(run.Failures()), took)
	if run.Reason != "" {
		text += "; " + run.Reason
	}
	return text
}

// RunID returns the id of a run by this process.
func RunID(environ []string) string { return runID(environ, os.Getpid()) }

// IsService reports whether systemd has started this process as the main one of
// a service. An environment that was merely inherited from one does not count.
func IsService(environ []string) bool { return isService(environ, os.Getpid()) }

func isService(environ []string, pid int) bool {
	return getenv(environ, "SYSTEMD_EXEC_PID") == strconv.Itoa(pid)
}

// runID returns 32 hexadecimal digits. When the process pid was started by
// systemd they are the invocation ID of the service (systemd.exec(5)), so that
// a run can be found in the journal.
func runID(environ []string, pid int) string {
	if isService(environ, pid) {
		id := getenv(environ, "INVOCATION_ID")
		if raw, err := hex.DecodeString(id); err == nil && len(raw) == 16 {
			return id
		}
	}
	var raw [16]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}
