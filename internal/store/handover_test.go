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
	reports := 0
	report := func(found Inherited) *montimer.Alert {
		reports++
		if len(found.Running) != 1 || found.Running[0].ID != "running" || len(found.Alerts) != 1 || found.Alerts[0].Text != "it failed" {
			t.Errorf("found %+v", found)
		}
		return &montimer.Alert{Kind: montimer.AlertPage, Text: "the gap"}
	}
	for i, want := range []bool{true, false} {
		if i > 0 {
			report = func(Inherited) *montimer.Alert { return &montimer.Alert{Kind: montimer.AlertPage, Text: "again"} }
		}
		if first, err := s.Inherit(ctx, h, "its host is gone", "set aside", report); err != nil || first != want {
			t.Fatalf("Inherit %d: %v, %v", i, first, err)
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
	if last, err := s.LastHandover(ctx); err != nil || last != h {
		t.Errorf("last handover: %+v, %v", last, err)
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
	if last, err := s.LastHandover(t.Context()); err != nil || last.Kind != Retired {
		t.Errorf("last handover: %+v, %v", last, err)
	}
}

// TestLastSign: skipped runs are no sign of life: a host that another one replaced
// records them too.
func TestLastSign(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	sign := func(want time.Time) {
		t.Helper()
		if got, err := s.LastSign(t.Context()); err != nil || !got.Equal(want) {
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
