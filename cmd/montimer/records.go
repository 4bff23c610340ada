package main

import (
	"context"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
)

// records is the database as package taskexec sees it. Where it could not be
// opened, every use of it fails, and a run says so and goes on.
type records struct {
	store *store.Store
	err   error // why there is none
}

func openRecords(ctx context.Context, stateDir string) records {
	// A context that can end costs a goroutine for each statement.
	s, err := store.Open(context.WithoutCancel(ctx), stateDir, store.Options{})
	return records{s, err}
}

// prunedOnce is how many runs are deleted at once: see [store.Store.Prune].
const prunedOnce = 500

// prune deletes what is too old, so that the database does not grow for ever.
func (r records) prune(ctx context.Context) error {
	if r.err != nil {
		return nil // which has been told
	}
	_, err := r.store.Prune(ctx, store.Keep{Days: 90, Runs: 1000}, prunedOnce)
	return err
}

// Close closes the database; all that counts has been committed before.
func (r records) Close() {
	if r.err == nil {
		r.store.Close()
	}
}

func (r records) Begin(ctx context.Context, run montimer.Run) (montimer.Run, error) {
	if r.err != nil {
		return run, r.err
	}
	return r.store.Begin(ctx, run)
}

func (r records) TaskEnded(ctx context.Context, runID string, tasks ...montimer.TaskRun) error {
	if r.err != nil {
		return r.err
	}
	return r.store.TaskEnded(ctx, runID, tasks...)
}

func (r records) Finish(ctx context.Context, run montimer.Run, alert *montimer.Alert) error {
	if r.err != nil {
		return r.err
	}
	err := r.store.Finish(ctx, run, alert)
	if err != nil && alert != nil {
		alert.ID = 0 // it is not there, however far the transaction came
	}
	return err
}

func (r records) Lost(ctx context.Context, free func(string) bool, tell func(montimer.Run) *montimer.Alert) ([]montimer.Run, error) {
	if r.err != nil {
		return nil, r.err
	}
	return r.store.Lost(ctx, free, tell)
}

func (r records) Running(ctx context.Context, profile string) (run montimer.Run, ok bool, err error) {
	if r.err != nil {
		return run, false, r.err
	}
	runs, err := r.store.History(ctx, store.Filter{Profile: profile, State: montimer.RunRunning, Limit: 1})
	if len(runs) > 0 {
		run, ok = runs[0], true
	}
	return run, ok, err
}

func (r records) LastOfTimer(ctx context.Context, profile string) (run montimer.Run, ago time.Duration, err error) {
	if r.err != nil {
		return run, -1, r.err
	}
	run, ended, ok, err := r.store.LastOfTimer(ctx, profile)
	if now := store.Now(); ok && ended.Boot != "" && ended.Boot == now.Boot {
		return run, now.Since - ended.Since, nil
	}
	return run, -1, err
}

// noteCommit keeps the commit that the checkout is at, and those since the last
// that was kept, which list returns.
func (r records) noteCommit(ctx context.Context, commit string, list func(ctx context.Context, from, to string) []montimer.Commit) error {
	if r.err != nil {
		return nil // which has been said
	}
	last, err := r.store.LastCommit(ctx)
	if err != nil || last == commit {
		return err
	}
	return r.store.AddCommits(ctx, list(ctx, last, commit))
}

// subjects returns what commits did, for a page; nothing where that is not known.
func (r records) subjects(from, to string) []string {
	if r.err != nil {
		return nil
	}
	subjects, _ := r.store.Subjects(context.Background(), from, to, maxSubjects) // a page is sent without them, too
	return subjects
}

// maxSubjects is how many commits are looked up for a page, which counts those
// that it has no room for.
const maxSubjects = 100

func (r records) Since(ctx context.Context, run montimer.Run) ([]montimer.Run, error) {
	if r.err != nil {
		return nil, r.err
	}
	return r.store.Since(ctx, run)
}
