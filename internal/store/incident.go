package store

import (
	"context"

	"github.com/montimer/montimer"
)

// Incident returns the incident of a profile. A run that has not been finished
// does not count yet.
func (s *Store) Incident(ctx context.Context, profile string) (montimer.Incident, error) {
	i, err := s.incident(ctx, profile)
	return i, s.explain("read the incident", err)
}

const (
	lastGood = "WHERE seq = (SELECT max(seq) FROM montimer_runs WHERE profile = ? AND trigger = 'timer' AND state = 'ok')"
	since    = `SELECT count(*), coalesce(min(seq), 0) FROM montimer_runs
		WHERE profile = ? AND trigger = 'timer' AND state IN ('failed', 'lost')
			AND seq > coalesce((SELECT seq FROM montimer_runs WHERE id = ?), 0)`
	// The + keeps SQLite to the index that has the runs in order. A run counts as
	// reported if its alert is pending or sent, or its row was pruned by others;
	// not if the alert was dropped.
	lastReported = `WHERE profile = ? AND +trigger = 'timer' AND +state IN ('failed', 'lost')
		AND event_id IS NOT NULL AND seq >= ? AND NOT EXISTS (SELECT 1 FROM alert_events
			WHERE id = montimer_runs.event_id AND delivery_status IN ('failed', 'skipped_debug', 'skipped_missing_credentials')
				AND NOT EXISTS (SELECT 1 FROM montimer_outbox WHERE event_id = alert_events.id))
		ORDER BY seq DESC LIMIT 1`
)

func (s *Store) incident(ctx context.Context, profile string) (i montimer.Incident, err error) {
	if i.Last, err = s.oneRun(ctx, lastOfTimer, profile); err != nil {
		return i, err
	}
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
	if i.Reported, err = s.oneRun(ctx, lastReported, profile, first); err == nil && i.Reported.ID != "" {
		i.Reported.Tasks, err = s.tasks(ctx, i.Reported.ID)
	}
	return i, err
}
