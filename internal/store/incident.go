package store

import (
	"context"

	"github.com/montimer/montimer"
)

// Incident is what the timer's runs of a profile say about its health. It is
// derived: the runs since the last good one. Runs by hand, skipped and
// interrupted ones neither begin nor end it; so a run that was not reported
// cannot make the next one look like a repeat.
type Incident struct {
	Count    int          // runs that failed or were lost; 0: all is well
	First    montimer.Run // of them
	LastGood montimer.Run // the good run before; zero: none is known
	Told     montimer.Run // the last of them that an alert told of, or waits to; zero: none
}

// Incident returns the incident of a profile. A run that has not been finished
// does not count yet.
func (s *Store) Incident(ctx context.Context, profile string) (Incident, error) {
	i, err := s.incident(ctx, profile)
	return i, s.explain("read the incident", err)
}

const (
	lastGood = "WHERE seq = (SELECT max(seq) FROM montimer_runs WHERE profile = ? AND trigger = 'timer' AND state = 'ok')"
	since    = `SELECT count(*), coalesce(min(seq), 0) FROM montimer_runs
		WHERE profile = ? AND trigger = 'timer' AND state IN ('failed', 'lost')
			AND seq > coalesce((SELECT seq FROM montimer_runs WHERE id = ?), 0)`
	// The + keeps SQLite to the index that has the runs in order. An alert that
	// was given up told nobody; one that waits will, and one whose row others have
	// pruned did.
	lastTold = `WHERE profile = ? AND +trigger = 'timer' AND +state IN ('failed', 'lost')
		AND event_id IS NOT NULL AND seq >= ? AND NOT EXISTS (SELECT 1 FROM alert_events
			WHERE id = montimer_runs.event_id AND delivery_status IN ('failed', 'skipped_debug', 'skipped_missing_credentials')
				AND NOT EXISTS (SELECT 1 FROM montimer_outbox WHERE event_id = alert_events.id))
		ORDER BY seq DESC LIMIT 1`
)

func (s *Store) incident(ctx context.Context, profile string) (i Incident, err error) {
	if i.LastGood, err = s.oneRun(ctx, lastGood, profile); err != nil {
		return i, err
	}
	var first int64
	if err := s.db.QueryRowContext(ctx, since, profile, i.LastGood.ID).Scan(&i.Count, &first); err != nil || i.Count == 0 {
		return i, err
	}
	if i.First, err = s.oneRun(ctx, "WHERE seq = ?", first); err != nil {
		return i, err
	}
	i.Told, err = s.oneRun(ctx, lastTold, profile, first)
	return i, err
}
