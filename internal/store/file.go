package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/montimer/montimer"
)

// fileMode is the mode of a database that we create, independent of the umask.
// SQLite gives it to the write-ahead log as well. Alerts may hold output of
// tasks, so others must not read it.
const fileMode = 0o640

// secureFile checks that the database is safe to open; with create it creates a
// missing one, empty. It refuses a link or other file that is not regular, and,
// as root, a directory of another user: the files that SQLite creates there
// would belong to root and lock their owner out.
func secureFile(path string, create bool) (file os.FileInfo, err error) {
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 && owner(dir) != 0 {
		return nil, fmt.Errorf("%s belongs to user %d: use the database as that user, not as root", filepath.Dir(path), owner(dir))
	}
	if create {
		if err := createFile(path); err != nil {
			return nil, err
		}
	}
	file, err = os.Lstat(path)
	if err == nil && !file.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file (%v)", path, file.Mode())
	}
	return file, err
}

// stillThere returns ErrGone if the opened file is no longer at its path:
// writes to it are then lost, and SQLite does not notice.
func (s *Store) stillThere() error {
	if now, err := os.Lstat(s.path); err != nil || !os.SameFile(s.file, now) {
		return ErrGone
	}
	return nil
}

// createFile creates an empty file if there is none. O_EXCL follows no link.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(fileMode), f.Close())
}

// owner returns the user id of a file's owner.
func owner(info fs.FileInfo) uint32 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Uid
	}
	return 0
}

// Deleted returns an [ErrDeleted] if there is no database although profiles have run with
// this state directory: each run keeps a copy of its profile there.
func Deleted(of montimer.Instance, stateDir string) error {
	path := filepath.Join(stateDir, FileName)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if copies, err := os.ReadDir(filepath.Join(stateDir, montimer.LastGoodDir)); err != nil || len(copies) == 0 {
		return nil
	}
	return fmt.Errorf("%w: there is no %s although profiles have run here: put a backup there, or the next run makes an empty one (%s does at once)", ErrDeleted, path, of.Command("db init"))
}
