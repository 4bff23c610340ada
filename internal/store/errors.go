package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The errors of a database, each with the fix; that of some is in [Store.fix]. Other errors are bugs of montimer.
var (
	ErrBusy       = errors.New("the database is locked by another program: try again")
	ErrFull       = errors.New("the disk is full: free some space")
	ErrNoInodes   = errors.New("the file system has no room for another file: remove some files")
	ErrReadOnly   = errors.New("the database cannot be written: check the owner and mode of the file, of its -wal and -shm, and of the directory")
	ErrReadOnlyFS = errors.New("the file system is mounted read-only, perhaps since a disk error: see dmesg, and mount it read-write")
	ErrOpen       = errors.New("the database cannot be opened: check the owner and mode of the file, of its -wal and -shm, and of the directory")
	ErrIO         = errors.New("the disk fails, or a quota is used up: see dmesg")
	ErrCorrupt    = errors.New("the database is damaged")
	ErrGone       = errors.New("the file was deleted or replaced after it had been opened: what was recorded since is not in the one that is there now")
	ErrDeleted    = errors.New("the database was deleted")
	ErrIncomplete = errors.New("the database lacks a table or a column")
	ErrSchema     = errors.New("the database lacks tables of montimer")
)

// kind returns which of them a result code of SQLite is; nil: none
// (https://sqlite.org/rescode.html).
func kind(code int) error {
	if code == sqlite3.SQLITE_IOERR_SHMSIZE {
		return ErrFull // there was no room for the -shm file
	}
	switch code & 0xff { // the primary code
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrBusy
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return ErrReadOnly
	case sqlite3.SQLITE_CANTOPEN:
		return ErrOpen
	case sqlite3.SQLITE_IOERR:
		return ErrIO
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrCorrupt
	}
	return nil
}

// explain wraps an error with what was being done, the file, and the meaning of
// SQLite's code. It returns nil for nil.
func (s *Store) explain(doing string, err error) error { return s.explainAt(s.path, doing, err) }

// explainAt is explain for what was done at another path.
func (s *Store) explainAt(path, doing string, err error) error {
	if err == nil {
		return nil
	}
	var coded *sqlite.Error
	if errors.As(err, &coded) {
		if coded.Code() == sqlite3.SQLITE_ERROR && lacks(coded.Error()) {
			return fmt.Errorf("%s: %s: %w (%w)", doing, path, s.fix(ErrIncomplete), err)
		}
		if kind := atFault(kind(coded.Code()), path); kind != nil {
			return fmt.Errorf("%s: %s: %w (%w)", doing, path, s.fix(kind), err)
		}
	}
	return fmt.Errorf("%s: %s: %w", doing, path, err)
}

// fix adds to what is wrong with a database the command that fixes it.
func (s *Store) fix(kind error) error {
	switch kind {
	case ErrCorrupt:
		return fmt.Errorf("%w: run %s, or %s where there is no backup", kind, s.instance.Command("db restore"), s.instance.Command("db restore --empty"))
	case ErrIncomplete:
		return fmt.Errorf("%w: run %s", kind, s.instance.Command("db check --repair"))
	case ErrSchema:
		return fmt.Errorf("%w: run %s", kind, s.instance.Command("db init"))
	}
	return kind
}

// atFault returns what is wrong with the file system of a database, if that is why
// it cannot be opened, written or made; else kind.
func atFault(kind error, path string) error {
	var fs unix.Statfs_t
	if kind != ErrReadOnly && kind != ErrOpen && kind != ErrFull || unix.Statfs(filepath.Dir(path), &fs) != nil {
		return kind
	}
	switch {
	case fs.Flags&unix.ST_RDONLY != 0:
		return ErrReadOnlyFS
	case fs.Files > 0 && fs.Ffree == 0: // some file systems have no limit
		return ErrNoInodes
	}
	return kind
}

// lacks reports whether a message of SQLite is about a table or a column that is
// not there, or about one that a numbered file of the schema was to make and is
// there already, as the list of what was applied has gone.
func lacks(message string) bool {
	for _, words := range []string{"no such table", "no such column", "has no column named", "already exists"} {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}
