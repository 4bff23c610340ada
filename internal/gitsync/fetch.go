package gitsync

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/lazy"
)

// objectName matches the full name of a commit (gitglossary(7), SHA-1 or
// SHA-256). Such a commit never changes, so it is fetched once.
var objectName = lazy.Regexp(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// fetched is what a fetch has found.
type fetched struct {
	commit string // of the configured branch, tag, full reference or commit

	// target names commit for git reset: as REMOTE/BRANCH where that is the commit
	// (contract C.3), else by the commit. A checkout that was cloned with
	// --single-branch, or with a remote.REMOTE.fetch without the branch, has no
	// such name, and a tag may have taken it.
	target string
}

// fetch fetches what is configured.
func (s Syncer) fetch(ctx context.Context) (fetched, error) {
	name, err := s.download(ctx)
	if err != nil {
		return fetched{}, err
	}
	upstream := s.Sync.Remote + "/" + s.Sync.Branch
	at := s.commits(ctx, name, upstream)
	if at[0] == "" {
		return fetched{}, s.explain(fmt.Errorf("%s %s is not a commit", s.Sync.Remote, s.Sync.Branch))
	}
	if at[1] == at[0] {
		return fetched{at[0], upstream}, nil
	}
	return fetched{at[0], at[0]}, nil
}

// download gets the commit from the remote, and returns git's name of it.
//
// It runs the command of contract C.2. If that fails without a message (--quiet
// hides which reference was refused), it runs again without --quiet, and
// with --force: a tag or branch that was moved upstream is no reason to stay
// behind.
func (s Syncer) download(ctx context.Context) (name string, err error) {
	wanted := s.Sync.Branch
	fixed := objectName().MatchString(wanted)
	if fixed && s.commit(ctx, wanted) == wanted {
		return wanted, nil
	}
	err = s.change(ctx, "fetch", "--quiet", s.Sync.Remote, wanted)
	var silent exitError
	if errors.As(err, &silent) && ctx.Err() == nil {
		s.Log.Info("git sync: git fetch " + silent.Error() + " without a reason: fetching again with --force")
		err = s.change(ctx, "fetch", "--force", "--no-progress", s.Sync.Remote, wanted)
	}
	if fixed && err != nil && s.change(ctx, "fetch", "--quiet", s.Sync.Remote) == nil {
		// A server may refuse a commit by its name, and have it in a branch.
		if s.commit(ctx, wanted) == wanted {
			return wanted, nil
		}
	}
	if err != nil {
		return "", s.explain(err)
	}
	return "FETCH_HEAD", nil
}

// damaged matches git's messages about a repository that has lost data, as after a
// power cut.
var damaged = lazy.Regexp(`(?i)\.(idx|pack) |object file|loose object|packfile|inflate|corrupt|bad (object|signature|tree|index|config)|` +
	`(missing|could not read|unable to read|could not parse) (blob|tree|commit|object|sha1)|reference broken|not a git repository|` +
	`invalid sha1|did not send all necessary|unresolved deltas|improper chunk|unexpected line in`)

// explain adds the command that fixes an error of the repository itself.
func (s Syncer) explain(err error) error {
	text := err.Error()
	switch {
	case errors.Is(err, errSilent): // the commands below would not answer either
		return err
	case strings.Contains(text, "dubious ownership"), !s.isOurs():
		return fmt.Errorf("%w: %s does not belong to the user that syncs it (uid %d): as root, chown -R it to that user", err, s.Repo, os.Geteuid())
	case s.remoteURL() == "":
		return fmt.Errorf("%w: .git/config has no URL of %s: %s", err, s.Sync.Remote, s.Instance.Command("sync --repair --url URL"))
	case damaged().MatchString(text):
		return fmt.Errorf("%w: the repository is damaged: %s", err, s.Instance.Command("sync --repair"))
	}
	return err
}

// isOurs reports whether the repository belongs to the user of this process:
// git refuses any other (safe.directory in git-config(1)).
func (s Syncer) isOurs() bool {
	info, err := os.Lstat(filepath.Join(s.Repo, ".git"))
	if err != nil {
		return true // another error reports it
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(st.Uid) == os.Geteuid()
}

// remoteURL returns the URL of the remote by the checkout's own configuration;
// "" when there is none.
func (s Syncer) remoteURL() string {
	ctx := context.Background()
	key := "remote." + s.Sync.Remote + ".url"
	out, err := s.ask(ctx, "config", "--get", key)
	if err != nil { // the file may be valid in a damaged repository
		out, _ = s.ask(ctx, "config", "--file", filepath.Join(s.Repo, ".git", "config"), "--get", key)
	}
	return strings.TrimSpace(out)
}

// maxCommits is how many commits [Syncer.Commits] returns at most.
const maxCommits = 100

// Commits returns the commits after from, up to to, the oldest first: the last
// 100 of them. If from is "" or not known to git, it is to alone; nothing if
// git does not answer.
func (s Syncer) Commits(ctx context.Context, from, to string) (commits []montimer.Commit) {
	between := []string{"--max-count=1", to}
	if from != "" && s.commit(ctx, from) == from {
		between = []string{fmt.Sprintf("--max-count=%d", maxCommits), from + ".." + to}
	}
	out, err := s.ask(ctx, append(append([]string{"log", "--no-show-signature", "--format=%H %s"}, between...), "--")...)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(out) {
		id, subject, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		commits = append(commits, montimer.Commit{ID: id, Subject: subject})
	}
	slices.Reverse(commits)
	return commits
}
