package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/flock"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

// Restored is what a restore has done.
type Restored struct {
	From string  // the backup; "": an empty database
	Kept string  // the old database; "": there was none
	Bad  []error // why newer backups of the directory were passed over
}

// Restore gives the database the content of a file, or of the newest good backup of a
// directory; "" empties it. It refuses while a profile of these jobs, or one that has run
// before, runs (a [*taskexec.RunningError]), or alerts are sent or git synced
// (flock.ErrHeld). None of these can begin until it is done.
func (s Source) Restore(ctx context.Context, from string, j montimer.Jobs) (r Restored, err error) {
	var profiles []string
	for _, p := range j.Profiles {
		profiles = append(profiles, p.Name)
	}
	release, err := s.hold(ctx, profiles)
	if err != nil {
		return r, err
	}
	defer release()
	r.From = from
	if info, err := os.Stat(from); from != "" && err == nil && info.IsDir() {
		newest, bad, err := NewestGood(ctx, s.Instance, from)
		r.Bad = bad
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w; to begin with an empty database: %s", err, s.Instance.Command("db restore --empty"))
		}
		if err != nil {
			return r, err
		}
		r.From = newest.Path
	}
	r.Kept, err = store.Restore(ctx, s.Instance, s.StateDir, r.From, store.BesideName(s.Now))
	return r, err
}

// holdTime is how long the sending of an alert, a sync or a backup may take to end.
const holdTime = 10 * time.Second

// hold takes the locks of all that writes to the database.
func (s Source) hold(ctx context.Context, profiles []string) (release func(), err error) {
	var held []func()
	release = func() {
		for _, free := range held {
			free()
		}
	}
	for _, take := range []func() (func(), error){
		func() (func(), error) { return taskexec.HoldAll(s.StateDir, profiles) },
		func() (func(), error) { return s.lock(ctx, "sync.lock") },
		func() (func(), error) { return s.lock(ctx, "backup.lock") },
		func() (func(), error) { return s.holdSending(ctx) },
	} {
		free, err := take()
		if err != nil {
			release()
			return nil, err
		}
		held = append(held, free)
	}
	return release, nil
}

func (s Source) lock(ctx context.Context, name string) (release func(), err error) {
	path := filepath.Join(s.StateDir, name)
	release, err = flock.Wait(ctx, path, flock.Exclusive, holdTime, func() {})
	if err != nil {
		err = fmt.Errorf("lock %s: %w (fuser -v %[1]s names its holder)", path, err)
	}
	return release, err
}

// holdSending keeps alerts from being sent. A sender that does not get the lock sends
// without it, unless the database says who sends: as far as that can be used.
func (s Source) holdSending(ctx context.Context) (release func(), err error) {
	const name = "outbox.lock"
	if _, err := os.Lstat(filepath.Join(s.StateDir, store.FileName)); err != nil {
		return s.lock(ctx, name)
	}
	db, err := store.Open(ctx, s.StateDir, store.Options{Instance: s.Instance})
	if err != nil {
		return s.lock(ctx, name)
	}
	for deadline := time.Now().Add(holdTime); ; {
		end, ok, err := db.BeginSending(ctx)
		if ok && err == nil {
			return func() { end(); db.Close() }, nil
		}
		if ok { // without the lock
			end()
		}
		if ok || err != nil || time.Now().After(deadline) {
			return nil, errors.Join(cmp.Or(err, fmt.Errorf("alerts are being sent: %w", flock.ErrHeld)), db.Close())
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}
