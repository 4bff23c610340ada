package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"github.com/montimer/montimer"
)

// ErrNoRun says that no run of that id has begun.
var ErrNoRun = errors.New("no such run in the database")

// Begin records that a run has started, and returns it as recorded. A tick that
// was served before makes it a further attempt, and an id that is taken gives
// way to a fresh one: a run is never refused. Runs of the timer are whole runs;
// a run whose tick is not known is always a first attempt.
func (s *Store) Begin(ctx context.Context, run montimer.Run) (montimer.Run, error) {
	run.State, run.Ended = montimer.RunRunning, time.Time{}
	err := s.newRun(ctx, &run)
	return run, s.explain("record the start of a run", err)
}

// Skip records a tick that was not served; Reason says why.
func (s *Store) Skip(ctx context.Context, run montimer.Run) error {
	run.State = montimer.RunSkipped
	return s.explain("record a skipped run", s.newRun(ctx, &run))
}

func (s *Store) newRun(ctx context.Context, run *montimer.Run) error {
	return s.write(ctx, durable, func(tx *sql.Tx) error {
		var taken bool
		err := tx.QueryRowContext(ctx, "SELECT count(*) > 0 FROM montimer_runs WHERE id = ?", run.ID).Scan(&taken)
		if err != nil {
			return err
		}
		if taken {
			run.ID = freshID()
		}
		return putRun(ctx, tx, run, Moment{})
	})
}

// putRun inserts a run, or updates what its end changes. It sets the attempt.
func putRun(ctx context.Context, tx *sql.Tx, run *montimer.Run, ended Moment) error {
	return tx.QueryRowContext(ctx, `
		INSERT INTO montimer_runs
			(id, profile, trigger, scheduled_at, attempt, started_at,
			ended_at, ended_boot, ended_boottime, state, reason, git_commit, already_served, host)
		SELECT ?1, ?2, ?3, ?4, coalesce(max(attempt), 0) + 1, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
		FROM montimer_runs WHERE profile = ?2 AND trigger = ?3 AND scheduled_at = ?4
		ON CONFLICT (id) DO UPDATE SET
			ended_at = excluded.ended_at, ended_boot = excluded.ended_boot, ended_boottime = excluded.ended_boottime,
			state = excluded.state, reason = excluded.reason, git_commit = excluded.git_commit,
			already_served = excluded.already_served
		RETURNING attempt`,
		run.ID, run.Profile, run.Trigger, nullTime(run.Scheduled), formatTime(run.Started),
		nullTime(run.Ended), ended.Boot, int64(ended.Since), run.State, run.Reason, run.Commit, run.AlreadyServed, run.Host,
	).Scan(&run.Attempt)
}

// freshID returns a run id of 128 random bits.
func freshID() string {
	var raw [16]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}

const insertTask = `
	INSERT INTO montimer_task_runs
		(run, name, status, exit_code, error, attempts, started_at, duration, stdout_tail, stderr_tail, left_out)
	SELECT seq, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 FROM montimer_runs WHERE id = ?1`

// TaskEnded records what became of tasks, so that it is known even where the
// run itself never says how it ended. The loss of power may lose it.
func (s *Store) TaskEnded(ctx context.Context, runID string, tasks ...montimer.TaskRun) error {
	err := s.write(ctx, quick, func(tx *sql.Tx) error {
		insert := tx.StmtContext(ctx, s.insertTask)
		for _, t := range tasks {
			if err := insertTaskRun(ctx, insert, runID, t); err != nil {
				return err
			}
		}
		return nil
	})
	return s.explain("record a task", err)
}

func insertTaskRun(ctx context.Context, insert *sql.Stmt, runID string, t montimer.TaskRun) error {
	result, err := insert.ExecContext(ctx, runID, t.Name, t.Status, t.ExitCode, t.Error, t.Attempts,
		nullTime(t.Started), int64(t.Duration), t.StdoutTail, t.StderrTail, t.LeftOut)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNoRun)
	}
	return nil
}

// Finish records how a run ended and puts the alert that tells of it into the
// outbox: both or neither. A nil alert tells nobody. The tasks of the run
// replace those recorded so far, unless there are none. A run whose start could
// not be recorded is recorded whole.
//
// Finish sets the ID and the EventID of the alert, and where they are zero its
// Created and NextTry. What is sent must be sent after Finish.
//
// A lock of another program is waited for longer than elsewhere, 40 seconds: an
// end that is not recorded makes of a good run a lost one, and so does systemd,
// which takes a run for hung that has said nothing for two minutes.
func (s *Store) Finish(ctx context.Context, run montimer.Run, alert *montimer.Alert) error {
	ended := Now()
	for deadline := time.Now().Add(s.patience); ; time.Sleep(10 * time.Millisecond) {
		err := s.finish(ctx, run, alert, ended)
		if !errors.Is(err, ErrBusy) || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
	}
}

func (s *Store) finish(ctx context.Context, run montimer.Run, alert *montimer.Alert, ended Moment) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		if err := putRun(ctx, tx, &run, ended); err != nil {
			return err
		}
		if run.Tasks != nil {
			if err := s.replaceTasks(ctx, tx, run); err != nil {
				return err
			}
		}
		return tellOf(ctx, tx, run.ID, alert)
	})
	return s.explain("record the end of a run", err)
}

func (s *Store) replaceTasks(ctx context.Context, tx *sql.Tx, run montimer.Run) error {
	err := do(ctx, tx, "DELETE FROM montimer_task_runs WHERE run = (SELECT seq FROM montimer_runs WHERE id = ?)", run.ID)
	if err != nil {
		return err
	}
	insert := tx.StmtContext(ctx, s.insertTask)
	for _, t := range run.Tasks {
		if err := insertTaskRun(ctx, insert, run.ID, t); err != nil {
			return err
		}
	}
	return nil
}

// tellOf puts the alert of a run into the outbox.
func tellOf(ctx context.Context, tx *sql.Tx, runID string, alert *montimer.Alert) error {
	if alert == nil {
		return nil
	}
	if err := insertAlert(ctx, tx, alert); err != nil {
		return err
	}
	return do(ctx, tx, "UPDATE montimer_runs SET event_id = ? WHERE id = ?", alert.EventID, runID)
}
