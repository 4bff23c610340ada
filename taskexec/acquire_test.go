package taskexec

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

func TestTickWaitsForARunByHand(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("true"))
	h.Patience = time.Minute
	release, err := lock(h.StateDir, "p", runLock)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	h.Watch = func(p Progress) {
		if seen = append(seen, p.String()); len(seen) == 1 {
			release()
		}
	}
	run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer})
	if err != nil || run.State != montimer.RunOK {
		t.Errorf("%v, %+v", err, run)
	}
	if len(seen) == 0 || seen[0] != "waiting for another run" {
		t.Errorf("watched %q", seen)
	}
}

// A tick that is told to stop while it waits is in the history.
func TestTickStopsWaiting(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("touch ran"))
	h.Patience = time.Minute
	release, err := lock(h.StateDir, "p", runLock)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h.Watch = func(Progress) { cancel() }
	run, err := h.Exec(ctx, Request{Profile: "p", Trigger: montimer.TriggerTimer})
	if err != nil || ExitCode(run, err) != 143 || run.Reason != "told to stop while waiting for another run" {
		t.Errorf("%v, %+v", err, run)
	}
	if len(h.kept.runs) != 1 || h.kept.runs[0].State != montimer.RunInterrupted {
		t.Errorf("kept %+v", h.kept.runs)
	}
}

func TestTickRunsBesideARunByHandThatHangs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*memory)
		log    string
	}{
		"a run by hand":       {func(m *memory) { m.running = montimer.Run{ID: "byhand", Trigger: montimer.TriggerManual} }, "run byhand (manual, since"},
		"cannot be found out": {func(m *memory) { m.fails = []string{"running"} }, "by whom cannot be found out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, shell("true"))
			h.Patience = 100 * time.Millisecond
			tt.change(h.kept)
			release, err := lock(h.StateDir, "p", runLock)
			if err != nil {
				t.Fatal(err)
			}
			defer release()
			run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer})
			if err != nil || run.State != montimer.RunOK || !strings.Contains(h.log.String(), tt.log) {
				t.Errorf("%v, %+v\n%s", err, run, h.log.String())
			}
		})
	}
}

func TestHeldByNobody(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("touch ran"))
	h.Patience = 100 * time.Millisecond
	release, err := lock(h.StateDir, "p", runLock)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer})
	if err == nil || errors.Is(err, ErrLocked) || ExitCode(run, err) != 1 || !strings.Contains(err.Error(), "no run is under way") {
		t.Errorf("%v", err)
	}
}

func TestToldToStopWhileWaiting(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("touch ran"))
	release, err := lock(h.StateDir, "p", runLock)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	ctx, stop := context.WithCancel(ctx)
	time.AfterFunc(50*time.Millisecond, stop)
	if run, err := h.Exec(ctx, Request{Profile: "p", Trigger: montimer.TriggerTimer}); ExitCode(run, err) != 143 {
		t.Errorf("%v", err)
	}
}
