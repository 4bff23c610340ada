package pager

import (
	"context"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
)

// Records is the database for package taskexec. If it could not be opened,
// every call fails, and a run reports that and goes on.
type Records struct {
	Store *store.Store
	Err   error // why there is none
}

// Open opens the database of a state directory.
func Open(ctx context.Context, of montimer.Instance, stateDir string) Records {
	// With a context that can end each statement takes a goroutine.
	s, err := store.Open(context.WithoutCancel(ctx), stateDir, store.Options{Instance: of})
	return Records{s, err}
}

// prunedOnce is how many runs are deleted at once: see [store.Store.Prune].
const prunedOnce = 500

// Prune deletes old runs, so that the database stays small.
func (r Records) Prune(ctx context.Context) error {
	if r.Err != nil {
		return nil // which is reported already
	}
	_, err := r.Store.Prune(ctx, store.Keep{Days: 90, Runs: 1000}, prunedOnce)
	return err
}

// Close closes the database; all writes are committed before.
func (r Records) Close() {
	if r.Err == nil {
		r.Store.Close()
	}
}

// hasOutbox reports whether the outbox can be read.
func (r Records) hasOutbox(ctx context.Context) bool {
	if r.Err != nil {
		return false
	}
	_, err := r.Store.Pending(ctx)
	return err == nil
}

func (r Records) Begin(ctx context.Context, run montimer.Run) (montimer.Run, error) {
	if r.Err != nil {
		return run, r.Err
	}
	return r.Store.Begin(ctx, run)
}

func (r Records) InForce(ctx context.Context, profile string, t montimer.Timetable, commit string) error {
	if r.Err != nil {
		return r.Err
	}
	return r.Store.InForce(ctx, profile, t, commit)
}

// Timetable returns the last timetable of a profile; the zero one: there is none.
func (r Records) Timetable(ctx context.Context, profile string) (t montimer.Timetable, err error) {
	if r.Err != nil {
		return t, r.Err
	}
	all, err := r.Store.Timetables(ctx, profile, time.Local)
	if known := all[profile]; len(known) > 0 {
		t = known[len(known)-1]
	}
	return t, err
}

func (r Records) TaskEnded(ctx context.Context, runID string, tasks ...montimer.TaskRun) error {
	if r.Err != nil {
		return r.Err
	}
	return r.Store.TaskEnded(ctx, runID, tasks...)
}

func (r Records) Finish(ctx context.Context, run montimer.Run, alert *montimer.Alert) error {
	if r.Err != nil {
		return r.Err
	}
	err := r.Store.Finish(ctx, run, alert)
	if err != nil && alert != nil {
		alert.ID = 0 // it is not stored
	}
	return err
}

func (r Records) Lost(ctx context.Context, free func(string) bool, report func(montimer.Run) *montimer.Alert) ([]montimer.Run, error) {
	if r.Err != nil {
		return nil, r.Err
	}
	return r.Store.Lost(ctx, free, report)
}

func (r Records) Running(ctx context.Context, profile string) (run montimer.Run, ok bool, err error) {
	if r.Err != nil {
		return run, false, r.Err
	}
	runs, err := r.Store.History(ctx, store.Filter{Profile: profile, State: montimer.RunRunning, Limit: 1})
	if len(runs) > 0 {
		run, ok = runs[0], true
	}
	return run, ok, err
}

func (r Records) LastOfTimer(ctx context.Context, profile string) (run montimer.Run, ago time.Duration, err error) {
	if r.Err != nil {
		return run, -1, r.Err
	}
	run, ended, ok, err := r.Store.LastOfTimer(ctx, profile)
	if now := store.Now(); ok && ended.Boot != "" && ended.Boot == now.Boot {
		return run, now.Since - ended.Since, nil
	}
	return run, -1, err
}

// NoteCommit records the commit of the checkout, and those since the last
// recorded one, which list returns.
func (r Records) NoteCommit(ctx context.Context, commit string, list func(ctx context.Context, from, to string) []montimer.Commit) error {
	if r.Err != nil {
		return nil // which is reported already
	}
	last, err := r.Store.LastCommit(ctx)
	if err != nil || last.ID == commit {
		return err
	}
	return r.Store.AddCommits(ctx, list(ctx, last.ID, commit))
}

// subjects returns the first lines of commit messages, for an alert; nothing if
// they are not known.
func (r Records) subjects(from, to string) []string {
	if r.Err != nil {
		return nil
	}
	subjects, _ := r.Store.Subjects(context.Background(), from, to, maxSubjects) // the alert is sent without them, too
	return subjects
}

// maxSubjects is how many commits are read for an alert, which counts those
// that it has no room for.
const maxSubjects = 100

func (r Records) Since(ctx context.Context, run montimer.Run) ([]montimer.Run, error) {
	if r.Err != nil {
		return nil, r.Err
	}
	return r.Store.Since(ctx, run)
}
