package gitsync

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/montimer/montimer/internal/safefile"
)

// Git locks by files, and a killed git leaves them: every later reset would
// fail. A power cut leaves files that are empty, or of full length but all
// zeros: git makes the index and the references again if they are missing. Such
// a file counts as a leftover when it is old enough, no git process works in
// the checkout, and it is ours; another user's processes cannot be recognised,
// so their files must be older.
const (
	leftover        = 10 * time.Second
	foreignLeftover = time.Hour
)

// removeLeftovers removes the files that no git needs any more. It waits for
// younger ones to grow old enough or vanish.
func (s Syncer) removeLeftovers(ctx context.Context) {
	age := cmp.Or(s.LockAge, leftover)
	ctx, cancel := context.WithTimeout(ctx, 2*age)
	defer cancel()
	for dirs := s.gitDirs(ctx); ctx.Err() == nil; {
		found := suspects(dirs)
		for path, info := range found {
			if time.Since(info.ModTime()).Abs() < ageLimit(info, age) || gitWorksIn(append(dirs, s.Repo)) {
				continue
			}
			s.Log.Warn(fmt.Sprintf("git sync: removing %s, left at %s by a git process that has ended", path, info.ModTime().Format(time.DateTime)))
			os.Remove(path) // git reports an error
			delete(found, path)
		}
		if len(found) == 0 {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(age / 10):
		}
	}
}

// gitDirs returns where git keeps its files: in .git, unless that names a place
// elsewhere (gitrepository-layout(5): a file, or commondir in it).
func (s Syncer) gitDirs(ctx context.Context) []string {
	own := filepath.Join(s.Repo, ".git")
	info, err := os.Lstat(own)
	if _, elsewhere := os.Lstat(filepath.Join(own, "commondir")); err == nil && info.IsDir() && elsewhere != nil {
		return []string{own}
	}
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

// remade are the files next to refs/ that git, or the next fetch and reset,
// makes again. HEAD is not: without it there is no repository.
var remade = map[string]bool{"index": true, "packed-refs": true, "shallow": true}

// blank reports whether a file is empty or has nothing but zeros.
func blank(path string, info fs.FileInfo) bool {
	if info.Size() == 0 {
		return true
	}
	data, err := safefile.Read(path, maxState)
	return err == nil && len(bytes.Trim(data, "\x00")) == 0
}

// suspects finds lock files, and files that git never leaves blank.
func suspects(dirs []string) map[string]fs.FileInfo {
	found := map[string]fs.FileInfo{}
	for _, dir := range dirs {
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil // git reports it
			}
			inRefs := strings.HasPrefix(path, filepath.Join(dir, "refs")+"/")
			switch {
			case d.IsDir() && filepath.Dir(path) == dir && d.Name() != "refs":
				return fs.SkipDir
			case !d.Type().IsRegular():
				return nil
			}
			info, err := d.Info()
			top := filepath.Dir(path) == dir && remade[d.Name()]
			if err == nil && (strings.HasSuffix(path, ".lock") || (inRefs || top) && blank(path, info)) {
				found[path] = info
			}
			return nil
		})
		graph := filepath.Join(dir, "objects/info/commit-graph") // a cache
		if info, err := os.Lstat(graph); err == nil && info.Mode().IsRegular() && blank(graph, info) {
			found[graph] = info
		}
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
