package host

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "compile.lock")
	told := 0
	waiting := func() { told++ }
	unlock, err := lock(t.Context(), path, time.Hour, waiting)
	if err != nil || told != 0 {
		t.Fatalf("a free lock: %v, waiting was called %d times", err, told)
	}

	_, err = lock(t.Context(), path, 250*time.Millisecond, waiting)
	if !errors.Is(err, ErrCompiling) || !strings.Contains(err.Error(), "fuser -v "+path) || told != 1 {
		t.Errorf("without time-out: %v, waiting was called %d times", err, told)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := lock(ctx, path, time.Hour, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped while it waits: %v", err)
	}
	next, err := lock(t.Context(), path, time.Hour, func() { time.AfterFunc(50*time.Millisecond, unlock) })
	if err != nil {
		t.Fatalf("after the other has ended: %v", err)
	}
	next()
}
