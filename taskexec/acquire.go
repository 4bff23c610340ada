package taskexec

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/montimer/montimer"
)

// acquire takes a lock of the profile; mine says which, "" is none. A run by
// hand is refused when another is under way or the lock fails. A tick always
// runs, since a held or broken lock must not silence the checks: it waits for
// another run, at most LockTimeout, and then runs concurrently. systemd starts
// one tick of a profile at a time, so there are at most two runs.
func (r *run) acquire(ctx context.Context) (mine string, release func(), err error) {
	release, err = lock(r.StateDir, r.record.Profile, runLock)
	if !r.isTick() {
		return runLock, release, err
	}
	if errors.Is(err, ErrLocked) {
		release, err = r.waitForLock(ctx)
	}
	var usage *UsageError
	switch {
	case err == nil, ctx.Err() != nil, errors.As(err, &usage):
		return runLock, release, err
	case errors.Is(err, ErrLocked):
		r.record.Reason = r.runConcurrently(ctx)
		if release, err = lock(r.StateDir, r.record.Profile, secondLock); err == nil {
			return secondLock, release, nil
		}
	default: // the database most likely fails too, and with it the run
		r.Log.Error("running without a lock: "+err.Error(), "event", EventTrouble)
	}
	return "", func() {}, nil
}

// runConcurrently logs which run holds the lock. The reason is for the run's
// record and for a page: if no run holds it, another process does.
func (r *run) runConcurrently(ctx context.Context) (reason string) {
	other, ok, err := r.Recorder.Running(context.WithoutCancel(ctx), r.record.Profile)
	switch {
	case err != nil:
		r.Log.Error(fmt.Sprintf("the lock of %s is still held after %v, holder unknown: running without it: %v", r.record.Profile, r.LockTimeout, err), "event", EventTrouble)
	case !ok:
		reason = fmt.Sprintf("ran without the lock of the profile: a process that is not a run holds it; fuser -v %s names it", lockPath(r.StateDir, r.record.Profile))
		r.Log.Error(reason, "event", EventTrouble)
	default:
		r.Log.Error(fmt.Sprintf("run %s (%s, since %s) still holds the lock after %v: running concurrently",
			other.ID, other.Trigger, other.Started.Local().Format(time.DateTime), r.LockTimeout), "event", EventTrouble)
	}
	return reason
}

func lockPath(stateDir, profile string) string {
	return filepath.Join(stateDir, "lock", profile+runLock)
}

// waitForLock takes the run lock as soon as it is free.
func (r *run) waitForLock(ctx context.Context) (release func(), err error) {
	r.Log.Warn(fmt.Sprintf("another run of %s is under way: waiting for it, at most %v", r.record.Profile, r.LockTimeout))
	r.progress.Waiting = "another run"
	for deadline := time.Now().Add(r.LockTimeout); ; {
		r.watch()
		if !sleep(ctx, min(time.Second, r.LockTimeout/10)) {
			return nil, ctx.Err()
		}
		release, err = lock(r.StateDir, r.record.Profile, runLock)
		if !errors.Is(err, ErrLocked) || time.Now().After(deadline) {
			return release, err
		}
	}
}

// findLost finishes the runs with processes that died without recording a
// result; mine is the lock that this run holds.
func (r *run) findLost(ctx context.Context, mine string) {
	free := func(profile string) bool {
		if profile == r.record.Profile {
			return idle(r.StateDir, profile, mine)
		}
		return idle(r.StateDir, profile, "")
	}
	r.keep(ctx, func(ctx context.Context) error {
		lost, err := r.Recorder.Lost(ctx, free, r.alert)
		for _, l := range lost {
			r.Log.Error(fmt.Sprintf("run %s of %s is lost: %s", l.ID, l.Profile, l.Reason), "event", EventLost)
		}
		return err
	})
}

// alert returns the alert that reports a run that has ended; nil: none.
func (r *run) alert(run montimer.Run) *montimer.Alert {
	if r.Alert == nil {
		return nil
	}
	return r.Alert(run)
}
