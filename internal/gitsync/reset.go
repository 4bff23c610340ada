package gitsync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/montimer/montimer/internal/flock"
	"github.com/montimer/montimer/internal/safefile"
)

// reset moves the working tree to a commit, under the lock of the checkout. The
// state on disk has Resetting from before it begins until it has succeeded: if
// it is ended halfway, by a kill or a full disk, the tree is partly changed,
// and no task may run on it. See [Syncer.Hold].
func (s Syncer) reset(ctx context.Context, state *State, target, commit string) error {
	state.Resetting = commit
	if err := state.write(s.StateDir); err != nil {
		return err
	}
	if err := s.change(ctx, "reset", "--hard", "--quiet", target); err != nil {
		return s.explain(err)
	}
	at := s.commit(ctx, "HEAD")
	if at != commit && target != commit { // another git has moved the name meanwhile
		if err := s.change(ctx, "reset", "--hard", "--quiet", commit); err != nil {
			return s.explain(err)
		}
		at = s.commit(ctx, "HEAD")
	}
	if at != commit {
		return s.explain(fmt.Errorf("after git reset the checkout is at commit %q, not at %s", at, commit))
	}
	if err := s.followSubmodules(ctx); err != nil {
		return err
	}
	state.Resetting = ""
	return state.write(s.StateDir)
}

// Hold keeps syncs from changing the checkout until release is called. It waits
// for a sync that changes it, and for the commands that follow, as long as their
// time-outs allow and at most wait.
// If the holder of the lock is no working sync it waits only as long as
// completing a change may take. Then the error is [ErrNoSync], else
// [flock.ErrHeld]; after either, the next Hold waits for some seconds only,
// until the lock is released.
//
// If a sync was ended while it changed the working tree, Hold completes that
// change first. Tasks that are at work keep it from that, but a tree that is whole
// can be used as it is. Else the error is [ErrHalfTree]; any other error
// means that a sync may run during the tasks. Release is never nil.
func (s Syncer) Hold(ctx context.Context, wait time.Duration) (release func(), err error) {
	for range 2 {
		release, err = s.share(ctx, wait)
		if err != nil {
			return func() {}, fmt.Errorf("wait for the checkout: %w", err)
		}
		if ReadState(s.StateDir).Resetting == "" {
			return release, nil
		}
		whole := s.isWhole(ctx)
		release()
		wait := min(wait, time.Minute)
		if whole {
			wait = min(wait, grace)
		}
		if err := s.complete(ctx, wait); whole && errors.Is(err, flock.ErrHeld) {
			s.Log.Warn("a git sync was ended while it changed the working tree, which is as in its commit: it is used as it is, until no task uses it")
			if release, err = s.share(ctx, wait); err != nil {
				return func() {}, fmt.Errorf("wait for the checkout: %w", err)
			}
			return release, nil
		} else if err != nil {
			return func() {}, err
		}
	}
	return func() {}, fmt.Errorf("%w: another sync was ended meanwhile", ErrHalfTree)
}

// ErrNoSync says that a process that is no git sync, or a stopped one, holds
// the lock of the checkout.
var ErrNoSync = errors.New("held by a process that is no git sync at work")

// share takes the lock of the checkout as tasks do.
func (s Syncer) share(ctx context.Context, wait time.Duration) (release func(), err error) {
	path := checkoutLock(s.StateDir)
	limit := cmp.Or(s.Sync.Timeout, askLimit) + grace
	if isContended(path) {
		wait, limit = min(wait, grace), min(limit, grace/2)
	}
	var idle time.Duration // how long the lock was held without a working sync
	seen := lastLifeSign(s.StateDir)
	step := time.Duration(0)
	start := time.Now()
	for deadline := start.Add(wait); ; step = grace {
		began := time.Now()
		release, err = s.lock(ctx, path, flock.Shared, min(step, time.Until(deadline)), "")
		if errors.Is(err, flock.ErrHeld) && (step == 0 || !time.Now().Before(deadline)) {
			// Once more at the end: the sync may have brought other commands.
			deadline = start.Add(min(wait, s.longest(ctx)))
		}
		last := !time.Now().Before(deadline)
		switch {
		case err == nil:
			clearContended(path)
			return release, nil
		case !errors.Is(err, flock.ErrHeld):
			return nil, err
		case !last && step == 0:
			s.Log.Info(fmt.Sprintf("git sync: a git sync is changing the checkout: waiting, at most %v", deadline.Sub(start)))
		case s.atWork(ctx, &seen):
			idle = 0
		default:
			idle += time.Since(began)
		}
		if last || idle >= limit {
			err = fmt.Errorf("%s is %w (fuser -v %[1]s names it)", path, ErrNoSync)
			if idle < limit {
				err = fmt.Errorf("%s: %w for longer than a sync and the commands after it may take (fuser -v %[1]s names its holder)", path, flock.ErrHeld)
			}
			markContended(path)
			return nil, err
		}
	}
}

// longest returns how long a sync may hold the lock of the checkout.
func (s Syncer) longest(ctx context.Context) time.Duration {
	all := 2 * (s.Sync.Timeout + grace) // of the reset, and what goes with it
	if s.OnChange == nil {
		return all
	}
	commands, err := s.OnChange(ctx)
	if err != nil {
		return all // a sync runs none, either
	}
	for _, c := range commands {
		all += c.Timeout + grace
	}
	return all
}

// atWork reports whether a sync is working: it has the lock of syncs, and gave
// a life sign since seen.
func (s Syncer) atWork(ctx context.Context, seen *time.Time) bool {
	release, err := s.lock(ctx, syncLock(s.StateDir), flock.Shared, 0, "")
	if err == nil {
		release()
	}
	before, now := *seen, lastLifeSign(s.StateDir)
	*seen = now
	return errors.Is(err, flock.ErrHeld) && !now.Equal(before)
}

// ErrHalfTree says that the working tree is partly of one commit and partly of
// another, and that git could not complete it.
var ErrHalfTree = errors.New("a git sync was ended while it changed the working tree, which is now partly old and partly new")

// isWhole reports whether the files of the working tree are as in its commit.
func (s Syncer) isWhole(ctx context.Context) bool {
	changed, err := s.ask(ctx, "--no-optional-locks", "status", "--porcelain", "--untracked-files=no")
	return err == nil && changed == ""
}

// complete finishes the reset of a sync that was ended halfway.
func (s Syncer) complete(ctx context.Context, wait time.Duration) error {
	release, err := s.lock(ctx, checkoutLock(s.StateDir), flock.Exclusive, wait, inUse)
	if err != nil {
		return fmt.Errorf("%w: wait for the checkout: %w", ErrHalfTree, err)
	}
	defer release()
	state := ReadState(s.StateDir)
	if state.Resetting == "" {
		return nil
	}
	s.Log.Warn("a git sync was ended while it changed the working tree: completing it")
	s.removeLeftovers(ctx)
	limited, cancel := context.WithTimeout(ctx, cmp.Or(s.Sync.Timeout, askLimit))
	defer cancel()
	if err := s.reset(limited, &state, state.Resetting, state.Resetting); err != nil {
		return fmt.Errorf("%w: %w", ErrHalfTree, err)
	}
	return nil
}

// readSubmodules reads the output of git submodule status (git-submodule(1): a
// sign, the commit, the path): the submodules that are at another commit, and those
// that are not checked out.
func readSubmodules(status string) (follow, missing []string) {
	for line := range strings.Lines(status) {
		_, path, _ := strings.Cut(strings.TrimSpace(line[1:]), " ")
		if i := strings.LastIndex(path, " ("); i >= 0 && strings.HasSuffix(path, ")") { // what git describe says
			path = path[:i]
		}
		switch line[0] {
		case '-':
			missing = append(missing, path)
		case '+', 'U':
			follow = append(follow, path)
		}
	}
	return follow, missing
}

// followSubmodules updates the submodules that are checked out to the commit
// that the tree names. Others are logged: only the operator knows whether tasks
// need them.
func (s Syncer) followSubmodules(ctx context.Context) error {
	status, err := s.submodules(ctx)
	if err != nil || status == "" {
		return err
	}
	follow, missing := readSubmodules(status)
	if missing != nil {
		s.Log.Warn(fmt.Sprintf("git sync: submodules that are not checked out: %s; if tasks need them: git -C %s submodule update --init --recursive, as the user that owns it",
			strings.Join(missing, ", "), s.Repo))
	}
	if follow == nil {
		return nil
	}
	update := append([]string{"submodule", "--quiet", "update", "--recursive", "--force", "--"}, follow...)
	err = errors.Join(s.change(ctx, "submodule", "--quiet", "sync", "--recursive"), s.change(ctx, update...))
	if err != nil {
		return fmt.Errorf("submodules do not follow the commit (%s): %w", strings.Join(follow, ", "), err)
	}
	return nil
}

// submodules returns git's status of the submodules of the tree; "" when it has
// none.
func (s Syncer) submodules(ctx context.Context) (string, error) {
	if _, err := safefile.Read(filepath.Join(s.Repo, ".gitmodules"), maxState); errors.Is(err, syscall.ENOENT) {
		return "", nil
	}
	out, err := s.ask(ctx, "submodule", "status")
	if err != nil {
		return "", fmt.Errorf("git submodule status: %w", err)
	}
	return out, nil
}
