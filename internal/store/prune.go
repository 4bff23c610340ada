package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// pruneRuns deletes runs that nothing is derived from any more. Whatever their
// age, of each profile these stay: its last run, the last good run of its
// timer, the first bad one after that, and what is running.
const pruneRuns = `
	DELETE FROM montimer_runs WHERE seq IN (
		SELECT seq FROM montimer_runs run
		WHERE started_at < ? AND state <> 'running'
			AND EXISTS (SELECT 1 FROM montimer_runs later WHERE later.profile = run.profile AND later.seq > run.seq)
			AND (trigger <> 'timer' OR state NOT IN ('ok', 'failed', 'lost')
				OR EXISTS (SELECT 1 FROM montimer_runs good
					WHERE good.profile = run.profile AND good.trigger = 'timer' AND good.state = 'ok' AND good.seq > run.seq)
				OR EXISTS (SELECT 1 FROM montimer_runs bad
					WHERE bad.profile = run.profile AND bad.trigger = 'timer' AND bad.state IN ('failed', 'lost')
						AND bad.seq < run.seq AND bad.seq > coalesce((SELECT max(seq) FROM montimer_runs good
							WHERE good.profile = run.profile AND good.trigger = 'timer' AND good.state = 'ok'), 0)))
		ORDER BY started_at LIMIT ?)`

// Prune deletes runs that started before a time, and their tasks: the oldest,
// at most so many, so that it can be called after every run and never takes
// long. It returns how many are gone. Rows of the shared tables are the tasks'
// own to prune.
func (s *Store) Prune(ctx context.Context, before time.Time, most int) (deleted int64, err error) {
	if due, err := s.pruneDue(ctx, before); err != nil || !due {
		return 0, s.explain("prune the history", err)
	}
	err = s.write(ctx, quick, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, pruneRuns, formatTime(before), most)
		if err != nil {
			return err
		}
		deleted, err = result.RowsAffected()
		return err
	})
	return deleted, s.explain("prune the history", err)
}

// pruneDue looks at the first run alone: while that is young, so are the others.
// One that has yet to come tells of a clock that was wrong, and of nothing else.
func (s *Store) pruneDue(ctx context.Context, before time.Time) (due bool, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT started_at NOT BETWEEN ? AND ? FROM montimer_runs ORDER BY seq LIMIT 1",
		formatTime(before), formatTime(time.Now())).Scan(&due)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return due, err
}
