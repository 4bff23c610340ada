package store

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// TestReport holds that each period is reported once, whoever tries, and that a
// clock that was wrong silences nothing.
func TestReport(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	day := func(n int) time.Time { return time.Date(2026, 5, n, 8, 0, 0, 0, time.UTC) }
	if until, err := s.Reported(t.Context()); err != nil || !until.IsZero() {
		t.Fatalf("%v, %v", until, err)
	}
	for _, tt := range []struct {
		until, now time.Time
		want       bool
	}{
		{day(2), day(2), true},
		{day(2), day(2).Add(time.Hour), false},
		{day(1), day(2).Add(time.Hour), false},
		{day(3), day(3), true},
		{day(20), day(20), true}, // the clock is wrong
		{day(4), day(4), true},
		{day(4), day(4), false},
	} {
		ok, err := s.Report(t.Context(), &montimer.Alert{Kind: montimer.AlertReport, Text: "a report"}, tt.until, tt.now)
		until, readErr := s.Reported(t.Context())
		if ok != tt.want || err != nil || readErr != nil || ok && !until.Equal(tt.until) {
			t.Errorf("until %v at %v: %t, %v; reported until %v, %v", tt.until, tt.now, ok, err, until, readErr)
		}
	}
	pending, err := s.Pending(t.Context())
	if err != nil || len(pending) != 4 || slices.ContainsFunc(pending, func(a montimer.Alert) bool { return a.Kind != montimer.AlertReport || a.Text != "a report" }) {
		t.Errorf("%+v, %v", pending, err)
	}
}

func TestReportAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir, Options{})
	at := time.Date(2026, 5, 2, 8, 0, 0, 0, time.UTC)
	var stored atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := Open(context.Background(), dir, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			ok, err := s.Report(context.Background(), &montimer.Alert{Kind: montimer.AlertReport}, at, at)
			if err != nil {
				t.Error(err)
			}
			if ok {
				stored.Add(1)
			}
		})
	}
	all.Wait()
	if stored.Load() != 1 {
		t.Errorf("stored %d times", stored.Load())
	}
}
