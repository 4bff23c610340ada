package flock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestTake(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Take(path, Shared)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Take(path, Shared)
	if err != nil {
		t.Fatalf("two that share: %v", err)
	}
	second()
	second() // once more does nothing
	if _, err := Take(path, Exclusive); !errors.Is(err, ErrHeld) {
		t.Errorf("exclusive beside shared: %v", err)
	}
	first()
	release, err := Take(path, Exclusive)
	if err != nil {
		t.Fatalf("after both: %v", err)
	}
	release()
}

// What may stand in the place of a lock: no link is followed, and no FIFO makes
// anybody wait.
func TestTakeStrangeFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link, fifo := filepath.Join(dir, "link"), filepath.Join(dir, "fifo")
	if err := errors.Join(os.Symlink(filepath.Join(dir, "elsewhere"), link), unix.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := Take(link, Exclusive); !errors.Is(err, unix.ELOOP) {
		t.Errorf("a link: %v", err)
	}
	release, err := Take(fifo, Exclusive)
	if err != nil {
		t.Fatalf("a FIFO: %v", err)
	}
	release()
	if _, err := Take(dir, Exclusive); err != nil {
		t.Errorf("a directory can be locked as it is: %v", err)
	}
	if _, err := Take(filepath.Join(dir, "none", "lock"), Exclusive); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	release, err := Take(path, Exclusive)
	if err != nil {
		t.Fatal(err)
	}
	waits := 0
	if _, err := Wait(t.Context(), path, Exclusive, 250*time.Millisecond, func() { waits++ }); !errors.Is(err, ErrHeld) || waits != 1 {
		t.Errorf("held for longer than the time-out: %v, waiting was called %d times", err, waits)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Wait(ctx, path, Exclusive, time.Hour, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	next, err := Wait(t.Context(), path, Exclusive, time.Hour, release)
	if err != nil {
		t.Fatalf("released while it waits: %v", err)
	}
	next()
}

// A release that is called twice does not free a lock that was taken in between,
// whose file has the same descriptor.
func TestReleaseTwice(t *testing.T) {
	dir := t.TempDir()
	first, err := Take(filepath.Join(dir, "a"), Exclusive)
	if err != nil {
		t.Fatal(err)
	}
	first()
	path := filepath.Join(dir, "b")
	second, err := Take(path, Exclusive)
	if err != nil {
		t.Fatal(err)
	}
	defer second()
	first()
	if _, err := Take(path, Exclusive); !errors.Is(err, ErrHeld) {
		t.Errorf("the other lock is free: %v", err)
	}
}
