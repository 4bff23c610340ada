package taskexec

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// stalled is a reader that stands still until it is let go.
type stalled struct {
	lockedBuffer
	free chan struct{}
}

func (s *stalled) Write(p []byte) (int, error) {
	<-s.free
	return s.lockedBuffer.Write(p)
}

// Nobody reads what a run says, neither its tasks' output nor its log: time
// limits end tasks, the next task runs, the results and tails are right, and
// what was left out is counted once somebody reads again.
func TestReaderStandsStill(t *testing.T) {
	t.Parallel()
	flood := shell("yes 'a line of 20 letters'")
	flood.Timeout = 4 * time.Second // beyond readerTimeout
	h := newHost(t, flood, shell("yes | head -c 50000000; echo the end; exit 3"), shell("touch ran"))
	reader := &stalled{free: make(chan struct{})}
	h.Sink = NewTextSink(reader, false)
	h.MaxOutput = -1
	h.Outlet = NewOutlet()
	h.Log = slog.New(h.Outlet.Handler(slog.NewTextHandler(reader, nil)))

	run := h.exec(t) // would not come back
	if h.Outlet.size > 4*outletRoom {
		t.Errorf("%d bytes wait", h.Outlet.size)
	}
	for i, want := range []montimer.TaskStatus{montimer.TaskTimeout, montimer.TaskFailed, montimer.TaskOK} {
		if got := run.Tasks[i].Status; got != want {
			t.Errorf("%s: %s, want %s", run.Tasks[i].Name, got, want)
		}
	}
	if got := run.Tasks[1]; got.Tail() != "y\ny\ny\nthe end" || got.LeftOut < 40_000_000 || got.ExitCode != 3 {
		t.Errorf("tail %q, %d bytes left out", got.Tail(), got.LeftOut)
	}
	h.Outlet.Close(time.Millisecond) // does not wait for it
	close(reader.free)
	<-h.Outlet.done
	for _, want := range []string{"task t1: ", "task t2: ", " left out, since the reader was stuck", "failed: 3 tasks, 2 failed"} {
		if !strings.Contains(reader.String(), want) {
			t.Errorf("does not say %q", want)
		}
	}
}

// A run that is stopped stops its task although the reader is stuck.
func TestStopWhileReaderStandsStill(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("touch began; exec yes"), shell("true"))
	h.Sink = NewTextSink(&stalled{free: make(chan struct{})}, false)
	h.Outlet = NewOutlet()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(h.Checkout, "began")); err == nil {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	run, err := h.Exec(ctx, Request{Profile: "p"})
	if err != nil || run.State != montimer.RunInterrupted || run.Tasks[0].Status != montimer.TaskInterrupted || run.Tasks[1].Status != montimer.TaskNotRun {
		t.Errorf("%+v, %v", run, err)
	}
}

// A reader that is slow gets everything: the task waits for it.
func TestSlowReaderGetsAll(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("seq 300000"))
	var got bytes.Buffer
	h.Sink = slow{NewTextSink(&got, false)}
	run := h.exec(t)
	if run.Tasks[0].LeftOut != 0 {
		t.Errorf("%d bytes left out", run.Tasks[0].LeftOut)
	}
	if n := bytes.Count(got.Bytes(), []byte("\n")); n != 300000 || !strings.HasSuffix(got.String(), "t1: 300000\n") {
		t.Errorf("%d lines", n)
	}
}

type slow struct{ Sink }

func (s slow) Lines(task string, lines []Line) {
	time.Sleep(time.Millisecond)
	s.Sink.Lines(task, lines)
}

// Beyond its allowance the output of a task is left out and counted, all
// attempts together; the tail is that of the end.
func TestMaxOutput(t *testing.T) {
	t.Parallel()
	task := shell("seq 1000 1999; echo the end; exit 1") // 5000 bytes and 8
	task.Retries = 1
	h := newHost(t, task, shell("echo another"))
	h.MaxOutput = 6000
	run := h.exec(t)
	first := run.Tasks[0]
	passed := int64(strings.Count(h.out.String(), "t1: ")*5 + len("the end\n") - 5)
	if passed > 6000 || passed < 5000 || first.LeftOut != 2*5008-passed {
		t.Errorf("%d bytes passed on, %d left out", passed, first.LeftOut)
	}
	if first.Tail() != "1997\n1998\n1999\nthe end" {
		t.Errorf("tail %q", first.Tail())
	}
	if want := fmt.Sprintf("(%d bytes) left out: its output is more than 6000 bytes", first.LeftOut); !strings.Contains(h.log.String(), want) {
		t.Errorf("the log does not say %q: %s", want, h.log.String())
	}
	if !strings.Contains(h.out.String(), "t2: another") || run.Tasks[1].LeftOut != 0 {
		t.Error("another task has lost its output")
	}
}

// Messages that find no room are counted.
func TestMissedMessages(t *testing.T) {
	t.Parallel()
	reader := &stalled{free: make(chan struct{})}
	o := NewOutlet()
	log := slog.New(o.Handler(slog.NewTextHandler(reader, nil)))
	long := strings.Repeat("x", outletRoom)
	for range 10 {
		log.Info(long)
	}
	close(reader.free)
	o.mu.Lock()
	missed := o.missed
	o.mu.Unlock()
	if missed == 0 {
		t.Fatal("none was missed")
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if log.Info("again"); strings.Contains(reader.String(), "messages left out") {
			break
		} else if time.Now().After(deadline) {
			t.Fatal("no message says so")
		}
	}
	o.Close(time.Minute)
}

// What is written to an outlet arrives whole and in order.
func TestOutletWriter(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	o := NewOutlet()
	w := o.Writer(&got)
	var want strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&want, "%d\n", i)
		if _, err := fmt.Fprintf(w, "%d\n", i); err != nil {
			t.Fatal(err)
		}
	}
	o.Close(time.Minute)
	if got.String() != want.String() {
		t.Errorf("%d bytes, want %d", got.Len(), want.Len())
	}
}
