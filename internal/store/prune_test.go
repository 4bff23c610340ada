package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// TestPruneAlerts removes what is older, in several transactions, and nothing that still
// waits to be sent or was set aside.
func TestPruneAlerts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	limit := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	insert := func(at string, n int) {
		t.Helper()
		for range n {
			if _, err := s.db.Exec("INSERT INTO alert_events (created_at, source, protocol, message) VALUES (?, 's', 'p', 'm')", at); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := s.db.Exec("BEGIN"); err != nil {
		t.Fatal(err)
	}
	insert("2026-03-01T11:59:59.999999Z", 2*pruneBatch)
	insert("2026-02-28T11:59:59Z", 3)
	insert("2026-03-01T12:00:00.000000Z", 2)
	if _, err := s.db.Exec("INSERT INTO monitor_state VALUES ('n', 'k', 'v', '2020-01-01T00:00:00.000000Z'); COMMIT"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Enqueue(t.Context(), &montimer.Alert{Text: "waits"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.db.Exec("UPDATE alert_events SET created_at = '2020-01-01T00:00:00.000000Z' WHERE id IN (SELECT event_id FROM montimer_outbox); UPDATE montimer_outbox SET aside = 1 WHERE id = (SELECT max(id) FROM montimer_outbox)"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{2*pruneBatch + 3, 0} {
		if removed, err := s.PruneAlerts(t.Context(), limit); err != nil || removed != want {
			t.Fatal(removed, err)
		}
	}
	equal(t, query(t, s, "SELECT count(*), (SELECT count(*) FROM montimer_outbox), (SELECT count(*) FROM monitor_state) FROM alert_events"), []string{"4|2|1"})
	pending, err := s.Pending(t.Context())
	if err != nil || fmt.Sprint(len(pending)) != "1" {
		t.Error(pending, err)
	}
}

// TestLitestream: its tables are no problem to any command of the database, and it finds
// them again after a restore.
func TestLitestream(t *testing.T) {
	t.Parallel()
	dir := filled(t, "x")
	s := open(t, dir, Options{})
	if _, err := s.db.Exec("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER); CREATE TABLE _litestream_lock (id INTEGER); INSERT INTO _litestream_seq VALUES (1, 7)"); err != nil {
		t.Fatal(err)
	}
	healthy := func() {
		t.Helper()
		if problems, err := Check(t.Context(), "", dir); err != nil || problems != nil {
			t.Error(problems, err)
		}
		if done, err := Repair(t.Context(), "", dir); err != nil || done != nil {
			t.Error(done, err)
		}
		if err := s.Init(t.Context()); err != nil {
			t.Error(err)
		}
		equal(t, query(t, s, "SELECT seq FROM _litestream_seq"), []string{"7"})
	}
	healthy()
	copied := copyOf(t, dir)
	if _, err := s.db.Exec("DROP TABLE _litestream_seq"); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), "", dir, copied+"/"+FileName, "beside"); err != nil {
		t.Fatal(err)
	}
	healthy()
}
