package gitsync

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Git locks by files, and one that is killed leaves them: every later reset
// would fail. A lock file is taken for such a leftover when it has an age, no
// git process works in the checkout, and it is ours; another user's processes
// cannot be told apart, so theirs must be older.
const (
	leftover        = 10 * time.Second
	foreignLeftover = time.Hour
)

// sweep removes the lock files that no git holds any more. For those that are
// too young to tell it waits, as they may go by themselves.
func (s Syncer) sweep(ctx context.Context) {
	age := cmp.Or(s.LockAge, leftover)
	dirs := s.gitDirs(ctx)
	for deadline := time.Now().Add(age + age/2); ; {
		waiting := false
		for _, path := range lockFiles(dirs) {
			switch info, err := os.Lstat(path); {
			case err != nil: // gone
			case time.Since(info.ModTime()) < ageLimit(info, age) || gitWorksIn(append(dirs, s.Repo)):
				waiting = true
			default:
				s.Log.Warn(fmt.Sprintf("git sync: removing %s, which a git that is gone has left (%s)", path, info.ModTime().Format(time.DateTime)))
				os.Remove(path) // if it fails, git will say so
			}
		}
		if !waiting || time.Now().After(deadline) || ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(age / 10):
		}
	}
}

// gitDirs returns where git keeps its files, which is not always .git.
func (s Syncer) gitDirs(ctx context.Context) []string {
	out, err := s.ask(ctx, "rev-parse", "--git-dir", "--git-common-dir")
	if err != nil {
		return nil
	}
	var dirs []string
	for dir := range strings.Lines(out) {
		if dir = strings.TrimSuffix(dir, "\n"); !filepath.IsAbs(dir) {
			dir = filepath.Join(s.Repo, dir)
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

// lockFiles lists the lock files of the index, the references and the rest.
func lockFiles(dirs []string) []string {
	var found []string
	for _, dir := range dirs {
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil: // what cannot be read is for git to complain about
			case d.IsDir() && filepath.Dir(path) == dir && d.Name() != "refs":
				return fs.SkipDir
			case d.Type().IsRegular() && strings.HasSuffix(path, ".lock"):
				found = append(found, path)
			}
			return nil
		})
	}
	return found
}

func ageLimit(info fs.FileInfo, age time.Duration) time.Duration {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) == os.Geteuid() {
		return age
	}
	return foreignLeftover
}

// gitWorksIn reports whether a git process that we can see works in one of the
// directories: is in it, or names it (proc(5)).
func gitWorksIn(dirs []string) bool {
	processes, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		return false
	}
	for _, path := range processes {
		if name, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(name), "git") {
			continue
		}
		process := filepath.Dir(path)
		cwd, _ := os.Readlink(process + "/cwd")
		argv, _ := os.ReadFile(process + "/cmdline")
		for _, dir := range dirs {
			if cwd == dir || strings.HasPrefix(cwd, dir+"/") || strings.Contains(string(argv), dir) {
				return true
			}
		}
	}
	return false
}
