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
// hand is turned away when another is under way or no lock can be had. A tick is
// served in any case, as nothing that holds or breaks a lock may silence the
// checks: it waits for another run, at most Patience, and then runs beside it.
// systemd starts one tick of a profile at a time, so there are never more.
func (r *run) acquire(ctx context.Context) (mine string, release func(), err error) {
	release, err = lock(r.StateDir, r.record.Profile, runLock)
	if !r.isTick() {
		return runLock, release, err
	}
	if errors.Is(err, ErrLocked) {
		release, err = r.await(ctx)
	}
	var usage *UsageError
	switch {
	case err == nil, ctx.Err() != nil, errors.As(err, &usage):
		return runLock, release, err
	case errors.Is(err, ErrLocked):
		r.record.Reason = r.beside(ctx)
		if release, err = lock(r.StateDir, r.record.Profile, besideLock); err == nil {
			return besideLock, release, nil
		}
	default: // the database says as much, most likely, and makes the run fail
		r.Log.Error("running without a lock: "+err.Error(), "event", EventTrouble)
	}
	return "", func() {}, nil
}

// beside logs beside whom a tick runs. Its reason is for the run's record and
// for a page: a lock that no run holds is held by something else.
func (r *run) beside(ctx context.Context) (reason string) {
	other, ok, err := r.Recorder.Running(context.WithoutCancel(ctx), r.record.Profile)
	switch {
	case err != nil:
		r.Log.Error(fmt.Sprintf("the lock of %s is still held after %v, holder unknown: running without it: %v", r.record.Profile, r.Patience, err), "event", EventTrouble)
	case !ok:
		reason = fmt.Sprintf("ran without the lock of the profile: a process that is not a run holds it; fuser -v %s names it", lockPath(r.StateDir, r.record.Profile))
		r.Log.Error(reason, "event", EventTrouble)
	default:
		r.Log.Error(fmt.Sprintf("run %s (%s, since %s) still holds the lock after %v: running concurrently",
			other.ID, other.Trigger, other.Started.Local().Format(time.DateTime), r.Patience), "event", EventTrouble)
	}
	return reason
}

func lockPath(stateDir, profile string) string {
	return filepath.Join(stateDir, "lock", profile+runLock)
}

// await takes the run lock as soon as it is free.
func (r *run) await(ctx context.Context) (release func(), err error) {
	r.Log.Warn(fmt.Sprintf("another run of %s is under way: waiting for it, at most %v", r.record.Profile, r.Patience))
	r.progress.Waiting = "another run"
	for deadline := time.Now().Add(r.Patience); ; {
		r.watch()
		if !sleep(ctx, min(time.Second, r.Patience/10)) {
			return nil, ctx.Err()
		}
		release, err = lock(r.StateDir, r.record.Profile, runLock)
		if !errors.Is(err, ErrLocked) || time.Now().After(deadline) {
			return release, err
		}
	}
}

// findLost finishes the runs whose processes are gone without a word; mine is
// the lock that this run holds.
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

// alert returns what tells of a run that has ended; nil: nobody is told.
func (r *run) alert(run montimer.Run) *montimer.Alert {
	if r.Alert == nil {
		return nil
	}
	return r.Alert(run)
}
