package pager

import (
	"context"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
)

// Records is the database as package taskexec sees it. Where it could not be
// opened, every use of it fails, and a run says so and goes on.
type Records struct {
	Store *store.Store
	Err   error // why there is none
}

// Open opens the database of a state directory.
func Open(ctx context.Context, stateDir string) Records {
	// A context that can end costs a goroutine for each statement.
	s, err := store.Open(context.WithoutCancel(ctx), stateDir, store.Options{})
	return Records{s, err}
}

// prunedOnce is how many runs are deleted at once: see [store.Store.Prune].
const prunedOnce = 500

// Prune deletes what is too old, so that the database does not grow for ever.
func (r Records) Prune(ctx context.Context) error {
	if r.Err != nil {
		return nil // which has been told
	}
	_, err := r.Store.Prune(ctx, store.Keep{Days: 90, Runs: 1000}, prunedOnce)
	return err
}

// Close closes the database; all that counts has been committed before.
func (r Records) Close() {
	if r.Err == nil {
		r.Store.Close()
	}
}

func (r Records) Begin(ctx context.Context, run montimer.Run) (montimer.Run, error) {
	if r.Err != nil {
		return run, r.Err
	}
	return r.Store.Begin(ctx, run)
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
		alert.ID = 0 // it is not there, however far the transaction came
	}
	return err
}

func (r Records) Lost(ctx context.Context, free func(string) bool, tell func(montimer.Run) *montimer.Alert) ([]montimer.Run, error) {
	if r.Err != nil {
		return nil, r.Err
	}
	return r.Store.Lost(ctx, free, tell)
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

// NoteCommit keeps the commit that the checkout is at, and those since the last
// that was kept, which list returns.
func (r Records) NoteCommit(ctx context.Context, commit string, list func(ctx context.Context, from, to string) []montimer.Commit) error {
	if r.Err != nil {
		return nil // which has been said
	}
	last, err := r.Store.LastCommit(ctx)
	if err != nil || last == commit {
		return err
	}
	return r.Store.AddCommits(ctx, list(ctx, last, commit))
}

// subjects returns what commits did, for a page; nothing where that is not known.
func (r Records) subjects(from, to string) []string {
	if r.Err != nil {
		return nil
	}
	subjects, _ := r.Store.Subjects(context.Background(), from, to, maxSubjects) // a page is sent without them, too
	return subjects
}

// maxSubjects is how many commits are looked up for a page, which counts those
// that it has no room for.
const maxSubjects = 100

func (r Records) Since(ctx context.Context, run montimer.Run) ([]montimer.Run, error) {
	if r.Err != nil {
		return nil, r.Err
	}
	return r.Store.Since(ctx, run)
}
