package gitsync

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/flock"
)

// TestTasksKeepTheirTree has a run of another profile under way at each sync.
func TestTasksKeepTheirTree(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	release, err := s.syncer.Hold(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if o := s.sync(); o.String() != "already up to date" {
		t.Errorf("nothing new: %v", o)
	}
	commit := s.push("jobs.yaml", "two\n")
	started := time.Now()
	if o := s.syncer.Run(ctx); !o.PutOff || len(o.Pages) > 0 || o.String() != "put off: tasks are using the checkout" {
		t.Errorf("%+v", o)
	}
	if took := time.Since(started); took < s.syncer.Wait {
		t.Errorf("waited only %v", took)
	}
	s.has("jobs.yaml", "one\n")

	state := ReadState(s.state)
	if state.Behind.IsZero() {
		t.Fatal("not known to be behind")
	}
	state.Behind = time.Now().Add(-maxBehind - time.Second)
	if err := state.write(s.state); err != nil {
		t.Fatal(err)
	}
	o := s.syncer.Run(ctx)
	if !o.Forced || o.New != commit || len(o.Pages) > 0 || !strings.Contains(o.String(), "although tasks") {
		t.Errorf("after an hour: %+v", o)
	}
	s.has("jobs.yaml", "two\n")
	if state := ReadState(s.state); !state.Behind.IsZero() {
		t.Errorf("still behind: %+v", state)
	}
	release()
	if o := s.sync(); o.Forced {
		t.Error("forced without need")
	}
}

func TestWaits(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	release, err := s.syncer.Hold(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.syncer.Wait = time.Minute
	commit := s.push("jobs.yaml", "two\n")
	time.AfterFunc(200*time.Millisecond, release)
	if o := s.sync(); o.New != commit || o.Forced {
		t.Errorf("%+v", o)
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	dir, ctx := t.TempDir(), context.Background()
	s := Syncer{StateDir: dir, Log: slog.New(slog.DiscardHandler)}
	one, err := s.Hold(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.Hold(ctx, 0)
	if err != nil {
		t.Fatalf("tasks of two profiles: %v", err)
	}
	if _, err := s.lock(ctx, checkoutLock(dir), flock.Exclusive, 0, inUse); !errors.Is(err, flock.ErrHeld) {
		t.Errorf("exclusive with shared: %v", err)
	}
	one()
	two()
	sync, err := s.lock(ctx, checkoutLock(dir), flock.Exclusive, 0, inUse)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Hold(ctx, 10*time.Millisecond); !errors.Is(err, flock.ErrHeld) {
		t.Errorf("tasks during a sync: %v", err)
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Hold(stopped, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	sync()
	s.StateDir += "/none"
	if _, err := s.Hold(ctx, 0); err == nil {
		t.Error("locked nothing")
	}
}

// A process that holds the lock of the checkout, and perhaps that of syncs, but
// is no sync at work does not keep tasks waiting for as long as they wait for a
// sync, and the next run does not wait as long again.
func TestLockThatNoSyncHolds(t *testing.T) {
	t.Parallel()
	for _, also := range []bool{false, true} {
		s := Syncer{StateDir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
		s.Sync.Timeout = time.Millisecond
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		path := checkoutLock(s.StateDir)
		release, err := s.lock(ctx, path, flock.Exclusive, 0, inUse)
		if err != nil {
			t.Fatal(err)
		}
		if also {
			stopped, err := s.lock(ctx, syncLock(s.StateDir), flock.Exclusive, 0, inUse)
			if err != nil {
				t.Fatal(err)
			}
			defer stopped()
		}
		if _, err := s.Hold(ctx, time.Hour); !errors.Is(err, ErrNoSync) {
			t.Errorf("both locks %v: %v", also, err)
		}
		s.Sync.Timeout = time.Hour
		if _, err := s.Hold(ctx, time.Hour); !errors.Is(err, ErrNoSync) {
			t.Errorf("both locks %v, the next run: %v", also, err)
		}
		release()
		free, err := s.Hold(ctx, time.Hour)
		if err != nil || isContended(path) {
			t.Errorf("both locks %v, released: %v, contended %v", also, err, isContended(path))
		}
		free()
	}
}

func TestSyncAtWorkIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := Syncer{StateDir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
	s.Sync.Timeout = time.Millisecond
	for _, path := range []string{checkoutLock(s.StateDir), syncLock(s.StateDir)} {
		release, err := s.lock(context.Background(), path, flock.Exclusive, 0, inUse)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
	}
	defer s.alive()()
	if _, err := s.Hold(context.Background(), 3*grace); !errors.Is(err, flock.ErrHeld) {
		t.Error(err)
	}
}

// A process that holds both locks and gives the life signs of a sync delays a run
// as long as a sync and the commands after it may take, and no longer. Commands
// that the sync has just brought count, too.
func TestForgedSync(t *testing.T) {
	t.Parallel()
	s := Syncer{StateDir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
	s.Sync.Timeout = time.Millisecond
	reads := 0
	s.OnChange = func(context.Context) (commands []montimer.OnChange, err error) {
		if reads++; reads == 2 {
			commands = []montimer.OnChange{{Timeout: time.Millisecond}}
		}
		return commands, nil
	}
	for _, path := range []string{checkoutLock(s.StateDir), syncLock(s.StateDir)} {
		release, err := s.lock(context.Background(), path, flock.Exclusive, 0, inUse)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
	}
	defer s.alive()()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	began := time.Now()
	if _, err := s.Hold(ctx, time.Hour); !errors.Is(err, flock.ErrHeld) {
		t.Error(err)
	}
	if waited := time.Since(began); reads != 3 || waited < 3*grace {
		t.Errorf("waited %v, read jobs.yaml %d times", waited, reads)
	}
}
