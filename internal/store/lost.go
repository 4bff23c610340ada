package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/montimer/montimer"
)

// The + keeps SQLite to the index of the few that run.
const stillRunning = "state = 'running' ORDER BY +seq"

// Lost finds the runs whose process is gone without a word: they still run
// although free says that nobody holds their profile's lock. Each is recorded
// as lost, together with the alert that tell makes of it (nil: nobody is told).
// The runs have the tasks that had ended.
//
// A process that holds a lock itself, and has not begun a run, answers true for
// that profile. tell is called before anything is written and may read the
// store; of an alert it makes, the run may turn out to have ended by itself
// meanwhile, and then it is not used.
func (s *Store) Lost(ctx context.Context, free func(profile string) bool, tell func(montimer.Run) *montimer.Alert) ([]montimer.Run, error) {
	running, err := s.runs(ctx, "WHERE "+stillRunning)
	if err != nil {
		return nil, s.explain("look for lost runs", err)
	}
	var lost []montimer.Run
	for _, run := range running {
		if !free(run.Profile) {
			continue
		}
		if run.Tasks, err = s.tasks(ctx, run.ID); err != nil {
			return lost, s.explain("look for lost runs", err)
		}
		run.State, run.Ended = montimer.RunLost, time.Now()
		run.Reason = fmt.Sprintf("its process ended without a word, after %d tasks", len(run.Tasks))
		ended, err := s.lose(ctx, run, tell(run))
		if err != nil {
			return lost, s.explain("record a lost run", err)
		}
		if ended {
			lost = append(lost, run)
		}
	}
	return lost, nil
}

// lose records that a run is lost, unless it has ended by itself.
func (s *Store) lose(ctx context.Context, run montimer.Run, alert *montimer.Alert) (done bool, err error) {
	err = s.write(ctx, durable, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx,
			"UPDATE montimer_runs SET state = ?, reason = ?, ended_at = ? WHERE id = ? AND state = 'running'",
			run.State, run.Reason, formatTime(run.Ended), run.ID)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		done = true
		return tellOf(ctx, tx, run.ID, alert)
	})
	return done && err == nil, err
}
