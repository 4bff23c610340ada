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

// Lost finds the runs with a process that died without recording a result: they
// are recorded as running although free reports that their profile's lock is
// not held. Each is recorded as lost, together with the alert that report makes
// of it (nil: none). The runs have the tasks that had ended.
//
// A process that holds a lock itself, and has not begun a run, answers true for
// that profile. report is called before anything is written and may read the
// store; its alert is dropped if the run turns out to have ended meanwhile.
func (s *Store) Lost(ctx context.Context, free func(profile string) bool, report func(montimer.Run) *montimer.Alert) ([]montimer.Run, error) {
	running, err := s.runs(ctx, "WHERE "+stillRunning)
	if err != nil {
		if err = s.repairRunning(ctx, err); err == nil {
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
		if run.Tasks, err = s.tasks(ctx, run.ID); isOfSQLite(err) {
			return lost, s.explain("look for lost runs", err)
		}
		run.State, run.Ended, run.Reason = montimer.RunLost, time.Now(), s.whyLost(run, err)
		ended, err := s.lose(ctx, run, report(run))
		if err != nil {
			return lost, s.explain("record a lost run", err)
		}
		if ended {
			lost = append(lost, run)
		}
	}
	return lost, nil
}

// whyLost returns the reason of a lost run; unreadable is the error of reading its
// tasks.
func (s *Store) whyLost(run montimer.Run, unreadable error) string {
	why := fmt.Sprintf("its process died without recording a result, after %s", plural(len(run.Tasks), "task"))
	if unreadable != nil {
		why = fmt.Sprintf("its process died without recording a result; its tasks could not be read (%s): %v", s.instance.Command("db check --repair"), unreadable)
	}
	if run.Reason != "" {
		why += "; " + run.Reason
	}
	return why
}

// mostLost is how many lost runs are recorded at once: each takes some
// milliseconds, and a run that is due waits for it. The next run records more.
const mostLost = 100

// repairRunning makes the unreadable rows of running runs readable, since one of
// them would keep all others from being found. why is the error of reading them;
// it is returned if SQLite itself fails.
func (s *Store) repairRunning(ctx context.Context, why error) error {
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
		if err := s.repairRow(ctx, seq, err); err != nil {
			return err
		}
	}
	return nil
}

// repairRow sets the times of a run to the present, and its reason to why.
func (s *Store) repairRow(ctx context.Context, seq int64, why error) error {
	reason := "its row could not be read, and was repaired, with the present time: " + why.Error()
	return s.write(ctx, durable, func(tx *sql.Tx) error {
		return do(ctx, tx, `UPDATE montimer_runs
			SET scheduled_at = NULL, attempt = 1, started_at = ?, ended_at = NULL, reason = ? WHERE seq = ?`,
			formatTime(time.Now()), utf8(reason), seq)
	})
}

func isOfSQLite(err error) bool {
	var coded *sqlite.Error
	return errors.As(err, &coded)
}

// lose records that a run is lost, unless it has ended meanwhile.
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
		return enqueueFor(ctx, tx, run.ID, alert)
	})
	return done && err == nil, err
}
