package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/montimer/montimer"
)

// Reported returns until when the runs have been reported by periodical reports;
// the zero time: never.
func (s *Store) Reported(ctx context.Context) (until time.Time, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT until FROM montimer_reported").Scan(timeColumn{&until})
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return until, s.explain("read when the last report was", err)
}

// Report stores a periodical report in the outbox, and until when it goes. ok is
// false, and nothing is stored, if one until then or later has been: unless that
// is after now, since a clock was wrong.
func (s *Store) Report(ctx context.Context, alert *montimer.Alert, until, now time.Time) (ok bool, err error) {
	err = s.write(ctx, durable, func(tx *sql.Tx) error {
		var done bool
		err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM montimer_reported WHERE until >= ? AND until <= ?)", formatTime(until), formatTime(now)).Scan(&done)
		if err != nil || done {
			return err
		}
		ok = true
		return errors.Join(
			do(ctx, tx, "INSERT OR REPLACE INTO montimer_reported (one, until) VALUES (1, ?)", formatTime(until)),
			insertAlert(ctx, tx, alert))
	})
	return ok && err == nil, s.explain("store a report", err)
}
