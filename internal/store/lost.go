package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"

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
		if err = s.repair(ctx, err); err == nil {
			running, err = s.runs(ctx, "WHERE "+stillRunning)
		}
	}
	if err != nil {
		return nil, s.explain("look for lost runs", err)
	}
	var lost []montimer.Run
	idle := map[string]bool{}
	for _, run := range running {
		if len(lost) == mostLost {
			break
		}
		if _, known := idle[run.Profile]; !known {
			idle[run.Profile] = free(run.Profile)
		}
		if !idle[run.Profile] {
			continue
		}
		var unreadable error
		if run.Tasks, err = s.tasks(ctx, run.ID); isOfSQLite(err) {
			return lost, s.explain("look for lost runs", err)
		} else if err != nil {
			unreadable = err
		}
		run.State, run.Ended = montimer.RunLost, time.Now()
		why := fmt.Sprintf("its process died without recording a result, after %d tasks", len(run.Tasks))
		if unreadable != nil {
			why = fmt.Sprintf("its process died without recording a result; its tasks could not be read (montimer db check --repair): %v", unreadable)
		}
		if run.Reason != "" {
			why += "; " + run.Reason
		}
		run.Reason = why
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

// mostLost is how many lost runs are recorded at once: each takes some
// milliseconds, and a run that is due waits for it. The next run goes on.
const mostLost = 100

// repair makes rows of runs under way readable that are not, whoever wrote them:
// one would keep all others from being found. The times that it puts in place of
// those that were there are the present one, and the reason says so. why is what
// reading them met; it is returned where that is not for a row.
func (s *Store) repair(ctx context.Context, why error) error {
	if isOfSQLite(why) {
		return why
	}
	rows, err := s.db.QueryContext(ctx, "SELECT seq FROM montimer_runs WHERE "+stillRunning)
	if err != nil {
		return err
	}
	all, err := collect(rows, func(row scanner) (seq int64, err error) {
		err = row.Scan(&seq)
		return seq, err
	})
	if err != nil {
		return err
	}
	for _, seq := range all {
		_, err := s.oneRun(ctx, "WHERE seq = ?", seq)
		if isOfSQLite(err) {
			return err
		}
		if err == nil {
			continue
		}
		reason := "its row could not be read, and was repaired, with the present time: " + err.Error()
		err = s.write(ctx, durable, func(tx *sql.Tx) error {
			return do(ctx, tx, `UPDATE montimer_runs
				SET scheduled_at = NULL, attempt = 1, started_at = ?, ended_at = NULL, reason = ? WHERE seq = ?`,
				formatTime(time.Now()), utf8(reason), seq)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func isOfSQLite(err error) bool {
	var coded *sqlite.Error
	return errors.As(err, &coded)
}

// lose records that a run is lost, unless it has ended by itself.
func (s *Store) lose(ctx context.Context, run montimer.Run, alert *montimer.Alert) (done bool, err error) {
	err = s.write(ctx, durable, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx,
			"UPDATE montimer_runs SET state = ?, reason = ?, ended_at = ? WHERE CAST(id AS TEXT) = ? AND state = 'running'", // others may have written bytes
			run.State, utf8(run.Reason), formatTime(run.Ended), run.ID)
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
