package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/montimer/montimer"
)

// Enqueue puts an alert that belongs to no run in the database into the outbox.
// It sets what Finish sets.
func (s *Store) Enqueue(ctx context.Context, alert *montimer.Alert) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error { return insertAlert(ctx, tx, alert) })
	return s.explain("store an alert", err)
}

// insertAlert stores an alert where readers of alert_events see it, and in the
// outbox. The entry has its own copy of the text: others prune alert_events.
func insertAlert(ctx context.Context, tx *sql.Tx, a *montimer.Alert) error {
	if a.Created.IsZero() {
		a.Created = time.Now()
	}
	if a.NextTry.IsZero() {
		a.NextTry = a.Created
	}
	err := tx.QueryRowContext(ctx, `
		INSERT INTO alert_events
			(created_at, source, protocol, channel, severity, message, plain_text, silent, delivery_status, metadata_json)
		VALUES (?, 'automation_digest', 'automation', 'automation', NULL, ?, ?, 0, ?, '{}')
		RETURNING id`,
		formatTime(a.Created), utf8(a.Text), a.Plain, montimer.Generated).Scan(&a.EventID)
	if err != nil {
		return err
	}
	err = tx.QueryRowContext(ctx, `
		INSERT INTO montimer_outbox
			(event_id, kind, profile, run_id, incident, is_first, message, plain_text, created_at, next_try_at, attempts, status, error)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		RETURNING id`,
		a.EventID, a.Kind, a.Profile, a.RunID, a.Incident, a.First, utf8(a.Text), a.Plain,
		formatTime(a.Created), formatTime(a.NextTry), a.Attempts, a.Status, a.Error).Scan(&a.ID)
	if err != nil {
		return err
	}
	return checkStored(ctx, tx, a)
}

// checkStored returns an error if a trigger has removed an alert, which then has
// no ID.
func checkStored(ctx context.Context, tx *sql.Tx, a *montimer.Alert) error {
	var there bool
	err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM montimer_outbox WHERE id = ?)", a.ID).Scan(&there)
	if err == nil && !there {
		a.ID = 0
		err = errors.New("a trigger in the database removes alerts as they are stored")
	}
	return err
}

// utf8 makes a text valid UTF-8: else Python's sqlite3 raises an error for the
// whole row.
func utf8(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// The most bytes that are read of a text in the outbox: a digest has fewer than
// 50,000. A longer one, of thousands of messages, would hold up all others.
const (
	longestAlert = 256 << 10
	longestWord  = 4 << 10
)

// upTo is a text column for a SELECT, cut at a number of bytes.
func upTo(bytes int, column string) string {
	return fmt.Sprintf("CASE WHEN octet_length(%[2]s) <= %[1]d THEN CAST(%[2]s AS TEXT) ELSE substr(CAST(%[2]s AS TEXT), 1, %[1]d / 4) END, ", bytes, column)
}

func word(column string) string { return upTo(longestWord, column) }

// Pending returns the unsent alerts, oldest first. A damaged row, or one that
// montimer did not write, is returned as far as it can be read: without a
// creation time (see [montimer.Alert]), or with the first longestAlert bytes of
// its text.
//
// What is noted as sent is not pending: see Delivered. Nor is what a takeover has set
// aside: see Aside.
func (s *Store) Pending(ctx context.Context) ([]montimer.Alert, error) {
	rows, err := s.outbox(ctx, "WHERE NOT "+isAside)
	if len(rows) == 0 {
		return nil, err
	}
	return unsent(rows, s.readNotes()), err
}

// outbox returns the rows of the outbox that a WHERE clause selects; "": all.
func (s *Store) outbox(ctx context.Context, where string) ([]montimer.Alert, error) {
	rows, err := s.db.QueryContext(ctx, `
		SELECT id, CAST(event_id AS INTEGER), `+word("kind")+word("profile")+word("run_id")+word("incident")+`
			CAST(is_first AS INTEGER) <> 0, `+upTo(longestAlert, "message")+`octet_length(message), CAST(plain_text AS INTEGER) <> 0,
			created_at, next_try_at, CAST(attempts AS INTEGER), CAST(status AS INTEGER), `+word("error")+`CAST(waited AS INTEGER), CAST(folded AS INTEGER)
		FROM montimer_outbox `+where+" ORDER BY id")
	if err != nil {
		return nil, s.explain("read the outbox", err)
	}
	alerts, err := collect(rows, func(row scanner) (a montimer.Alert, err error) {
		var waited, size int64
		err = row.Scan(&a.ID, &a.EventID, &a.Kind, &a.Profile, &a.RunID, &a.Incident, &a.First, &a.Text, &size, &a.Plain,
			timeColumn{&a.Created}, timeColumn{&a.NextTry}, &a.Attempts, &a.Status, &a.Error, &waited, &a.Folded)
		if more := size - int64(len(a.Text)); more > 0 {
			a.Text += fmt.Sprintf("\n… and %d bytes more: the row %d of montimer_outbox is longer than any that montimer writes", more, a.ID)
		}
		a.Text, a.Error = utf8(a.Text), utf8(a.Error)
		a.Attempts, a.Folded = max(0, a.Attempts), max(0, a.Folded)
		a.Waited = time.Duration(max(0, min(waited, math.MaxInt64/int64(time.Second)))) * time.Second
		return a, err
	})
	return alerts, s.explain("read the outbox", err)
}

// Shorten replaces the text of an alert by its unsent rest, as patiently as
// Delivered. Readers of alert_events still see the whole text.
func (s *Store) Shorten(ctx context.Context, alert montimer.Alert, rest string) error {
	err := s.patiently(ctx, func() error { return s.shorten(ctx, alert, rest) })
	if err != nil {
		err = errors.Join(err, s.note(alert, rest, "", time.Time{}))
	}
	return err
}

func (s *Store) shorten(ctx context.Context, alert montimer.Alert, rest string) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		return do(ctx, tx, "UPDATE montimer_outbox SET message = ? WHERE id = ?", utf8(rest), alert.ID)
	})
	return s.explain("record what has been sent of an alert", err)
}

// Delivered records that an alert has been sent, with a label before its text,
// and takes it out of the outbox.
//
// It waits as long as Finish for a lock of another program. After an error it has
// noted in memory that the alert was sent: it is not pending any more, and a
// process that can write the database records it.
func (s *Store) Delivered(ctx context.Context, alert montimer.Alert, label string, at time.Time) error {
	err := s.patiently(ctx, func() error { return s.delivered(ctx, alert, label, at) })
	if err != nil {
		err = errors.Join(err, s.note(alert, "", label, at))
	}
	return err
}

func (s *Store) delivered(ctx context.Context, alert montimer.Alert, label string, at time.Time) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		if err := do(ctx, tx, "UPDATE alert_events SET message = ? || message WHERE id = ? AND delivered_at IS NULL",
			utf8(label), alert.EventID); err != nil {
			return err
		}
		return endDelivery(ctx, tx, alert, montimer.Delivered, at, "")
	})
	return s.explain("record a sent alert", err)
}

// Drop ends the delivery of an alert: it leaves the outbox, and its row in
// alert_events gets the status and the error, if any (redacted by the caller).
func (s *Store) Drop(ctx context.Context, alert montimer.Alert, status montimer.DeliveryStatus, errText string) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		return endDelivery(ctx, tx, alert, status, time.Time{}, errText)
	})
	return s.explain("record an alert that is not sent", err)
}

// Retry keeps an alert for another attempt, at its NextTry. Status and Error are
// those of this attempt, and Waited is how long the alert has waited by then.
func (s *Store) Retry(ctx context.Context, alert montimer.Alert) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		return do(ctx, tx, "UPDATE montimer_outbox SET next_try_at = ?, waited = ?, attempts = attempts + 1, status = ?, error = ? WHERE id = ?",
			formatTime(alert.NextTry), int64(alert.Waited/time.Second), alert.Status, utf8(alert.Error), alert.ID)
	})
	return s.explain("record an alert that is to be retried", err)
}

// Hold keeps alerts for which no attempt can be made, with their current
// NextTry, Waited, Status and Error. Their rows in alert_events have the status until
// they are sent.
func (s *Store) Hold(ctx context.Context, alerts []montimer.Alert, status montimer.DeliveryStatus) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		for _, a := range alerts {
			if err := do(ctx, tx, "UPDATE alert_events SET delivery_status = ? WHERE id = ? AND delivered_at IS NULL", status, a.EventID); err != nil {
				return err
			}
			if err := do(ctx, tx, "UPDATE montimer_outbox SET next_try_at = ?, waited = ?, status = ?, error = ? WHERE id = ?",
				formatTime(a.NextTry), int64(a.Waited/time.Second), a.Status, utf8(a.Error), a.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return s.explain("record alerts that cannot be sent yet", err)
}

// Pace records the pace of a profile (see package notify), and deletes those in
// the past.
func (s *Store) Pace(ctx context.Context, profile string, until time.Time) error {
	err := s.write(ctx, quick, func(tx *sql.Tx) error {
		if err := do(ctx, tx, "DELETE FROM montimer_pace WHERE until < ?", formatTime(time.Now())); err != nil {
			return err
		}
		return do(ctx, tx, "INSERT OR REPLACE INTO montimer_pace (profile, until) VALUES (?, ?)", profile, formatTime(until))
	})
	return s.explain("record the pace of a profile", err)
}

// Paces returns what Pace has recorded.
func (s *Store) Paces(ctx context.Context) (map[string]time.Time, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT CAST(profile AS TEXT), until FROM montimer_pace")
	if err != nil {
		return nil, s.explain("read the pace of the profiles", err)
	}
	defer rows.Close()
	paces := map[string]time.Time{}
	for rows.Next() {
		var profile string
		var until time.Time
		if err := rows.Scan(&profile, timeColumn{&until}); err != nil {
			return nil, s.explain("read the pace of the profiles", err)
		}
		paces[profile] = until
	}
	return paces, s.explain("read the pace of the profiles", rows.Err())
}

// Fold lets one alert report others and their runs: these leave the outbox, and
// keep is stored with its current text.
func (s *Store) Fold(ctx context.Context, keep montimer.Alert, folded []montimer.Alert) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		if err := do(ctx, tx, "UPDATE alert_events SET message = ?, plain_text = ? WHERE id = ?", utf8(keep.Text), keep.Plain, keep.EventID); err != nil {
			return err
		}
		if err := do(ctx, tx, "UPDATE montimer_outbox SET message = ?, plain_text = ?, is_first = ?, kind = ?, incident = ?, folded = ? WHERE id = ?",
			utf8(keep.Text), keep.Plain, keep.First, keep.Kind, keep.Incident, keep.Folded, keep.ID); err != nil {
			return err
		}
		for _, a := range folded {
			if err := do(ctx, tx, "UPDATE montimer_runs SET event_id = ? WHERE id = ? AND event_id = ?", keep.EventID, a.RunID, a.EventID); err != nil {
				return err
			}
			if err := endDelivery(ctx, tx, a, montimer.NotAttempted, time.Time{}, ""); err != nil {
				return err
			}
		}
		return nil
	})
	return s.explain("fold alerts", err)
}

// endDelivery removes an entry and sets the three columns about delivery
// together, as the tasks do. A missing entry or row is no error.
func endDelivery(ctx context.Context, tx *sql.Tx, a montimer.Alert, status montimer.DeliveryStatus, at time.Time, errText string) error {
	deliveryError := sql.NullString{String: utf8(errText), Valid: errText != ""}
	if err := do(ctx, tx, "UPDATE alert_events SET delivery_status = ?, delivered_at = ?, delivery_error = ? WHERE id = ?",
		status, nullTime(at), deliveryError, a.EventID); err != nil {
		return err
	}
	return do(ctx, tx, "DELETE FROM montimer_outbox WHERE id = ?", a.ID)
}
