package doctor

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/gitsync"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/store"
)

// UserFacts is what the user of the tasks controls: what a task of that user has
// tampered with may be wrong, and is no more than text.
type UserFacts struct {
	Unknown map[part]string `json:"unknown"`

	Database store.Health     `json:"database"`
	Checkout gitsync.Standing `json:"checkout"`
	Venv     VenvFacts        `json:"venv"`
	Remote   RemoteFacts      `json:"remote"`
	Rooms    []Room           `json:"rooms"`
	Backup   BackupFacts      `json:"backup"`
}

// VenvFacts is the virtual environment of the checkout, .venv.
type VenvFacts struct {
	Lock time.Time `json:"lock,omitzero"` // of uv.lock; zero: there is none
	Made time.Time `json:"made,omitzero"` // zero: there is no .venv
}

// RemoteFacts is what the git remote says.
type RemoteFacts struct {
	Commit  string `json:"commit"`
	Failure string `json:"failure"` // "": it has answered
}

// Room is the space of the file system of a directory.
type Room struct {
	Name  string `json:"name"` // of the setting
	Path  string `json:"path"`
	Total uint64 `json:"total_bytes"`
	Free  uint64 `json:"free_bytes"` // for users other than root
	Files uint64 `json:"files"`      // inodes; 0: the file system has no fixed number of them
	Left  uint64 `json:"files_left"`

	Device uint64 `json:"device"` // which file system it is
}

// examineTime bounds the process that reads these facts, and each part that it does
// not read; databaseTime bounds how long it reads the database.
const (
	examineTime  = 30 * time.Second
	databaseTime = 10 * time.Second
	maxExamined  = 1 << 20 // bytes
)

// user reads the parts that the user of the tasks controls, as root by a process of
// that user.
func (r *reader) user(ctx context.Context, parts []part) {
	ctx, cancel := context.WithTimeout(ctx, examineTime)
	defer cancel()
	parts = slices.DeleteFunc(parts, func(p part) bool {
		why := outsider(r.facts.Host.User)
		refused := why != nil && (p == partCheckout || p == partRemote)
		if refused {
			r.unknown(p, why)
		}
		return refused
	})
	facts, err := examined(ctx, r.facts.Host, parts)
	if err != nil {
		for _, p := range parts {
			r.unknown(p, err)
		}
		return
	}
	r.facts.User = facts
	for _, p := range parts {
		if why := facts.Unknown[p]; why != "" {
			r.unknown(p, errors.New(why))
		}
	}
}

// outsider returns why a process cannot ask git about the checkout: git answers only
// its owner.
func outsider(userName string) error {
	if id, ok := host.UserID(userName); host.IsRoot() || ok && int(id) == os.Geteuid() {
		return nil
	}
	return fmt.Errorf("git answers only root and %s", userName)
}

func examined(ctx context.Context, h montimer.Host, parts []part) (facts UserFacts, err error) {
	if !host.IsRoot() || host.IsRootName(h.User) {
		return Examine(ctx, h, parts), nil
	}
	environ, err := byhand.PassedEnvironment(h)
	if err != nil { // a finding about the file; git may need no variable of it
		environ = nil
	}
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = string(p)
	}
	var out, said bytes.Buffer
	args := []string{"examine", "--parts=" + strings.Join(names, ",")}
	if err := byhand.StepDown(ctx, h, environ, args, &limited{&out}, &limited{&said}); err != nil {
		return facts, fmt.Errorf("look as %s: %w: %s", h.User, err, strings.TrimPrefix(strings.TrimSpace(said.String()), "montimer: "))
	}
	if err := json.Unmarshal(out.Bytes(), &facts); err != nil {
		return facts, fmt.Errorf("look as %s: %w", h.User, err)
	}
	return facts, nil
}

// limited refuses more than a reasonable answer.
type limited struct{ to *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.to.Len()+len(p) > maxExamined {
		return 0, io.ErrShortWrite
	}
	return l.to.Write(p)
}

// ParseParts reads the names of parts that [Examine] knows.
func ParseParts(names string) (parts []part, err error) {
	for name := range strings.SplitSeq(names, ",") {
		p := part(name)
		if !slices.Contains([]part{partDatabase, partCheckout, partRemote, partRoom, partBackup}, p) {
			return nil, fmt.Errorf("%q is no part of the facts", name)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// Examine reads facts as the user of this process, all at once.
func Examine(ctx context.Context, h montimer.Host, parts []part) (f UserFacts) {
	f.Unknown = map[part]string{}
	var reading sync.WaitGroup
	var mutex sync.Mutex
	git := gitsync.Syncer{Instance: h.Instance, Repo: h.Checkout, StateDir: h.StateDir, Sync: h.Sync, Environ: os.Environ()}
	for _, p := range parts {
		reading.Go(func() {
			var err error
			switch p {
			case partDatabase:
				ctx, cancel := context.WithTimeout(ctx, databaseTime)
				defer cancel()
				f.Database, err = store.Examine(ctx, h.Instance, h.StateDir)
				if ctx.Err() != nil {
					err = fmt.Errorf("the database takes longer than %v to read: %s", databaseTime, h.Instance.Command("db check"))
				}
			case partCheckout:
				ctx, cancel := context.WithTimeout(ctx, networkTime)
				defer cancel()
				f.Venv = venv(h.Checkout)
				f.Checkout, err = git.Standing(ctx)
			case partRemote:
				ctx, cancel := context.WithTimeout(ctx, networkTime)
				defer cancel()
				commit, failure := git.RemoteCommit(ctx)
				f.Remote.Commit = commit
				if failure != nil {
					f.Remote.Failure = failure.Error()
				}
			case partRoom:
				f.Rooms, err = rooms(h)
			case partBackup:
				f.Backup, err = backups(h)
			}
			if err != nil {
				mutex.Lock()
				defer mutex.Unlock()
				f.Unknown[p] = err.Error()
			}
		})
	}
	reading.Wait()
	return f
}

// venv reads when the virtual environment and what it is made from were changed. A
// package that is added changes the directory of the packages.
func venv(checkout string) (v VenvFacts) {
	modified := func(path string) (t time.Time) {
		if info, err := os.Stat(path); err == nil {
			t = info.ModTime()
		}
		return t
	}
	v.Lock = modified(filepath.Join(checkout, "uv.lock"))
	packages, _ := filepath.Glob(filepath.Join(checkout, ".venv/lib/python*/site-packages")) // no error: the pattern is a good one
	for _, path := range append(packages, filepath.Join(checkout, ".venv")) {
		if t := modified(path); t.After(v.Made) {
			v.Made = t
		}
	}
	return v
}

func rooms(h montimer.Host) (rooms []Room, err error) {
	for _, r := range []Room{{Name: "state_dir", Path: h.StateDir}, {Name: "checkout", Path: h.Checkout}, {Name: "caches", Path: h.Instance.CacheDir()}, {Name: "journal", Path: "/var/log"}} {
		var st unix.Statfs_t
		var at unix.Stat_t
		err := cmp.Or(unix.Statfs(r.Path, &st), unix.Stat(r.Path, &at))
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look at the file system of %s: %w", r.Path, err)
		}
		block := uint64(st.Bsize)
		r.Total, r.Free, r.Files, r.Left = st.Blocks*block, st.Bavail*block, st.Files, st.Ffree
		r.Device = uint64(at.Dev)
		rooms = append(rooms, r)
	}
	return rooms, nil
}
