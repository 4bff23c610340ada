package gitsync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer/internal/flock"
	"github.com/montimer/montimer/internal/safefile"
)

// Repair replaces the repository of the checkout by a new fetch, and moves the
// working tree to the commit of the remote. Files that git does not track stay,
// and so does the old repository, as kept. The remote's URL and the other
// settings come from the old .git/config if git can read it; url, when it is
// not "", overrides it.
//
// The old repository stays in place until the new one is complete; they are
// exchanged in one step.
func (s Syncer) Repair(ctx context.Context, url string) (commit, kept string, err error) {
	s.Questions = nil // the damaged repository may not answer
	wait := cmp.Or(s.Wait, 30*time.Second)
	release, err := s.lock(ctx, filepath.Join(s.StateDir, "sync.lock"), flock.Exclusive, s.Sync.Timeout+wait, "another sync is under way")
	if err != nil {
		return "", "", fmt.Errorf("wait for another sync: %w", err)
	}
	defer release()
	defer s.alive()()
	free, err := s.lock(ctx, checkoutLock(s.StateDir), flock.Exclusive, wait, inUse)
	if err != nil {
		return "", "", fmt.Errorf("wait for the checkout: %w", err)
	}
	defer free()

	old := filepath.Join(s.Repo, ".git")
	if info, err := os.Lstat(old); err != nil {
		return "", "", fmt.Errorf("find the repository: %w", err)
	} else if !info.IsDir() {
		return "", "", fmt.Errorf("%s is not a directory but names a repository elsewhere: repair that one, or clone again", old)
	}
	kept = filepath.Join(s.Repo, ".git.damaged-"+time.Now().UTC().Format("20060102T150405"))
	if err := s.rebuild(ctx, old, kept, url); err != nil {
		os.RemoveAll(kept)
		return "", "", fmt.Errorf("make a new repository: %w", err)
	}
	if err := unix.Renameat2(unix.AT_FDCWD, kept, unix.AT_FDCWD, old, unix.RENAME_EXCHANGE); err != nil {
		os.RemoveAll(kept)
		return "", "", fmt.Errorf("put the new repository in place: %w", err)
	}
	state := ReadState(s.StateDir)
	fetched := s.commit(ctx, "HEAD")
	if err := s.reset(ctx, &state, fetched, fetched); err != nil {
		return "", kept, err
	}
	return fetched, kept, nil
}

// rebuild makes a repository in dir that has the commit of the remote as HEAD.
func (s Syncer) rebuild(ctx context.Context, old, dir, url string) error {
	in := func(args ...string) error { return s.change(ctx, append([]string{"--git-dir=" + dir}, args...)...) }
	if err := in("init", "--quiet"); err != nil {
		return err
	}
	if err := s.copyConfig(ctx, old, dir); err != nil {
		return err
	}
	if err := in("config", "core.bare", "false"); err != nil {
		return err
	}
	if err := excludeDamaged(dir); err != nil {
		return err
	}
	remote := "remote." + s.Sync.Remote
	if url != "" {
		if err := errors.Join(in("config", remote+".url", url), in("config", remote+".fetch", "+refs/heads/*:refs/remotes/"+s.Sync.Remote+"/*")); err != nil {
			return err
		}
	}
	if out, _ := s.ask(ctx, "--git-dir="+dir, "config", "--get", remote+".url"); strings.TrimSpace(out) == "" {
		return fmt.Errorf("the old .git/config has no URL of %s: add --url URL", s.Sync.Remote)
	}
	limited, cancel := context.WithTimeout(ctx, max(s.Sync.Timeout, 10*time.Minute)) // all of the history
	defer cancel()
	if err := s.change(limited, "--git-dir="+dir, "fetch", "--no-progress", s.Sync.Remote, s.Sync.Branch); err != nil {
		return err
	}
	fetched, err := s.ask(ctx, "--git-dir="+dir, "rev-parse", "--verify", "FETCH_HEAD^{commit}")
	if err != nil {
		return fmt.Errorf("%s %s is not a commit", s.Sync.Remote, s.Sync.Branch)
	}
	return in("update-ref", "HEAD", strings.TrimSpace(fetched))
}

// copyConfig copies the settings of a repository, if git can read them.
func (s Syncer) copyConfig(ctx context.Context, from, to string) error {
	config, err := safefile.Read(filepath.Join(from, "config"), maxState)
	_, invalid := s.ask(ctx, "config", "--file", filepath.Join(from, "config"), "--list")
	if err != nil || invalid != nil || len(strings.TrimSpace(string(config))) == 0 {
		return nil
	}
	return os.WriteFile(filepath.Join(to, "config"), config, 0o644)
}

// excludeDamaged keeps the old repositories out of what git lists as untracked.
func excludeDamaged(dir string) error {
	exclude := filepath.Join(dir, "info", "exclude")
	if err := os.MkdirAll(filepath.Dir(exclude), 0o755); err != nil {
		return err
	}
	return os.WriteFile(exclude, []byte("/.git.damaged-*\n"), 0o644)
}
