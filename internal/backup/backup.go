// Package backup keeps backups of the database in a directory: their names, which of
// them stay, and which host's state they are of. The directory can be on another
// machine, and several hosts can see it. Read backup.go (making one), directory.go
// (names, the newest, which stay) and owner.go.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/flock"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/store"
)

// ErrBusy says that another backup of the same database is under way.
var ErrBusy = errors.New("another backup is under way")

// Source is a database to back up.
type Source struct {
	Instance montimer.Instance
	StateDir string
	Host     string    // the name of this host, for the owner file
	Now      time.Time // names the backup
}

// Make writes a backup to a file, or with a name of its own into a directory, and
// returns its path. It appears there as a whole, checked and flushed to the disk, or not
// at all. A path that ends with / is a directory, and never a file where that is missing. A
// database at the path of a file is replaced, but not the one of the state directory. If
// another host's state is the one that runs, the error for a directory is a
// [*NotOwnerError]. A directory without an owner gets this host. With keep, older backups
// of the directory are removed, so that so many stay; 0: all stay. A file takes no keep.
func (s Source) Make(ctx context.Context, to string, keep int) (path string, err error) {
	dir, named := filepath.Split(filepath.Clean(to))
	switch info, err := os.Stat(to); {
	case err == nil && info.IsDir():
		dir, named = to, ""
	case strings.HasSuffix(to, "/"):
		if err == nil {
			err = fmt.Errorf("%s is no directory", filepath.Clean(to))
		}
		return "", fmt.Errorf("the directory of the backups: %w: mount or create it; it has to belong to the user of the tasks", err)
	}
	if dir == "" {
		dir = "."
	}
	if named != "" {
		if err := s.mayReplace(to); err != nil {
			return "", err
		}
		if keep > 0 {
			return "", fmt.Errorf("how many backups stay is for a directory, and %s is a file: leave out --keep, or name a directory", to)
		}
	}
	release, err := flock.Take(filepath.Join(s.StateDir, "backup.lock"), flock.Exclusive)
	switch {
	case errors.Is(err, flock.ErrHeld):
		return "", ErrBusy
	case err != nil && !errors.Is(err, unix.EROFS): // a read-only state directory can be backed up
		return "", fmt.Errorf("lock out other backups: %w", err)
	case err == nil:
		defer release()
	}
	if named == "" {
		if err := s.claim(dir); err != nil {
			return "", err
		}
	}
	path, err = s.place(ctx, dir, named)
	if err == nil && keep > 0 {
		err = rotate(dir, keep, path)
	}
	return path, err
}

// mayReplace refuses to replace the files of the database itself, which has a write-ahead
// log and may be open, and whatever is no database.
func (s Source) mayReplace(path string) error {
	database := filepath.Join(s.StateDir, store.FileName)
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if sameFile(path, database+suffix) {
			return fmt.Errorf("%s is the database itself or belongs to it: name another file, or a directory", path)
		}
	}
	is, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at the file for the backup: %w", err)
	case !is.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file: name another one, or a directory", path)
	case is.Size() == 0:
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("look at the file for the backup: %w", err)
	}
	defer f.Close()
	const magic = "SQLite format 3\x00" // https://www.sqlite.org/fileformat.html, 1.3.1
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(f, head); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("look at the file for the backup: %w", err)
	}
	if string(head) != magic {
		return fmt.Errorf("%s is no database, so it is not replaced: remove it, or name another file", path)
	}
	return nil
}

// sameFile reports whether two paths are of one file, or would be if it existed.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, missing := os.Stat(b)
	if err == nil && missing == nil {
		return os.SameFile(x, y)
	}
	if err == nil || missing == nil || filepath.Base(a) != filepath.Base(b) {
		return false
	}
	x, err = os.Stat(filepath.Dir(a))
	y, missing = os.Stat(filepath.Dir(b))
	return err == nil && missing == nil && os.SameFile(x, y)
}

// claim makes this host the owner of a directory that has none, and refuses one that
// another owns.
func (s Source) claim(dir string) error {
	id, err := MachineID()
	if err != nil {
		return err
	}
	owner, err := ReadOwner(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return WriteOwner(dir, Owner{Host: s.Host, ID: id, Since: s.Now})
	case err != nil:
		return err
	}
	return owner.check(dir, id)
}

// place writes a backup below another name first.
func (s Source) place(ctx context.Context, dir, named string) (path string, err error) {
	temporary := filepath.Join(dir, s.temporary())
	clean := func() error { // -journal and -wal are of a copy that was being checked
		var errs []error
		for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
			if err := os.Remove(temporary + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	}
	if err := clean(); err != nil { // of a backup that was killed
		return "", fmt.Errorf("remove the rest of an earlier backup: %w", err)
	}
	if err := store.Backup(ctx, s.Instance, s.StateDir, temporary); err != nil {
		return "", errors.Join(err, clean())
	}
	path = filepath.Join(dir, named)
	if named != "" {
		err = os.Rename(temporary, path)
	} else {
		path, err = moveNew(temporary, dir, s.Now)
	}
	if err == nil {
		err = safefile.SyncDir(dir)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("place the backup: %w", err), clean())
	}
	return path, nil
}

// moveNew gives a backup the name of its time, or of the next second that is free.
func moveNew(from, dir string, at time.Time) (path string, err error) {
	for ; ; at = at.Add(time.Second) {
		path = filepath.Join(dir, Name(at))
		err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, path, unix.RENAME_NOREPLACE)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // as on NFS
			if _, err = os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
				err = os.Rename(from, path)
			} else if err == nil {
				err = fs.ErrExist
			}
		}
		if !errors.Is(err, fs.ErrExist) {
			return path, err
		}
	}
}
