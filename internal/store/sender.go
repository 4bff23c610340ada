package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/montimer/montimer/internal/flock"
)

const (
	leaseTime = 2 * time.Minute // longer than any process sends
	lockGrace = 5 * time.Second // between taking the lock and recording it
)

// ErrHeld says that a process holds the lock of the outbox without sending.
var ErrHeld = errors.New("is held by a process that sends nothing: alerts are sent without it; end that process")

// BeginSending gives the right to send what is in the outbox to one process at
// a time, until it calls release or ends. ok is false when another has it.
//
// Two things record the holder: a flock(2) of outbox.lock in the state directory,
// which ends with its process, and a row of the database, which ends after two
// minutes. So neither a sender that was stopped nor another program that holds the
// lock keeps alerts from being sent: then ok comes with an error that says what
// to correct, such as ErrHeld.
func (s *Store) BeginSending(ctx context.Context) (release func(), ok bool, err error) {
	path := filepath.Join(filepath.Dir(s.path), "outbox.lock")
	for end := time.Now().Add(lockGrace); ; {
		unlock, lockErr := flock.Take(path, flock.Exclusive)
		locked := lockErr == nil
		if !locked {
			unlock = func() {}
		}
		switch {
		case errors.Is(lockErr, flock.ErrHeld):
			if busy, err := s.leased(ctx); err != nil || busy {
				return nil, false, s.explain("lock the outbox", err)
			}
			if time.Now().Before(end) { // its holder may be about to record the lease, or have just ended
				select {
				case <-ctx.Done():
					return nil, false, ctx.Err()
				case <-time.After(100 * time.Millisecond):
				}
				continue
			}
			lockErr = fmt.Errorf("%s %w (fuser -v %[1]s names it)", path, ErrHeld)
		case lockErr != nil:
			lockErr = fmt.Errorf("lock the outbox: %w; alerts are sent without the lock", lockErr)
		}
		end, taken, err := s.lease(ctx, locked)
		if err != nil || !taken {
			unlock()
			return nil, false, s.explain("lock the outbox", err)
		}
		return func() {
			unlock() // first: a holder of the lock does not check the row
			end()
		}, true, lockErr
	}
}

// lease records this process as the sender, unless another sends without the
// lock, or has the lock where hasLock is not set.
func (s *Store) lease(ctx context.Context, hasLock bool) (end func(), taken bool, err error) {
	holder := freshID()
	err = s.write(ctx, quick, func(tx *sql.Tx) error {
		other, otherHasLock, err := sender(ctx, tx)
		if err != nil || other && !(hasLock && otherHasLock) {
			return err
		}
		taken = true
		until := Now()
		return do(ctx, tx, "INSERT OR REPLACE INTO montimer_sender (one, holder, has_lock, until_boot, until_boottime) VALUES (1, ?, ?, ?, ?)",
			holder, hasLock, until.Boot, int64(until.Since+leaseTime))
	})
	return func() {
		// The lease runs out if this fails.
		_ = s.write(context.WithoutCancel(ctx), quick, func(tx *sql.Tx) error {
			return do(ctx, tx, "DELETE FROM montimer_sender WHERE holder = ?", holder)
		})
	}, taken && err == nil, err
}

// leased reports whether a process has the lease.
func (s *Store) leased(ctx context.Context) (bool, error) {
	other, _, err := sender(ctx, s.db)
	return other, err
}

// sender reads the row of the sender. A row that has run out, is of another
// boot, or lies too far ahead does not count.
func sender(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (there, hasLock bool, err error) {
	now := Now()
	var left int64
	err = db.QueryRowContext(ctx, `
		SELECT CAST(has_lock AS INTEGER) <> 0, CAST(until_boottime AS INTEGER) - ? FROM montimer_sender
		WHERE until_boot = ? AND until_boot <> ''`, int64(now.Since), now.Boot).Scan(&hasLock, &left)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	return err == nil && left > 0 && left <= int64(leaseTime), hasLock, err
}
