package taskexec

import (
	"context"

	"github.com/montimer/montimer"
)

// A Syncer brings the checkout that tasks run in up to date.
type Syncer interface {
	// Sync does so, and returns the failed commands after a change. An error of
	// the sync itself is logged, and stops no run.
	Sync(context.Context) []montimer.TaskRun

	// Hold keeps the checkout unchanged until it is released. With an error no
	// task may run.
	Hold(context.Context) (Held, error)
}

// Held is a checkout that no sync changes.
type Held struct {
	Commit  string // "": not known
	Reason  string // why it could not be locked, for the run's record and a page; "": nothing to report
	Release func() // never nil
}

// prepareCheckout syncs the checkout if the profile asks for it, and holds it.
func (r *run) prepareCheckout(ctx context.Context) (release func(), err error) {
	if r.Syncer == nil {
		return func() {}, nil
	}
	if r.needsSync(ctx) {
		r.meanwhile("the git sync", func() { r.synced = r.Syncer.Sync(ctx) })
	}
	var held Held
	r.meanwhile("the checkout, which a git sync is changing", func() { held, err = r.Syncer.Hold(ctx) })
	r.record.Commit = held.Commit
	r.addReason(held.Reason)
	return held.Release, err
}

// skipsBeforeSync reports whether the current jobs.yaml skips the tick: it then
// waits for no sync and no checkout.
func (r *run) skipsBeforeSync(ctx context.Context) (cause montimer.SkipCause, reason string) {
	strictest := montimer.Profile{Overlap: montimer.OverlapSkip}
	if cause, _ := r.situation.of(strictest).skip(); cause == "" || r.Syncer == nil {
		return "", ""
	}
	jobs, err := r.Peek(ctx)
	if err != nil {
		return "", ""
	}
	p, ok := jobs.Profile(r.request.Profile)
	if !ok || !p.Enabled {
		return "", ""
	}
	return r.situation.of(p).skip()
}

// needsSync reports whether the run begins with a sync. If the profile is gone
// or the file broken, a tick goes by the last good copy; without one it syncs,
// since that may bring the profile back.
func (r *run) needsSync(ctx context.Context) bool {
	if jobs, err := r.Peek(ctx); err == nil {
		if p, ok := jobs.Profile(r.request.Profile); ok {
			return p.Enabled && p.SyncBeforeRun
		}
	}
	if !r.isTick() {
		return false
	}
	p, err := lastGood(r.StateDir, r.request.Profile)
	return err != nil || p.SyncBeforeRun
}

// meanwhile calls do; if that takes long, the status and the log say what the
// run waits for.
func (r *run) meanwhile(what string, do func()) {
	defer func() { r.progress.Waiting = "" }()
	defer eachSecond(func() {
		if r.progress.Waiting == "" {
			r.Log.Info("waiting for " + what)
		}
		r.progress.Waiting = what
		r.watch()
	})()
	do()
}
