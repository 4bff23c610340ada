package taskexec

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

func TestTickWaitsForARunByHand(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("true"))
	h.LockTimeout = time.Minute
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

// A tick that is stopped while it waits is in the history.
func TestTickStopsWaiting(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("touch ran"))
	h.LockTimeout = time.Minute
	release, err := lock(h.StateDir, "p", runLock)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h.Watch = func(Progress) { cancel() }
	run, err := h.Exec(ctx, Request{Profile: "p", Trigger: montimer.TriggerTimer})
	if err != nil || ExitCode(run, err) != 143 || run.Reason != "stopped while waiting for another run" {
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
		"cannot be found out": {func(m *memory) { m.fails = []string{"running"} }, "holder unknown: running without it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, shell("true"))
			h.LockTimeout = 100 * time.Millisecond
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

// Whoever holds the locks of a profile, its ticks are served, and report that.
func TestTickRunsWhoeverHoldsTheLocks(t *testing.T) {
	t.Parallel()
	for name, held := range map[string][]string{"the lock": {runLock}, "both": {runLock, secondLock}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, shell("touch ran"))
			h.LockTimeout = 100 * time.Millisecond
			for _, which := range held {
				release, err := lock(h.StateDir, "p", which)
				if err != nil {
					t.Fatal(err)
				}
				defer release()
			}
			run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer})
			want := "ran without the lock of the profile: a process that is not a run holds it; fuser -v " + h.StateDir + "/lock/p.lock names it"
			if err != nil || run.State != montimer.RunOK || run.Reason != want || h.kept.runs[0].Reason != want {
				t.Errorf("%v, %+v", err, run)
			}
			if _, err := os.Stat(filepath.Join(h.Checkout, "ran")); err != nil {
				t.Error(err)
			}
			if run, err := h.Exec(t.Context(), Request{Profile: "p"}); !errors.Is(err, ErrLocked) {
				t.Errorf("a run by hand: %v, %+v", err, run)
			}
		})
	}
}

// Where no lock can be had, ticks are served; a run by hand is told.
func TestNoLock(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("touch ran"))
	if err := os.WriteFile(filepath.Join(h.StateDir, "lock"), nil, 0o600); err != nil { // no directory
		t.Fatal(err)
	}
	if run, err := h.Exec(t.Context(), Request{Profile: "p"}); err == nil {
		t.Errorf("a run by hand: %+v", run)
	}
	run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer})
	if err != nil || run.State != montimer.RunOK || !strings.Contains(h.log.String(), "running without a lock: lock folder: ") {
		t.Errorf("%v, %+v: %s", err, run, h.log.String())
	}
}

// A lock that cannot be written to is one all the same.
func TestReadOnlyLock(t *testing.T) {
	t.Parallel()
	testenv.NeedRoot(t)
	dir := t.TempDir()
	if release, err := lock(dir, "p", runLock); err != nil {
		t.Fatal(err)
	} else {
		release()
	}
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		t.Skip(err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	release, err := lock(dir, "p", runLock)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(dir, "p", runLock); !errors.Is(err, ErrLocked) {
		t.Errorf("taken twice: %v", err)
	}
	release()
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
