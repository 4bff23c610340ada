package taskexec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// memory is a Recorder that forgets; fails says which of its methods do.
type memory struct {
	mu    sync.Mutex
	calls []string
	tasks []montimer.TaskRun
	runs  []montimer.Run // as finished
	again bool           // the last one came with its tasks
	told  []*montimer.Alert
	fails []string

	running montimer.Run // what Running says
	lost    montimer.Run // what Lost says, if its profile's locks are free
	last    montimer.Run // what LastOfTimer says
	ago     time.Duration
	since   []montimer.Run // what Since says

	timetables []montimer.Timetable
}

func (m *memory) InForce(_ context.Context, _ string, t montimer.Timetable, _ string) error {
	if slices.Contains(m.fails, "inforce") {
		return errFull
	}
	m.timetables = append(m.timetables, t)
	return nil
}

var errFull = errors.New("the disk is full")

func (m *memory) call(method, what string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, strings.TrimSpace(method+" "+what))
	if slices.Contains(m.fails, method) {
		return errFull
	}
	return nil
}

func (m *memory) Begin(_ context.Context, run montimer.Run) (montimer.Run, error) {
	run.Attempt = 7
	return run, m.call("begin", string(run.State))
}

func (m *memory) TaskEnded(_ context.Context, _ string, tasks ...montimer.TaskRun) (err error) {
	for _, t := range tasks {
		if err = m.call("task", t.Name+" "+string(t.Status)); err == nil {
			m.tasks = append(m.tasks, t)
		}
	}
	return err
}

func (m *memory) Finish(ctx context.Context, run montimer.Run, alert *montimer.Alert) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if m.again = run.Tasks != nil; !m.again {
		run.Tasks = m.tasks
	}
	m.runs, m.told = append(m.runs, run), append(m.told, alert)
	return m.call("finish", string(run.State))
}

func (m *memory) Lost(_ context.Context, free func(string) bool, report func(montimer.Run) *montimer.Alert) ([]montimer.Run, error) {
	if m.lost.ID != "" && free(m.lost.Profile) {
		m.told = append(m.told, report(m.lost))
		return []montimer.Run{m.lost}, m.call("lost", m.lost.ID)
	}
	return nil, m.call("lost", "")
}

func (m *memory) Running(context.Context, string) (montimer.Run, bool, error) {
	return m.running, m.running.ID != "", m.call("running", "")
}

func (m *memory) LastOfTimer(context.Context, string) (montimer.Run, time.Duration, error) {
	return m.last, m.ago, m.call("last", "")
}

func (m *memory) Since(context.Context, montimer.Run) ([]montimer.Run, error) {
	return m.since, m.call("since", "")
}

func TestRecords(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("echo one"), shell("exit 1"))
	h.Alert = func(run montimer.Run) *montimer.Alert {
		return &montimer.Alert{Kind: montimer.AlertFailure, RunID: run.ID, Text: string(run.State)}
	}
	run := h.exec(t)
	want := []string{"lost", "begin running", "task t1 ok", "task t2 failed", "finish failed"}
	if diff := cmp.Diff(want, h.kept.calls); diff != "" {
		t.Error(diff)
	}
	if run.Attempt != 7 || len(h.kept.runs) != 1 || !cmp.Equal(run, h.kept.runs[0]) {
		t.Errorf("finished as %+v, returned %+v", h.kept.runs, run)
	}
	if a := h.kept.told[0]; a == nil || a.Text != "failed" || a.RunID != testRunID {
		t.Errorf("alert %+v", a)
	}
}

// Whatever cannot be recorded: the tasks run, the log says so, the exit code is
// 1.
func TestUnrecorded(t *testing.T) {
	t.Parallel()
	for _, fails := range [][]string{{"begin"}, {"task"}, {"finish"}, {"lost"}, {"lost", "begin", "task", "finish", "running", "last"}} {
		t.Run(strings.Join(fails, "+"), func(t *testing.T) {
			t.Parallel()
			h := newHost(t, shell("touch ran"))
			h.kept.fails = fails
			run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer})
			if !errors.Is(err, ErrUnrecorded) || !errors.Is(err, errFull) || ExitCode(run, err) != 1 || run.State != montimer.RunOK {
				t.Errorf("%v, %+v", err, run)
			}
			if _, err := os.Stat(filepath.Join(h.Checkout, "ran")); err != nil {
				t.Error("the task did not run")
			}
			if log := h.log.String(); !strings.Contains(log, `level=ERROR msg="unrecorded: the disk is full"`) {
				t.Error(log)
			}
		})
	}
}

// The end of a run records its tasks again only where that is news.
func TestRecordedAgain(t *testing.T) {
	t.Parallel()
	first, second := shell("true"), shell("true")
	for name, tt := range map[string]struct {
		tasks []montimer.Task
		fails []string
		again bool
	}{
		"all there":    {[]montimer.Task{first, second}, nil, false},
		"one is not":   {[]montimer.Task{first}, []string{"task"}, true},
		"out of order": {[]montimer.Task{{Name: "late", Command: first.Command, After: []string{"t2"}}, second}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, tt.tasks...)
			h.kept.fails = tt.fails
			run, _ := h.Exec(t.Context(), Request{Profile: "p"})
			if h.kept.again != tt.again || !cmp.Equal(h.kept.runs[0].Tasks, run.Tasks) {
				t.Errorf("again: %v; finished as %+v, returned %+v", h.kept.again, h.kept.runs[0], run)
			}
		})
	}
}

// A run that is told to stop is recorded all the same.
func TestInterruptedIsRecorded(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("true"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Exec(ctx, Request{Profile: "p"}); err != nil {
		t.Fatal(err)
	}
	if len(h.kept.runs) != 1 || h.kept.runs[0].State != montimer.RunInterrupted {
		t.Errorf("%+v", h.kept.runs)
	}
}

func TestLostRunsAreFound(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"p", "q"} {
		h := newHost(t, shell("true"))
		h.kept.lost = montimer.Run{ID: "old", Profile: profile, Reason: "gone"}
		h.exec(t)
		if log := h.log.String(); !strings.Contains(log, `msg="run old of `+profile+` is lost: gone"`) {
			t.Error(log)
		}

		for _, which := range []string{runLock, secondLock} {
			if which == runLock && profile == "p" {
				continue // the run itself has it
			}
			release, err := lock(h.StateDir, profile, which)
			if err != nil {
				t.Fatal(err)
			}
			h.log.Reset()
			h.exec(t)
			if log := h.log.String(); strings.Contains(log, "is lost") {
				t.Errorf("%s%s is held, but: %s", profile, which, log)
			}
			release()
		}
	}
}

// A row that others have written does not stay running.
func TestRunsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"", "../p", ".p", "a\x00b", strings.Repeat("x", 300)} {
		if !Idle(t.TempDir(), profile) {
			t.Errorf("%.10q runs", profile)
		}
	}
}

// stuck is a Recorder on a disk that answers no more, until it is closed.
type stuck struct {
	*memory
	asked, answers chan struct{}
}

func (s stuck) TaskEnded(context.Context, string, ...montimer.TaskRun) error {
	close(s.asked)
	<-s.answers
	return nil
}

// A run that hangs after its tasks gives no sign of life, so that it is killed.
func TestStuckAfterTheTasks(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("true"))
	disk := stuck{h.kept, make(chan struct{}), make(chan struct{})}
	var signs atomic.Int64
	h.Recorder, h.Watch = disk, func(Progress) { signs.Add(1) }
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.exec(t)
	}()
	<-disk.asked
	if signs.Load() == 0 {
		t.Error("no sign of life before")
	}
	eventually(t, func() bool { // the last task may be telling yet
		before := signs.Load()
		time.Sleep(1500 * time.Millisecond) // there is one each second
		return signs.Load() == before
	})
	close(disk.answers)
	<-ended
}

// The record of a run that left none has the tick that it was for.
func TestNoRecord(t *testing.T) {
	t.Parallel()
	environ := []string{fmt.Sprintf("SYSTEMD_EXEC_PID=%d", os.Getpid()), "INVOCATION_ID=" + testRunID, "TRIGGER_UNIT=p.timer"}
	at := time.Now().UTC().Truncate(time.Minute)
	once := Timer{Events: []calendar.Event{event(t, at.Format("2006-01-02 15:04:05"))}, Local: time.UTC, Triggered: at.Add(time.Millisecond)}
	forgotten, before := once, once
	forgotten.Trigger, forgotten.Began = time.Hour, time.Hour+time.Second
	before.Trigger, before.Began = time.Hour, 2*time.Hour
	for _, tt := range []struct {
		name    string
		environ []string
		timer   *Timer
		trigger montimer.Trigger
		tick    time.Time
	}{
		{"a tick", environ, &once, montimer.TriggerTimer, at},
		{"a tick, the timer is not known", environ, nil, montimer.TriggerTimer, time.Time{}},
		{"by hand", environ[:2], &once, montimer.TriggerManual, time.Time{}},
		{"by hand, long after a tick", environ[:2], &before, montimer.TriggerManual, time.Time{}},
		{"a tick that systemd has forgotten", environ[:2], &forgotten, montimer.TriggerTimer, at},
	} {
		run := Unrecorded(tt.environ, "p", "p.timer", tt.timer, "why")
		if run.ID != testRunID || run.State != montimer.RunLost || run.Trigger != tt.trigger || !run.Scheduled.Equal(tt.tick) || run.Reason != "why" {
			t.Errorf("%s: %+v", tt.name, run)
		}
	}
}

func TestRunID(t *testing.T) {
	t.Parallel()
	env := func(pid, id string) []string { return []string{"SYSTEMD_EXEC_PID=" + pid, "INVOCATION_ID=" + id} }
	if got := runID(env("42", testRunID), 42); got != testRunID {
		t.Errorf("main process of a service: %s", got)
	}
	for name, environ := range map[string][]string{
		"inherited":        env("41", testRunID),
		"not in a service": nil,
		"not an id":        env("42", "../../etc/passwd"),
		"too short":        env("42", "00"),
	} {
		a, b := runID(environ, 42), runID(environ, 42)
		if len(a) != 32 || a == b || a == testRunID {
			t.Errorf("%s: %s, %s", name, a, b)
		}
	}
}

// TestElsewhere: a host whose jobs another one runs does nothing, by the timer or by
// hand, and reports no lost run: the other host has done so.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	for _, trigger := range []montimer.Trigger{montimer.TriggerTimer, montimer.TriggerManual} {
		h := newHost(t, shell("touch ran"))
		h.kept.lost = montimer.Run{ID: "before", Profile: "p"}
		h.Alert = func(run montimer.Run) *montimer.Alert { return &montimer.Alert{RunID: run.ID} }
		h.Began = func(montimer.Profile, montimer.Run) { t.Error("a heartbeat began") }
		run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: trigger, Elsewhere: "they run on beta", Pause: "paused", Refused: "no env file"})
		if err != nil || run.State != montimer.RunSkipped || run.Skip != montimer.SkipElsewhere || run.Reason != "they run on beta" {
			t.Errorf("%s: %+v, %v", trigger, run, err)
		}
		if h.has("ran") || slices.ContainsFunc(h.kept.calls, func(c string) bool { return strings.HasPrefix(c, "lost") }) {
			t.Errorf("%s: ran %v, calls %q", trigger, h.has("ran"), h.kept.calls)
		}
		if len(h.kept.runs) != 1 {
			t.Errorf("%s: recorded %+v", trigger, h.kept.runs)
		}
	}
}
