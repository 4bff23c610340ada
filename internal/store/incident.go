package store

import (
	"context"
	"database/sql"

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
	Told     montimer.Run // the last of them that an alert told of; zero: none
}

// Incident returns the incident of a profile. A run that has not been finished
// does not count yet.
func (s *Store) Incident(ctx context.Context, profile string) (Incident, error) {
	i, err := s.incident(ctx, profile)
	return i, s.explain("read the incident", err)
}

func (s *Store) incident(ctx context.Context, profile string) (i Incident, err error) {
	const bad = ` FROM montimer_runs WHERE profile = ?1 AND trigger = 'timer' AND state IN ('failed', 'lost')
		AND seq > coalesce((SELECT max(seq) FROM montimer_runs
			WHERE profile = ?1 AND trigger = 'timer' AND state = 'ok'), 0)`
	var first, told sql.NullInt64
	err = s.db.QueryRowContext(ctx, "SELECT count(*), min(seq), max(seq) FILTER (WHERE event_id IS NOT NULL)"+bad, profile).
		Scan(&i.Count, &first, &told)
	if err != nil {
		return i, err
	}
	const good = "(SELECT max(seq) FROM montimer_runs WHERE profile = ? AND trigger = 'timer' AND state = 'ok')"
	for _, part := range []struct {
		into  *montimer.Run
		where string
		arg   any
	}{
		{&i.First, "seq = ?", first},
		{&i.Told, "seq = ?", told},
		{&i.LastGood, "seq = " + good, profile},
	} {
		runs, err := s.runs(ctx, "WHERE "+part.where, part.arg)
		if err != nil {
			return i, err
		}
		if len(runs) == 1 {
			*part.into = runs[0]
		}
	}
	return i, nil
}
