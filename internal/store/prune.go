package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// pruned selects runs that nothing is derived from any more. Of each profile
// these stay at any age: its last run, the last good run of its timer, the
// first bad one after that, and running ones.
const pruned = `
	SELECT seq FROM montimer_runs run
	WHERE seq < ? AND state <> 'running'
		AND EXISTS (SELECT 1 FROM montimer_runs later WHERE later.profile = run.profile AND later.seq > run.seq)
		AND (trigger <> 'timer' OR state NOT IN ('ok', 'failed', 'lost')
			OR EXISTS (SELECT 1 FROM montimer_runs good
				WHERE good.profile = run.profile AND good.trigger = 'timer' AND good.state = 'ok' AND good.seq > run.seq)
			OR EXISTS (SELECT 1 FROM montimer_runs bad
				WHERE bad.profile = run.profile AND bad.trigger = 'timer' AND bad.state IN ('failed', 'lost')
					AND bad.seq < run.seq AND bad.seq > coalesce((SELECT max(seq) FROM montimer_runs good
						WHERE good.profile = run.profile AND good.trigger = 'timer' AND good.state = 'ok'), 0)))
	ORDER BY seq LIMIT ?`

// pruneTimetables deletes those that another one had replaced before the first run
// that is kept.
const pruneTimetables = `
	DELETE FROM montimer_timetables WHERE EXISTS (SELECT 1 FROM montimer_timetables later
		WHERE later.profile = montimer_timetables.profile AND later.id > montimer_timetables.id
			AND later.since <= (SELECT min(started_at) FROM montimer_runs))`

const pruneRuns = "DELETE FROM montimer_runs WHERE seq IN (" + pruned + ")"

// Keep is how much of the history Prune keeps.
type Keep struct {
	Days int // on which runs began: the newest so many
	Runs int // of all profiles: the newest so many, at any age
}

// Prune deletes runs that are older than keep allows, and their tasks: the
// oldest, at most so many, so that it is fast enough to be called after every
// run. It returns how many it deleted. The tasks prune the shared tables
// themselves.
//
// It does not use the clock. A run is old once runs have begun on so many other
// days after it, in the order of their records: so a wrong clock makes no run
// old.
func (s *Store) Prune(ctx context.Context, keep Keep, most int) (deleted int64, err error) {
	before, err := s.keptFrom(ctx, keep)
	if err != nil || before == 0 {
		return 0, s.explain("prune the history", err)
	}
	var due bool
	if err := s.db.QueryRowContext(ctx, "SELECT EXISTS ("+pruned+")", before, 1).Scan(&due); err != nil || !due {
		return 0, s.explain("prune the history", err)
	}
	err = s.write(ctx, quick, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, pruneRuns, before, most)
		if err != nil {
			return err
		}
		if deleted, err = result.RowsAffected(); err != nil {
			return err
		}
		return errors.Join(do(ctx, tx, "DELETE FROM montimer_days WHERE seq < ?", before), do(ctx, tx, pruneTimetables))
	})
	return deleted, s.explain("prune the history", err)
}

// keptFrom returns the first run that is kept; 0: all are. It records the day
// of the last run.
func (s *Store) keptFrom(ctx context.Context, keep Keep) (seq int64, err error) {
	var unknown bool
	err = s.db.QueryRowContext(ctx, `
		SELECT count(*) > 0 FROM montimer_runs
		WHERE seq = (SELECT max(seq) FROM montimer_runs) AND substr(started_at, 1, 10) NOT IN (SELECT day FROM montimer_days)`).Scan(&unknown)
	if err == nil && unknown {
		err = s.write(ctx, quick, func(tx *sql.Tx) error {
			return do(ctx, tx, "INSERT OR IGNORE INTO montimer_days SELECT substr(started_at, 1, 10), seq FROM montimer_runs ORDER BY seq DESC LIMIT 1")
		})
	}
	if err != nil {
		return 0, err
	}
	err = s.db.QueryRowContext(ctx, `
		SELECT max(0, min(
			coalesce((SELECT seq FROM montimer_days ORDER BY seq DESC LIMIT 1 OFFSET ?), 0),
			coalesce((SELECT max(seq) FROM montimer_runs), 0) - ? + 1))`, keep.Days-1, keep.Runs).Scan(&seq)
	return seq, err
}

// pruneBatch is how many alerts one transaction removes: some milliseconds, so that no
// run waits for longer.
const pruneBatch = 500

// PruneAlerts removes alerts that were made before a time, except those that still wait
// in the outbox, and gives the room of the write-ahead log back. It returns how many it
// removed, also with an error. The state of the tasks stays.
func (s *Store) PruneAlerts(ctx context.Context, before time.Time) (removed int64, err error) {
	for {
		var batch int64
		err = s.write(ctx, quick, func(tx *sql.Tx) error {
			result, err := tx.ExecContext(ctx, `
				DELETE FROM alert_events WHERE id IN (SELECT id FROM alert_events
					WHERE created_at < ? AND id NOT IN (SELECT event_id FROM montimer_outbox WHERE event_id IS NOT NULL) ORDER BY created_at LIMIT ?)`,
				formatTime(before), pruneBatch)
			if err != nil {
				return err
			}
			batch, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return removed, s.explain("prune the alerts", err)
		}
		removed += batch
		if batch < pruneBatch {
			break
		}
		select { // another process that waits for the lock looks from time to time
		case <-ctx.Done():
			return removed, s.explain("prune the alerts", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	_, err = s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)") // a reader may be in the way: then another one does it
	if err = s.explain("prune the alerts", err); errors.Is(err, ErrBusy) {
		err = nil
	}
	return removed, err
}
