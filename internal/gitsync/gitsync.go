// Package gitsync brings the checkout that tasks run in up to date with its
// remote.
//
// gitsync.go is a sync from end to end: fetch.go gets the commit, reset.go moves
// the working tree to it, onchange.go runs the commands that follow a change,
// state.go keeps what the next sync must know. git.go runs one git command,
// lock.go takes a lock, stale.go removes what a killed git or a power cut left,
// repair.go replaces a repository that is damaged.
package gitsync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/flock"
)

// Syncer syncs one checkout.
type Syncer struct {
	Instance montimer.Instance // for the commands in errors

	Repo     string        // absolute; the checkout
	StateDir string        // absolute, exists; holds locks and state
	Sync     montimer.Sync // remote, branch and time-out
	Environ  []string      // of git and the commands
	Log      *slog.Logger

	// OnChange returns the commands to run after changes, from the new jobs.yaml;
	// nil: none. It is called with the checkout locked. With an error, the
	// commands stay pending.
	OnChange func(context.Context) ([]montimer.OnChange, error)

	// Units compares the units with the new jobs.yaml, and returns a page for the
	// operator, or ""; it may be nil.
	Units func(context.Context, Outcome) (page string)

	// Questions bounds the time that git may take for all questions of the
	// process; nil: for each of them.
	Questions *Questions

	Wait    time.Duration // for tasks to release the checkout; 0: 30 s
	LockAge time.Duration // from which a lock file of git may be a leftover; 0: 10 s
}

// Outcome is the result of a sync.
type Outcome struct {
	Old, New string // commits before and after, as hexadecimal; "": not known
	Commits  int    // that New has and Old has not
	PutOff   bool   // there were new commits, but tasks were using the checkout
	Forced   bool   // changed although tasks were using the checkout, for too long
	Err      error  // why the sync failed; the checkout is as it was, or as git left it

	Failed []montimer.TaskRun // commands after changes that failed or are pending
	Pages  []string           // pages for the operator, each at most every six hours
}

const inUse = "tasks are using the checkout"

// String says what the sync did.
func (o Outcome) String() string {
	switch {
	case o.Err != nil:
		return o.Err.Error()
	case o.PutOff:
		return "put off: " + inUse
	case o.Old == o.New:
		return "already up to date"
	}
	commits := fmt.Sprintf("%d commits", o.Commits)
	if o.Commits == 1 {
		commits = "1 commit"
	}
	text := fmt.Sprintf("%s..%s (%s)", short(o.Old), short(o.New), commits)
	if o.Forced {
		text += ", although tasks were still using the checkout"
	}
	return text
}

func short(commit string) string { return commit[:min(len(commit), 8)] }

// Run fetches and resets the checkout in any state: local edits and commits are
// lost, files that git does not track stay. Only one sync runs at a time, and
// none changes the checkout while tasks [Hold] it, for an hour at most. Run
// returns after the commands that follow a change.
func (s Syncer) Run(ctx context.Context) Outcome {
	s.Wait = cmp.Or(s.Wait, 30*time.Second)
	release, locked, blocked, err := s.begin(ctx)
	if err != nil {
		return Outcome{Err: err, Pages: blocked}
	}
	defer release()
	defer s.alive()()

	state := ReadState(s.StateDir)
	state.Blocked = 0
	o := s.run(ctx, &state)
	if ctx.Err() == nil { // a stopped sync is no failure
		state.note(o, time.Now())
		switch {
		case o.Err != nil:
			o.Failed = s.waiting(state, "the git sync failed")
		case o.PutOff:
			o.Failed = s.waiting(state, inUse)
		}
	}
	pages := map[string]string{"sync": state.Page(s.Sync, time.Now())}
	if locked {
		pages["blocked"] = ""
	}
	if s.Units != nil {
		pages["units"] = s.Units(ctx, o)
	}
	o.Pages = append(blocked, state.newPages(pages, time.Now())...)
	s.keep(state)
	s.packObjects(ctx, o)
	return o
}

// begin takes the lock of syncs. If another process has held it so long that no
// sync could succeed for an hour, the sync goes on without it and pages say so:
// a holder such as a stopped process or a task must not block syncs without
// end. Git's own locks keep two syncs apart.
func (s Syncer) begin(ctx context.Context) (release func(), locked bool, pages []string, err error) {
	path := syncLock(s.StateDir)
	wait := s.Sync.Timeout + s.Wait
	before := ReadState(s.StateDir)
	if before.Blocked > 0 {
		wait = s.Wait / 10 // it was held throughout the wait of the last sync
	}
	release, err = s.lock(ctx, path, flock.Exclusive, wait, "another sync is under way")
	if err == nil {
		return release, true, nil, nil
	}
	err = fmt.Errorf("wait for another sync: %w", err)
	if !errors.Is(err, flock.ErrHeld) {
		return nil, false, nil, err
	}
	state := ReadState(s.StateDir)
	state.Blocked++
	pages = state.newPages(map[string]string{"blocked": state.blockedPage(path, time.Now())}, time.Now())
	s.keep(state)
	if !state.blockedTooLong(time.Now()) {
		return nil, false, pages, err
	}
	s.Log.Error(fmt.Sprintf("git sync: %v: going on without the lock", err))
	return func() {}, false, pages, nil
}

func (s Syncer) keep(state State) {
	if err := state.write(s.StateDir); err != nil {
		s.Log.Warn(fmt.Sprintf("git sync: %v", err))
	}
}

func (s Syncer) run(ctx context.Context, state *State) Outcome {
	if !s.isCheckout() {
		return Outcome{Err: fmt.Errorf("%s is not a git checkout", s.Repo)}
	}
	s.removeLeftovers(ctx)
	limited, cancel := context.WithTimeout(ctx, s.Sync.Timeout)
	defer cancel()
	// Before the fetch, which may take longer: a question tells whether git answers.
	o := Outcome{Old: s.Commit(limited)}
	o.New = o.Old
	found, err := s.fetch(limited)
	if err != nil {
		o.Err = err
		return o
	}
	behind := found.commit != o.Old
	if behind && state.Behind.IsZero() {
		state.Behind = time.Now()
	}

	release, err := s.checkout(ctx, behind || len(state.Pending) > 0 || state.Resetting != "")
	switch {
	case err == nil:
		defer release()
	case !errors.Is(err, flock.ErrHeld):
		o.Err = err
		return o
	case !behind:
		o.Failed = s.waiting(*state, inUse)
		return o
	case !state.overdue(time.Now()):
		o.PutOff = true
		return o
	default:
		o.Forced = true
	}
	s.moveTo(ctx, state, found, &o)
	return o
}

// moveTo moves the working tree to the commit that was fetched, and runs the
// commands after a change.
func (s Syncer) moveTo(ctx context.Context, state *State, found fetched, o *Outcome) {
	if found.commit != o.Old && s.OnChange != nil {
		state.Since = cmp.Or(state.Since, o.Old, unborn)
		s.keep(*state) // this process may be killed from here on
	}
	// A reset that is stopped leaves a partly changed tree: let it end.
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Sync.Timeout)
	defer cancel()
	if o.Err = s.reset(finish, state, found.target, found.commit); o.Err != nil {
		o.New = s.Commit(finish)
		return
	}
	o.New = found.commit
	o.Commits = s.count(finish, o.Old, o.New)
	if s.OnChange != nil {
		o.Failed = s.runCommands(ctx, state, *o)
	}
}

// checkout locks the checkout; it waits for the lock only if there is work.
func (s Syncer) checkout(ctx context.Context, work bool) (release func(), err error) {
	wait := time.Duration(0)
	if work {
		wait = s.Wait
	}
	path := checkoutLock(s.StateDir)
	if release, err = s.lock(ctx, path, flock.Exclusive, wait, inUse); err == nil {
		clearContended(path)
	}
	return release, err
}

// Commit returns the commit of the checkout; "" when there is none.
func (s Syncer) Commit(ctx context.Context) string {
	if !s.isCheckout() {
		return ""
	}
	return s.commit(ctx, "HEAD")
}

func (s Syncer) isCheckout() bool {
	_, err := os.Lstat(filepath.Join(s.Repo, ".git"))
	return err == nil
}

// commit resolves a name; "" when there is no such commit.
func (s Syncer) commit(ctx context.Context, name string) string {
	out, err := s.ask(ctx, "rev-parse", "--verify", "--quiet", name+"^{commit}")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}

// commits resolves names, by one git process; "" for what is no commit.
func (s Syncer) commits(ctx context.Context, names ...string) []string {
	args := []string{"rev-parse", "--revs-only"}
	for _, name := range names {
		args = append(args, name+"^{commit}")
	}
	out, err := s.ask(ctx, args...)
	if found := strings.Fields(out); err == nil && len(found) == len(names) {
		return found
	}
	all := make([]string, len(names)) // git stops at the first that is none
	for i, name := range names {
		all[i] = s.commit(ctx, name)
	}
	return all
}

// count returns how many commits are new; 0 when that is not known.
func (s Syncer) count(ctx context.Context, from, to string) int {
	if from == to {
		return 0
	}
	out, err := s.ask(ctx, "rev-list", "--count", to, "--not", from)
	n, convErr := strconv.Atoi(strings.TrimSpace(out))
	if err != nil || convErr != nil {
		return 0
	}
	return n
}

// packObjects has git pack fetched objects, when git considers it due. Fetch
// would do it in the background, and be killed with the service each time.
func (s Syncer) packObjects(ctx context.Context, o Outcome) {
	if o.Old == o.New {
		return
	}
	limited, cancel := context.WithTimeout(ctx, s.Sync.Timeout)
	defer cancel()
	if err := s.change(limited, "gc", "--auto", "--quiet"); err != nil {
		s.Log.Info(fmt.Sprintf("git gc: %v", err))
	}
}
