package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/montimer/montimer"
)

// Filter chooses runs; its zero value chooses all.
type Filter struct {
	Profile  string            // "": every profile
	Profiles []string          // none: as Profile says
	Runs     []string          // ids; nil: every run
	State    montimer.RunState // "": every state
	Since    time.Time         // started then or later
	Until    time.Time         // started before; zero: all
	Before   string            // only runs that began before this one; "": all
	Limit    int               // at most so many, the newest; 0: all
}

// History returns runs without their tasks, the newest first. The error is ErrNoRun
// if there is no run Before.
func (s *Store) History(ctx context.Context, f Filter) ([]montimer.Run, error) {
	if f.Before != "" {
		if run, err := s.oneRun(ctx, "WHERE id = ?", f.Before); err != nil || run.ID == "" {
			return nil, s.explain("read the history", cmp.Or(err, ErrNoRun))
		}
	}
	where, args := f.where()
	limit := -1
	if f.Limit > 0 {
		limit = f.Limit
	}
	runs, err := s.runs(ctx, where+" ORDER BY seq DESC LIMIT ?", append(args, limit)...)
	return runs, s.explain("read the history", err)
}

// ByProfile returns the runs that a filter without a limit chooses, without their
// tasks, by profile, the oldest first.
func (s *Store) ByProfile(ctx context.Context, f Filter) (map[string][]montimer.Run, error) {
	where, args := f.where()
	rows, err := s.db.QueryContext(ctx, "SELECT "+runColumns+" FROM montimer_runs "+where+" ORDER BY seq", args...)
	if err != nil {
		return nil, s.explain("read the history", err)
	}
	runs := map[string][]montimer.Run{}
	_, err = collect(rows, func(row scanner) (none struct{}, err error) {
		r, err := scanRun(row)
		runs[r.Profile] = append(runs[r.Profile], r)
		return none, err
	})
	return runs, s.explain("read the history", err)
}

// Window returns runs of a profile since a time, without their tasks, the oldest
// first: of those that began before another time (zero: of all) at most so many, the
// newest, and at most so many later ones. cut says that there are older ones. What
// is left out costs nothing, however much it is.
func (s *Store) Window(ctx context.Context, profile string, since, until time.Time, most, later int) (runs []montimer.Run, cut bool, err error) {
	from := formatTime(since)
	before, args := "", []any{from, profile}
	if !until.IsZero() {
		before = " AND seq <= (SELECT seq FROM montimer_runs WHERE started_at < ? ORDER BY started_at DESC LIMIT 1)"
		args = append(args, formatTime(until))
	}
	var left int64 // the newest run that is left out
	err = s.db.QueryRowContext(ctx, "SELECT seq, started_at >= ? FROM montimer_runs WHERE profile = ?"+before+" ORDER BY seq DESC LIMIT 1 OFFSET ?", append(args, most)...).Scan(&left, &cut)
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		runs, err = s.runs(ctx, "WHERE profile = ? AND seq > ? AND started_at >= ? ORDER BY seq LIMIT ?", profile, left, from, most+later)
	}
	return runs, cut && len(runs) > 0, s.explain("read the history", err)
}

// where is the condition on montimer_runs without the limit.
func (f Filter) where() (where string, args []any) {
	where = "WHERE true"
	if f.Profile != "" {
		where, args = where+" AND profile = ?", append(args, f.Profile)
	}
	if len(f.Profiles) > 0 {
		names, _ := json.Marshal(f.Profiles) // of strings, it never fails
		where, args = where+" AND profile IN (SELECT value FROM json_each(?))", append(args, string(names))
	}
	if f.Runs != nil {
		ids, _ := json.Marshal(f.Runs) // of strings, it never fails
		where, args = where+" AND id IN (SELECT value FROM json_each(?))", append(args, string(ids))
	}
	if f.State != "" {
		where, args = where+" AND state = ?", append(args, f.State)
	}
	if f.Before != "" {
		where, args = where+" AND seq < (SELECT seq FROM montimer_runs WHERE id = ?)", append(args, f.Before)
	}
	if !f.Since.IsZero() {
		where, args = where+" AND started_at >= ?", append(args, formatTime(f.Since))
	}
	if !f.Until.IsZero() {
		where, args = where+" AND started_at < ?", append(args, formatTime(f.Until))
	}
	return where, args
}

// EachTask calls yield for each task of the runs that a filter without a limit
// chooses, in one query; with a name, only for tasks of that name.
func (s *Store) EachTask(ctx context.Context, f Filter, name string, yield func(runID string, t montimer.TaskRun)) error {
	where, args := f.where()
	rows, err := s.db.QueryContext(ctx, `
		SELECT (SELECT id FROM montimer_runs WHERE seq = run), `+taskColumns+`
		FROM montimer_task_runs WHERE run IN (SELECT seq FROM montimer_runs `+where+`) AND (? = '' OR name = ?) ORDER BY id`,
		append(args, name, name)...)
	if err != nil {
		return s.explain("read the tasks", err)
	}
	_, err = collect(rows, func(row scanner) (none struct{}, err error) {
		var id string
		t, err := scanTask(row, &id)
		if err == nil {
			yield(id, t)
		}
		return none, err
	})
	return s.explain("read the tasks", err)
}

// Run returns one run with its tasks: those that have ended or, once the run
// has, all of them in file order. Without such a run the error is ErrNoRun.
func (s *Store) Run(ctx context.Context, id string) (montimer.Run, error) {
	runs, err := s.runs(ctx, "WHERE id = ?", id)
	if err == nil && len(runs) == 0 {
		err = ErrNoRun
	}
	if err != nil {
		return montimer.Run{}, s.explain("read run "+id, err)
	}
	runs[0].Tasks, err = s.tasks(ctx, id)
	return runs[0], s.explain("read run "+id, err)
}

// GoodBefore returns the last good run of the timer that began before a run of its
// profile; zero: none.
func (s *Store) GoodBefore(ctx context.Context, id string) (montimer.Run, error) {
	run, err := s.oneRun(ctx, `WHERE seq = (SELECT max(r.seq) FROM montimer_runs r, montimer_runs this
		WHERE this.id = ? AND r.profile = this.profile AND r.trigger = 'timer' AND r.state = 'ok' AND r.seq < this.seq)`, id)
	return run, s.explain("read the good run before", err)
}

// The + keeps SQLite to the index that has the runs in order.
const lastOfTimer = "WHERE profile = ? AND +trigger = 'timer' AND +state <> 'running' ORDER BY seq DESC LIMIT 1"

// LastOfTimer returns the last run of a profile that the timer began and that
// has ended, skipped ones included, and when Finish recorded its end. ok is
// false if there is none.
func (s *Store) LastOfTimer(ctx context.Context, profile string) (run montimer.Run, ended BootTime, ok bool, err error) {
	run, err = s.oneRun(ctx, lastOfTimer, profile)
	if err == nil && run.ID != "" {
		err = s.db.QueryRowContext(ctx, "SELECT ended_boot, ended_boottime FROM montimer_runs WHERE id = ?", run.ID).
			Scan(&ended.Boot, &ended.Since)
	}
	return run, ended, err == nil && run.ID != "", s.explain("read the last run", err)
}

// mostSince bounds the runs that Since returns.
const mostSince = 1000

// Since returns a run and the runs of its profile that began after it, by the
// timer or by hand, the oldest first; none if the run is not recorded.
func (s *Store) Since(ctx context.Context, run montimer.Run) ([]montimer.Run, error) {
	runs, err := s.runs(ctx, "WHERE profile = ? AND seq >= (SELECT seq FROM montimer_runs WHERE id = ?) ORDER BY seq LIMIT ?",
		run.Profile, run.ID, mostSince)
	return runs, s.explain("read the runs since", err)
}

// Any other value in already_served means no: others can write it.
const runColumns = "id, profile, trigger, scheduled_at, already_served IS 1, attempt, started_at, ended_at, state, reason, git_commit, host, timetable, skip_cause"

func scanRun(row scanner) (r montimer.Run, err error) {
	err = row.Scan(&r.ID, &r.Profile, &r.Trigger, timeColumn{&r.Scheduled}, &r.AlreadyServed, &r.Attempt,
		timeColumn{&r.Started}, timeColumn{&r.Ended}, &r.State, &r.Reason, &r.Commit, &r.Host, &r.Timetable, &r.Skip)
	return r, err
}

// runs reads the runs that the end of a query selects.
func (s *Store) runs(ctx context.Context, rest string, args ...any) (runs []montimer.Run, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT "+runColumns+" FROM montimer_runs "+rest, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanRun)
}

// oneRun returns the run that the end of a query selects, without its tasks;
// the zero Run if there is none.
func (s *Store) oneRun(ctx context.Context, rest string, args ...any) (run montimer.Run, err error) {
	runs, err := s.runs(ctx, rest, args...)
	if len(runs) > 0 {
		run = runs[0]
	}
	return run, err
}

func (s *Store) tasks(ctx context.Context, runID string) ([]montimer.TaskRun, error) {
	rows, err := s.db.QueryContext(ctx, `
		SELECT `+taskColumns+`
		FROM montimer_task_runs WHERE run = (SELECT seq FROM montimer_runs WHERE id = ?) ORDER BY id`, runID)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(row scanner) (montimer.TaskRun, error) { return scanTask(row) })
}

const taskColumns = "name, status, exit_code, error, attempts, started_at, duration, stdout_tail, stderr_tail, left_out"

// scanTask reads the columns of a task after others.
func scanTask(row scanner, before ...any) (t montimer.TaskRun, err error) {
	err = row.Scan(append(before, &t.Name, &t.Status, &t.ExitCode, &t.Error, &t.Attempts,
		timeColumn{&t.Started}, &t.Duration, &t.StdoutTail, &t.StderrTail, &t.LeftOut)...)
	return t, err
}

type scanner interface{ Scan(...any) error }

// collect reads all rows.
func collect[T any](rows *sql.Rows, scan func(scanner) (T, error)) (all []T, err error) {
	defer rows.Close()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, errors.Join(rows.Err(), rows.Close())
}
