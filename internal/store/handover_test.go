package store

import (
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// TestInherit: what the old host left is dealt with once, in one transaction.
func TestInherit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	ctx := t.Context()
	done, running := timerRun("done", 0), timerRun("running", 1)
	for _, r := range []montimer.Run{done, running} {
		if _, err := s.Begin(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	done.State, done.Ended = montimer.RunFailed, done.Started.Add(time.Second)
	if err := s.Finish(ctx, done, &montimer.Alert{Kind: montimer.AlertFailure, Profile: "hourly", RunID: "done", Text: "it failed"}); err != nil {
		t.Fatal(err)
	}
	h := Handover{TakenOver, "beta", "b2", tick.Add(time.Hour)}
	for range 2 {
		if err := s.Inherit(ctx, h, Handover{StateOf, "alpha", "", tick}, "its host is gone", "set aside"); err != nil {
			t.Fatal(err)
		}
		found, err := s.Inherited(ctx, "its host is gone", "set aside")
		if err != nil || len(found.Running) != 1 || found.Running[0].ID != "running" || len(found.Alerts) != 1 || found.Alerts[0].Text != "it failed" || found.From.Host != "alpha" || !found.From.Since.Equal(tick) {
			t.Errorf("found %+v, %v", found, err)
		}
		if _, err := s.Handover(ctx, Handover{Reported, "beta", "b2", h.Since}, &montimer.Alert{Kind: montimer.AlertPage, Text: "the gap"}); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, query(t, s, "SELECT id, state, reason FROM montimer_runs ORDER BY seq"), []string{"done|failed|", "running|lost|its host is gone"})
	pending := func() (texts []string) {
		alerts, err := s.Pending(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range alerts {
			texts = append(texts, a.Text)
		}
		return texts
	}
	equal(t, pending(), []string{"the gap"})
	aside, err := s.Aside(ctx)
	if err != nil || len(aside) != 1 || aside[0].Text != "it failed" || aside[0].Error != "set aside" || !aside[0].NextTry.IsZero() {
		t.Fatalf("aside: %+v, %v", aside, err)
	}
	if p, err := Peek(ctx, "", s.path); err != nil || p.Handover != h || p.Host != "alpha" {
		t.Errorf("past: %+v, %v", p, err)
	}
	if err := s.Readmit(ctx); err != nil {
		t.Fatal(err)
	}
	equal(t, pending(), []string{"it failed", "the gap"})
}

// TestHandoverOnce: a refusal is reported once, and is no handover of the database.
func TestHandoverOnce(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	for i, test := range []struct {
		h     Handover
		first bool
	}{
		{Handover{Retired, "alpha", "a1", tick}, true},
		{Handover{Refused, "beta", "b2", tick}, true},
		{Handover{Refused, "beta", "b2", tick}, false},
		{Handover{Refused, "beta", "b2", tick.Add(time.Hour)}, true},
	} {
		alert := &montimer.Alert{Kind: montimer.AlertPage, Text: "page"}
		if first, err := s.Handover(t.Context(), test.h, alert); err != nil || first != test.first || (alert.ID != 0) != first {
			t.Errorf("%d: %v, %v, stored as %d", i, first, err, alert.ID)
		}
	}
	if p, err := Peek(t.Context(), "", s.path); err != nil || p.Handover.Kind != Retired {
		t.Errorf("past: %+v, %v", p, err)
	}
}

// TestPeek: skipped runs are no sign of life: a host that another one replaced
// records them too.
func TestPeek(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	sign := func(want time.Time) {
		t.Helper()
		if got, err := Peek(t.Context(), "", s.path); err != nil || !got.Sign.Equal(want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	sign(time.Time{})
	r, err := s.Begin(t.Context(), timerRun("a", 0))
	if err != nil {
		t.Fatal(err)
	}
	sign(r.Started.Truncate(time.Microsecond))
	r.State, r.Ended = montimer.RunOK, r.Started.Add(time.Minute)
	if err := s.Finish(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	sign(r.Ended.Truncate(time.Microsecond))
	if err := s.Skip(t.Context(), timerRun("b", 5)); err != nil {
		t.Fatal(err)
	}
	sign(r.Ended.Truncate(time.Microsecond))
}

// TestPeekOfTasks: a database that only tasks have used says nothing.
func TestPeekOfTasks(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	for _, table := range []string{"montimer_task_runs", "montimer_runs", "montimer_handovers"} {
		if _, err := s.db.ExecContext(t.Context(), "DROP TABLE "+table); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := Peek(t.Context(), "", s.path); err != nil || p != (Past{}) {
		t.Errorf("past: %+v, %v", p, err)
	}
}
