package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// enqueue stores alerts of these texts.
func enqueue(t testing.TB, s *Store, texts ...string) []montimer.Alert {
	t.Helper()
	var alerts []montimer.Alert
	for n, text := range texts {
		a := montimer.Alert{Kind: montimer.AlertPage, Text: text, Created: tick.Add(time.Duration(n) * time.Second)}
		if err := s.Enqueue(t.Context(), &a); err != nil {
			t.Fatal(err)
		}
		alerts = append(alerts, a)
	}
	return alerts
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	ctx := t.Context()
	a := enqueue(t, s, "sent", "failed", "later", "debug", "kept", "folded", "folded too", "pruned")
	a[4].Text = "kept, and 2 like it"
	retry := func(a montimer.Alert, after, waited time.Duration, status int, text string) error {
		a.NextTry, a.Waited, a.Status, a.Error = tick.Add(after), waited, status, text
		return s.Retry(ctx, a)
	}
	err := errors.Join(
		retry(a[0], time.Minute, time.Minute, 429, "too many"),
		s.Shorten(ctx, a[0], "t"),
		s.Shorten(ctx, a[2], "er"),
		s.Delivered(ctx, a[0], "[test] ", tick.Add(time.Hour)),
		s.Drop(ctx, a[1], montimer.DeliveryFailed, "403: kicked"),
		retry(a[2], time.Hour, time.Minute, 502, "bad gateway"),
		retry(a[2], 2*time.Hour, 3*time.Minute, 503, "unavailable"),
		s.Drop(ctx, a[3], montimer.SkippedDebug, ""),
		s.Fold(ctx, a[4], a[5:7]),
		s.Delivered(ctx, a[0], "[test] ", tick.Add(time.Hour)), // once more: nothing happens
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec("DELETE FROM alert_events WHERE id = 8"); err != nil {
		t.Fatal(err)
	}
	equal(t, query(t, s, "SELECT id, message, plain_text, delivery_status, delivered_at, delivery_error FROM alert_events"), []string{
		"1|[test] sent|0|delivered|2026-11-30T09:00:00.000000Z|NULL",
		"2|failed|0|failed|NULL|403: kicked",
		"3|later|0|generated|NULL|NULL",
		"4|debug|0|skipped_debug|NULL|NULL",
		"5|kept, and 2 like it|0|generated|NULL|NULL",
		"6|folded|0|not_attempted|NULL|NULL",
		"7|folded too|0|not_attempted|NULL|NULL",
	})
	a[2].Text = "er"
	a[2].Attempts, a[2].Waited, a[2].Status, a[2].Error, a[2].NextTry = 2, 3*time.Minute, 503, "unavailable", tick.Add(2*time.Hour)
	pending, err := s.Pending(ctx)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, pending, []montimer.Alert{a[2], a[4], a[7]})
	if err := s.Delivered(ctx, a[7], "[test] ", tick); err != nil {
		t.Errorf("an alert whose row was pruned: %v", err)
	}
	if again := enqueue(t, s, "new"); again[0].ID <= a[7].ID {
		t.Errorf("id %d is used twice", again[0].ID)
	}
}

func TestBeginSending(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, other := open(t, dir, Options{}), open(t, dir, Options{})
	release, ok, err := s.BeginSending(t.Context())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, ok, err := other.BeginSending(t.Context()); ok || err != nil {
		t.Errorf("two send at once: %t, %v", ok, err)
	}
	release()
	release, ok, err = other.BeginSending(t.Context())
	if err != nil || !ok {
		t.Fatalf("not released: %t, %v", ok, err)
	}
	release()
}

// TestLease holds that the right to send ends with the process that has the lock,
// and for one without the lock after a while; that a lease which nobody can have
// been given is none; and that a lock that cannot be had is no reason not to send.
func TestLease(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	now := Now()
	set := func(hasLock bool, boot string, until time.Duration) {
		t.Helper()
		if _, err := s.db.Exec("INSERT OR REPLACE INTO montimer_sender VALUES (1, 'other', ?, ?, ?)", hasLock, boot, int64(until)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name    string
		hasLock bool
		boot    string
		until   time.Duration
		want    bool
	}{
		{"of a process that had the lock, which is free", true, now.Boot, now.Since + leaseTime/2, true},
		{"without the lock", false, now.Boot, now.Since + leaseTime/2, false},
		{"over", false, now.Boot, now.Since - 1, true},
		{"of another boot", false, "other", now.Since + leaseTime/2, true},
		{"no end", false, now.Boot, now.Since + 1000*time.Hour, true},
	} {
		set(tt.hasLock, tt.boot, tt.until)
		release, ok, err := s.BeginSending(t.Context())
		if ok != tt.want || err != nil {
			t.Errorf("%s: %t, %v", tt.name, ok, err)
		}
		if ok {
			release()
		}
	}
	if _, err := s.db.Exec("DELETE FROM montimer_sender"); err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(dir, "outbox.lock")
	if err := errors.Join(os.Remove(lock), os.Symlink("/nowhere", lock)); err != nil {
		t.Fatal(err)
	}
	release, ok, err := s.BeginSending(t.Context())
	if !ok || err == nil || !strings.Contains(err.Error(), "alerts are sent without the lock") {
		t.Fatalf("a link in place of the lock: %t, %v", ok, err)
	}
	if _, ok, _ := s.BeginSending(t.Context()); ok {
		t.Error("two send without the lock")
	}
	release()
	equal(t, query(t, s, "SELECT count(*) FROM montimer_sender"), []string{"0"})
}

// TestHeldIsReported holds that a run with an alert that waits for a route
// counts as reported, since it will be, and one with a dropped alert does not.
func TestHeldIsReported(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	ctx := t.Context()
	run := montimer.Run{ID: "r", Profile: "p", Trigger: montimer.TriggerTimer, Started: tick, Ended: tick, State: montimer.RunFailed}
	alert := &montimer.Alert{Kind: montimer.AlertFailure, Profile: "p", RunID: "r", Text: "text"}
	if err := s.Finish(ctx, run, alert); err != nil {
		t.Fatal(err)
	}
	if err := s.Hold(ctx, []montimer.Alert{*alert}, montimer.SkippedCredentials); err != nil {
		t.Fatal(err)
	}
	if i, err := s.Incident(ctx, "p"); err != nil || i.Reported.ID != "r" {
		t.Errorf("held: %+v, %v", i.Reported, err)
	}
	if err := s.Drop(ctx, *alert, montimer.SkippedCredentials, ""); err != nil {
		t.Fatal(err)
	}
	if i, err := s.Incident(ctx, "p"); err != nil || i.Reported.ID != "" || i.Count != 1 {
		t.Errorf("given up: %+v, %v", i, err)
	}
}

func TestChats(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	for _, move := range [][2]string{{"-1", "-2"}, {"-5", "-6"}, {"-2", "-3"}, {"-3", "-1"}, {"-4", "-4"}} {
		if err := s.ChatMoved(t.Context(), move[0], move[1]); err != nil {
			t.Fatal(err)
		}
	}
	chats, err := s.Chats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, chats, map[string]string{"-2": "-1", "-3": "-1", "-5": "-6"})
}

func TestTimes(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 3600)
	for _, test := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 11, 30, 9, 0, 0, 0, zone), "2026-11-30T08:00:00.000000Z"},
		{time.Date(2026, 11, 30, 9, 0, 0, 999_999_999, zone), "2026-11-30T08:00:00.999999Z"},
		{time.Date(987, 1, 2, 3, 4, 5, 6000, time.UTC), "0987-01-02T03:04:05.000006Z"},
	} {
		got := formatTime(test.at)
		if got != test.want || len(got) != 27 {
			t.Errorf("%v is %s, want %s", test.at, got, test.want)
		}
		if back, err := parseTime(got); err != nil || !back.Equal(test.at.Truncate(time.Microsecond)) {
			t.Errorf("%s reads as %v, %v", got, back, err)
		}
	}
	if at, err := parseTime("2026-11-30T08:00:00Z"); err != nil || !at.Equal(tick) {
		t.Errorf("whole seconds: %v, %v", at, err)
	}
	for _, other := range []string{"2026-11-30 08:00:00", "2026-11-30T09:00:00+01:00", "2026-11-30 08:00:00.0", "2026-11-30 08:00:00+00:00"} {
		if at, err := parseTime(other); err != nil || !at.Equal(tick) {
			t.Errorf("%s: %v, %v", other, at, err)
		}
	}
	for _, bad := range []string{"", "2026-11-30", "08:00", "x"} {
		if _, err := parseTime(bad); err == nil {
			t.Errorf("%q is taken for a time", bad)
		}
	}
}

// A forged alert of megabytes is not sent in thousands of messages, for which all
// others would wait.
func TestAlertsOfMegabytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	whole := strings.Repeat("é", longestAlert/2)
	for _, text := range []string{whole, "a\x00b"} {
		if err := s.Enqueue(t.Context(), &montimer.Alert{Kind: montimer.AlertPage, Profile: "p", Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, dir, `
		INSERT INTO montimer_outbox (event_id, kind, profile, run_id, incident, is_first, message, plain_text, created_at, next_try_at, attempts, error)
		SELECT 1, x, x, x, x, 1, x, 0, x, x, 0, x FROM (SELECT hex(zeroblob(2000000)) AS x)`)
	pending, err := s.Pending(t.Context())
	if err != nil || len(pending) != 3 || pending[0].Text != whole || pending[1].Text != "a\x00b" {
		t.Fatalf("%d pending, %v", len(pending), err)
	}
	forged := pending[2]
	if want := fmt.Sprintf("0\n… and %d bytes more: the row 3 of montimer_outbox is longer than any that montimer writes", 4000000-longestAlert/4); len(forged.Text) > longestAlert || !strings.HasSuffix(forged.Text, want) {
		t.Errorf("a text of %d bytes that ends %q", len(forged.Text), forged.Text[len(forged.Text)-200:])
	}
	for _, word := range []string{string(forged.Kind), forged.Profile, forged.RunID, forged.Incident, forged.Error} {
		if len(word) > longestWord {
			t.Errorf("a word of %d bytes", len(word))
		}
	}
}

// Nobody's trigger in the shared database takes alerts away: those that are
// there are removed as the database is opened, and with one that is made later
// the alert counts as not stored, so that it is sent from memory.
func TestTriggersThatRemoveAlerts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	execute(t, dir, `
		CREATE TRIGGER "a ""b" AFTER INSERT ON montimer_outbox BEGIN DELETE FROM montimer_outbox; END;
		CREATE TRIGGER c AFTER INSERT ON alert_events BEGIN UPDATE montimer_runs SET state = 'ok'; END;
		CREATE TRIGGER theirs AFTER INSERT ON alert_events BEGIN UPDATE alert_events SET silent = 1 WHERE id = -1; END`)
	alert := &montimer.Alert{Kind: montimer.AlertPage, Profile: "p", Text: "m"}
	if err := s.Enqueue(t.Context(), alert); err == nil || !strings.Contains(err.Error(), "a trigger in the database removes alerts") || alert.ID != 0 {
		t.Errorf("%v, id %d", err, alert.ID)
	}
	s = open(t, dir, Options{})
	if err := s.Enqueue(t.Context(), alert); err != nil {
		t.Error(err)
	}
	if pending, err := s.Pending(t.Context()); err != nil || len(pending) != 1 {
		t.Errorf("%+v, %v", pending, err)
	}
	var left string
	if err := s.db.QueryRow("SELECT group_concat(name) FROM sqlite_master WHERE type = 'trigger'").Scan(&left); err != nil || left != "theirs" {
		t.Errorf("left: %q, %v", left, err)
	}
}
