package taskexec

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/montimer/montimer"
)

// acquire takes a lock of the profile; mine says which. A run by hand is turned
// away when another is under way. A tick waits for it, but not for ever: after
// Patience it is served beside the other run, for a run that hangs must not
// silence the checks.
func (r *run) acquire(ctx context.Context) (mine string, release func(), err error) {
	release, err = lock(r.StateDir, r.record.Profile, runLock)
	if errors.Is(err, ErrLocked) && r.isTick() {
		release, err = r.await(ctx)
	}
	if !errors.Is(err, ErrLocked) || !r.isTick() {
		return runLock, release, err
	}
	other, ok, err := r.Recorder.Running(context.WithoutCancel(ctx), r.record.Profile)
	switch {
	case err != nil:
		r.Log.Error(fmt.Sprintf("the lock of %s is still held, by whom cannot be found out: %v", r.record.Profile, err), "event", EventTrouble)
	case !ok:
		return "", nil, fmt.Errorf("the lock of %s is still held after %v, but no run is under way: fuser %s/lock/%[1]s%s names the holder",
			r.record.Profile, r.Patience, r.StateDir, runLock)
	default:
		r.Log.Error(fmt.Sprintf("run %s (%s, since %s) still holds the lock after %v: running beside it",
			other.ID, other.Trigger, other.Started.Local().Format(time.DateTime), r.Patience), "event", EventTrouble)
	}
	release, err = lock(r.StateDir, r.record.Profile, besideLock)
	return besideLock, release, err
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
