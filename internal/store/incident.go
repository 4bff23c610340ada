package store

import (
	"context"
	"database/sql"
	"errors"

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

// lastGood is the seq of a profile's last good run, incidentCounts sums up what
// the timer's runs have come to since.
const (
	lastGood       = "SELECT max(seq) FROM montimer_runs WHERE profile = ?1 AND trigger = 'timer' AND state = 'ok'"
	incidentCounts = `
		SELECT count(*), min(seq), max(seq) FILTER (WHERE event_id IS NOT NULL) FROM montimer_runs
		WHERE profile = ?1 AND trigger = 'timer' AND state IN ('failed', 'lost') AND seq > coalesce((` + lastGood + `), 0)`
)

func (s *Store) incident(ctx context.Context, profile string) (i Incident, err error) {
	var first, told, good sql.NullInt64
	err = s.db.QueryRowContext(ctx, incidentCounts, profile).Scan(&i.Count, &first, &told)
	if err == nil {
		err = s.db.QueryRowContext(ctx, lastGood, profile).Scan(&good)
	}
	if err != nil {
		return i, err
	}
	var errs [3]error
	i.First, errs[0] = s.runAt(ctx, first)
	i.Told, errs[1] = s.runAt(ctx, told)
	i.LastGood, errs[2] = s.runAt(ctx, good)
	return i, errors.Join(errs[:]...)
}

// runAt returns the run of a seq, without its tasks; of NULL the zero Run.
func (s *Store) runAt(ctx context.Context, seq sql.NullInt64) (run montimer.Run, err error) {
	runs, err := s.runs(ctx, "WHERE seq = ?", seq)
	if len(runs) == 1 {
		run = runs[0]
	}
	return run, err
}
