package gitsync

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/montimer/montimer/internal/testenv"
)

// TestPowerCut leaves each file of .git as a power cut may: empty, or as long as
// it was and full of zeros. The sync repairs it, or its error names the command
// that does; and that command works. Every third file is
// taken, and of the objects one; MONTIMER_SOAK takes all.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	s := newSite(t, "--depth", "5")
	s.push("a", "a\n")
	s.sync()
	s.host("gc", "-q")
	s.push("b", "b\n")
	s.sync()
	var files []string
	objects := 0
	err := filepath.WalkDir(s.syncer.Repo+"/.git", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimPrefix(path, s.syncer.Repo+"/.git/")
		switch {
		case strings.HasPrefix(name, "hooks/"):
			return nil
		case !testenv.Soak() && (strings.HasPrefix(name, "logs/") || strings.HasPrefix(name, "info/") || name == "description"):
			return nil // git reads none of them in a sync
		case strings.HasPrefix(name, "objects/") && !strings.HasPrefix(name, "objects/pack"):
			if objects++; objects > 1 && !testenv.Soak() {
				return nil
			}
		}
		files = append(files, name)
		return nil
	})
	if err != nil || len(files) < 10 {
		t.Fatalf("%q, %v", files, err)
	}
	commit := s.push("jobs.yaml", "two\n")
	for i, name := range files {
		if i%3 > 0 && !testenv.Soak() {
			continue
		}
		for j, how := range []string{"empty", "zeros"} {
			if (i/3+j)%2 == 1 && !testenv.Soak() { // a third of the files, each one way, each way half of these
				continue
			}
			t.Run(how+" "+name, func(t *testing.T) {
				t.Parallel()
				cut := s.copyTo(t)
				path := cut.syncer.Repo + "/.git/" + name
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				size := info.Size()
				if how == "empty" {
					size = 0
				}
				os.Chmod(path, 0o644)
				write(t, path, string(bytes.Repeat([]byte{0}, int(size))))
				old(t, path)

				o := cut.syncer.Run(context.Background())
				url := ""
				if o.Err != nil {
					t.Log(o.Err)
					_, command, found := strings.Cut(o.Err.Error(), "montimer sync --repair")
					if !found {
						t.Fatalf("the error names no command that fixes it: %v", o.Err)
					}
					if strings.HasPrefix(command, " --url") {
						url = "file://" + s.remote
					}
					if _, kept, err := cut.syncer.Repair(context.Background(), url); err != nil || kept == "" {
						t.Fatalf("after %q: repair: %v", o.Err, err)
					}
					o = cut.sync()
				}
				if o.New != commit {
					t.Errorf("now at %s, want %s", o.New, commit)
				}
				cut.has("jobs.yaml", "two\n")
				cut.has("untracked", "mine\n")
				if dirty := cut.host("status", "--porcelain", "--untracked-files=no"); dirty != "" {
					t.Errorf("not clean: %s", dirty)
				}
			})
		}
	}
}

// copyTo returns the site with a checkout and a state of its own.
func (s *site) copyTo(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	cut := *s
	cut.t, cut.state, cut.log = t, dir+"/state", new(bytes.Buffer)
	cut.syncer.Repo, cut.syncer.StateDir = dir+"/checkout", cut.state
	cut.syncer.Log = logTo(cut.log)
	if err := os.CopyFS(cut.syncer.Repo, os.DirFS(s.syncer.Repo)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(cut.state, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, cut.syncer.Repo+"/untracked", "mine\n")
	return &cut
}

// TestRepairRefuses leaves everything as it is where there is nothing to build on.
func TestRepairRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	os.Rename(s.remote, s.remote+".away")
	before := s.host("rev-parse", "HEAD")
	if _, _, err := s.syncer.Repair(context.Background(), ""); err == nil {
		t.Error("repaired without a remote")
	}
	if _, _, err := s.syncer.Repair(context.Background(), "file:///nowhere"); err == nil {
		t.Error("repaired from nowhere")
	}
	if left, _ := filepath.Glob(s.syncer.Repo + "/.git.*"); len(left) > 0 || s.host("rev-parse", "HEAD") != before {
		t.Errorf("left: %q", left)
	}
	s.host("status")
}
