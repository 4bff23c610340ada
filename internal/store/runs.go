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

// Begin records that a run has started, and returns it as recorded. If its tick
// was served before it is a further attempt, and an id that is taken is
// replaced by a fresh one: a run is never refused. Only runs of the timer count
// as attempts; a run without a known tick is always the first.
func (s *Store) Begin(ctx context.Context, run montimer.Run) (montimer.Run, error) {
	run.State, run.Ended = montimer.RunRunning, time.Time{}
	err := s.newRun(ctx, &run)
	return run, s.explain("record the start of a run", err)
}

// Skip records a skipped tick; Reason says why.
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
		return insertRun(ctx, tx, run, BootTime{})
	})
}

// insertRun inserts a run, and sets its attempt.
func insertRun(ctx context.Context, tx *sql.Tx, run *montimer.Run, ended BootTime) error {
	err := tx.QueryRowContext(ctx, `
		SELECT coalesce(max(attempt), 0) + 1 FROM montimer_runs WHERE profile = ? AND trigger = ? AND scheduled_at = ?`,
		run.Profile, run.Trigger, nullTime(run.Scheduled)).Scan(&run.Attempt)
	if err != nil {
		return err
	}
	return do(ctx, tx, `
		INSERT INTO montimer_runs
			(id, profile, trigger, scheduled_at, attempt, started_at,
			ended_at, ended_boot, ended_boottime, state, reason, git_commit, already_served, host, timetable, skip_cause)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		run.ID, run.Profile, run.Trigger, nullTime(run.Scheduled), run.Attempt, formatTime(run.Started),
		nullTime(run.Ended), ended.Boot, int64(ended.Since), run.State, run.Reason, run.Commit, run.AlreadyServed, run.Host, run.Timetable, run.Skip)
}

// endRun updates the columns that the end of a run changes, or inserts a run that
// has no recorded start.
func endRun(ctx context.Context, tx *sql.Tx, run *montimer.Run, ended BootTime) error {
	result, err := tx.ExecContext(ctx, `
		UPDATE montimer_runs SET ended_at = ?, ended_boot = ?, ended_boottime = ?,
			state = ?, reason = ?, git_commit = ?, already_served = ?, skip_cause = ? WHERE id = ?`,
		nullTime(run.Ended), ended.Boot, int64(ended.Since), run.State, run.Reason, run.Commit, run.AlreadyServed, run.Skip, run.ID)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return insertRun(ctx, tx, run, ended)
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

// TaskEnded records the results of tasks, so that they are known even if the
// run is lost. A power cut may lose them.
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

// Finish records how a run ended and puts the alert that reports it into the
// outbox: both or neither. A nil alert is none. The tasks of the run replace
// those recorded so far, unless there are none. A run without a recorded start
// is recorded whole.
//
// Finish sets the ID and the EventID of the alert, and its Created and NextTry
// if they are zero. The alert must be sent after Finish.
//
// Finish waits longer for a lock of another program than other calls, 40
// seconds: without its end recorded a good run becomes a lost one. But systemd
// kills a run as hung after two minutes without a status.
func (s *Store) Finish(ctx context.Context, run montimer.Run, alert *montimer.Alert) error {
	ended := Now()
	return s.patiently(ctx, func() error { return s.finish(ctx, run, alert, ended) })
}

func (s *Store) finish(ctx context.Context, run montimer.Run, alert *montimer.Alert, ended BootTime) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		if err := endRun(ctx, tx, &run, ended); err != nil {
			return err
		}
		if run.Tasks != nil {
			if err := s.replaceTasks(ctx, tx, run); err != nil {
				return err
			}
		}
		return enqueueFor(ctx, tx, run.ID, alert)
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

// enqueueFor puts the alert of a run into the outbox.
func enqueueFor(ctx context.Context, tx *sql.Tx, runID string, alert *montimer.Alert) error {
	if alert == nil {
		return nil
	}
	if err := insertAlert(ctx, tx, alert); err != nil {
		return err
	}
	return do(ctx, tx, "UPDATE montimer_runs SET event_id = ? WHERE id = ?", alert.EventID, runID)
}
