package store

import (
	"cmp"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What can be wrong with a database; each says what to do about it. Other
// errors are mistakes of montimer.
var (
	ErrBusy     = errors.New("the database is locked by another program: try again")
	ErrFull     = errors.New("the disk is full: free some space")
	ErrReadOnly = errors.New("the database cannot be written: see to the owner and mode of the file, of its -wal and -shm, and of the directory")
	ErrOpen     = errors.New("the database cannot be opened: see to the owner and mode of the file, of its -wal and -shm, and of the directory")
	ErrIO       = errors.New("the disk fails, or a quota is used up: see the kernel's log")
	ErrCorrupt  = errors.New("the database is damaged: run montimer db check, and restore a backup or move the file away")
	ErrSchema   = errors.New("the database lacks tables of montimer: run montimer db init")
)

// kinds are the result codes of SQLite that have a meaning to people
// (https://sqlite.org/rescode.html); an extended one goes before the primary
// code in its low byte.
var kinds = map[int]error{
	sqlite3.SQLITE_BUSY:          ErrBusy,
	sqlite3.SQLITE_LOCKED:        ErrBusy,
	sqlite3.SQLITE_FULL:          ErrFull,
	sqlite3.SQLITE_IOERR_SHMSIZE: ErrFull, // there was no room for the -shm file
	sqlite3.SQLITE_READONLY:      ErrReadOnly,
	sqlite3.SQLITE_PERM:          ErrReadOnly,
	sqlite3.SQLITE_CANTOPEN:      ErrOpen,
	sqlite3.SQLITE_IOERR:         ErrIO,
	sqlite3.SQLITE_CORRUPT:       ErrCorrupt,
	sqlite3.SQLITE_NOTADB:        ErrCorrupt,
}

// explain says what was being done, to which file, and what an error of SQLite
// means. It returns nil for nil.
func (s *Store) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	var coded *sqlite.Error
	if errors.As(err, &coded) {
		if kind := cmp.Or(kinds[coded.Code()], kinds[coded.Code()&0xff]); kind != nil {
			return fmt.Errorf("%s: %s: %w (%w)", doing, s.path, kind, err)
		}
	}
	return fmt.Errorf("%s: %s: %w", doing, s.path, err)
}
