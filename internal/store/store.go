// Package store keeps the state of montimer in <state directory>/monitoring.db:
// runs and their tasks, and the outbox of alerts. It is the only package that
// uses SQL. Read store.go (opening the file) and migrate.go (its schema) first,
// then runs.go and history.go (runs), outbox.go, sender.go and reported.go (alerts), lost.go
// and prune.go (upkeep), check.go, shape.go and repair.go (db check), backup.go and restore.go.
//
// The file is shared with the tasks, which may be Python programs with another
// SQLite. Two of its tables, alert_events and monitor_state, belong to them:
// they are created exactly as the tasks do, and never altered. The tables of
// montimer begin with montimer_.
//
// A method returns after its data is flushed to disk, except for the results of
// single tasks: they survive the death of the process but not a power cut,
// since a flush for each would be too slow (see durability).
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite" // with the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/montimer/montimer"
)

// FileName is the name of the database in the state directory.
const FileName = "monitoring.db"

// busyTimeout is how long to wait for a lock of another program, as in the tasks.
// sharedTimeout is that of a reader whom somebody waits for.
const (
	busyTimeout   = 5 * time.Second
	sharedTimeout = 2 * time.Second
)

// Options says how to open a database.
type Options struct {
	// ReadOnly opens an existing database, and neither creates nor migrates
	// anything.
	ReadOnly bool
	// Existing opens a database for writing where there is one; a missing one is
	// fs.ErrNotExist.
	Existing bool
	// Shared, with ReadOnly, is for readers of the tasks' tables: the database
	// needs none of montimer's, and several statements run at a time.
	Shared   bool
	Instance montimer.Instance // for the commands in errors
}

// Store is an open database. It is safe for use by several goroutines; one
// statement runs at a time.
type Store struct {
	instance   montimer.Instance
	path       string
	file       os.FileInfo // what was at path when it was opened
	db         *sql.DB
	insertTask *sql.Stmt     // nil when opened read-only
	endTimeout time.Duration // for a lock of another program, where what is to be recorded has happened
	notes      string        // see sentNote
	timeout    time.Duration // for a lock of another program
	frozen     bool          // see freeze
}

// Open opens the database of a state directory, which must exist. Unless it is
// opened read-only, a missing file and missing tables are created, and the
// tables of montimer migrated. A database of a later montimer is used as it is:
// its tables only ever gain columns with defaults. Read-only, a missing
// database is fs.ErrNotExist, one that montimer has not used yet is ErrSchema.
func Open(ctx context.Context, stateDir string, o Options) (*Store, error) {
	return openPath(ctx, filepath.Join(stateDir, FileName), o)
}

// openPath is Open for a file of any name.
func openPath(ctx context.Context, path string, o Options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s := &Store{instance: o.Instance, path: path, endTimeout: 40 * time.Second, notes: NotesFile(filepath.Dir(path)), timeout: busyTimeout}
	if o.Shared {
		s.timeout = sharedTimeout
	}
	if err := s.open(ctx, o); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
	if err := s.openFile(!o.ReadOnly && !o.Existing); err != nil {
		return err
	}
	// SQLite does not wait, with any timeout, for another process that turns the
	// same new file to a write-ahead log: so this does.
	for deadline := time.Now().Add(s.timeout); ; time.Sleep(10 * time.Millisecond) {
		err := s.connect(ctx, o)
		if err == nil {
			if !o.ReadOnly {
				s.settle(ctx)
			}
			return nil
		}
		if o.ReadOnly && !s.frozen && s.freeze(err) {
			continue
		}
		wait := errors.Is(err, ErrBusy) || errors.Is(err, ErrSchema) && s.beingMade()
		if !wait || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
	}
}

// beingMade reports whether somebody has written to the database just now, as the
// first run of an installation or of a new version does, which makes the tables.
func (s *Store) beingMade() bool {
	now := func(name string) bool {
		file, err := os.Lstat(name)
		return err == nil && time.Since(file.ModTime()) < s.timeout
	}
	return now(s.path) || s.hasLog() && now(s.path+"-wal") // an empty log can be that of a reader
}

// connect opens the database and makes it ready for use.
func (s *Store) connect(ctx context.Context, o Options) (err error) {
	if s.db, err = sql.Open("sqlite", dsn(s.path, s.timeout, o.ReadOnly, s.frozen)); err != nil {
		return s.explain("open the database", err)
	}
	s.db.SetMaxOpenConns(1) // writers would only wait for each other in SQLite
	if o.Shared {
		s.db.SetMaxOpenConns(mostReaders)
	}
	if err = s.prepare(ctx, o); err != nil {
		s.db.Close()
	}
	return err
}

// freeze reports whether a database that could not be opened can be read as a file
// that nobody writes to. Where this process can write nothing beside it, as on a full
// disk, and no process has it open, SQLite cannot make the files that readers and writers share
// (https://sqlite.org/wal.html, "Read-Only Databases"); all is then in the one file.
func (s *Store) freeze(err error) bool {
	var coded *sqlite.Error
	if !errors.As(err, &coded) {
		return false
	}
	switch code := coded.Code(); {
	case code&0xff == sqlite3.SQLITE_CANTOPEN, code&0xff == sqlite3.SQLITE_READONLY, code == sqlite3.SQLITE_IOERR_SHMSIZE:
	default:
		return false
	}
	file, err := os.Lstat(s.path)
	if err != nil || s.hasLog() {
		return false
	}
	s.file, s.frozen = file, true
	return true
}

// hasLog reports whether there is a write-ahead log that is not in the file.
func (s *Store) hasLog() bool {
	log, err := os.Lstat(s.path + "-wal")
	return err == nil && log.Size() > 0
}

// stillFrozen is ErrBusy if somebody has written since to a database that was read
// as one that nobody writes to: what was read may be of two times.
func (s *Store) stillFrozen() error {
	now, err := os.Lstat(s.path)
	if err != nil || s.hasLog() || !os.SameFile(s.file, now) || now.Size() != s.file.Size() || !now.ModTime().Equal(s.file.ModTime()) {
		return s.explain("read the database", fmt.Errorf("it was written while it was read: %w", ErrBusy))
	}
	return nil
}

// Close closes the database. The last process to do so folds the write-ahead
// log into the file. Where this process may write nothing beside the file, the error
// is ErrBusy if another one has begun to write since: what was read may be wrong.
func (s *Store) Close() error {
	err := s.explain("close the database", s.db.Close())
	if s.frozen {
		err = errors.Join(err, s.stillFrozen())
	}
	return err
}

// openFile opens the file, or makes it.
func (s *Store) openFile(create bool) (err error) {
	switch s.file, err = secureFile(s.path, create); {
	case errors.Is(err, unix.EROFS):
		return fmt.Errorf("open the database: %w (%w)", ErrReadOnlyFS, err)
	case errors.Is(err, unix.ENOSPC):
		return fmt.Errorf("open the database: %w (%w)", atFault(ErrFull, s.path), err)
	case err != nil:
		return fmt.Errorf("open the database: %w", err)
	}
	return nil
}

// prepare makes an open database ready for use.
func (s *Store) prepare(ctx context.Context, o Options) error {
	if err := s.checkPragmas(ctx, o.ReadOnly); err != nil || o.Shared {
		return s.explain("open the database", err)
	}
	if o.ReadOnly {
		return s.explain("open the database", s.requireSchema(ctx))
	}
	if err := s.migrate(ctx); err != nil {
		return s.explain("migrate the database", err)
	}
	var err error
	s.insertTask, err = s.db.PrepareContext(ctx, insertTask)
	return s.explain("open the database", err)
}

// dsn names the file and what each connection to it sets. SQLite reads the
// parameters only in the file: form. A transaction takes the write lock as it
// begins: one that began with reading would fail at once if another process has
// written since.
func dsn(path string, timeout time.Duration, readOnly, frozen bool) string {
	q := url.Values{
		"_busy_timeout": {strconv.FormatInt(timeout.Milliseconds(), 10)},
		"_foreign_keys": {"1"},
		"_dqs":          {"0"}, // "x" is a column, never a string
	}
	if readOnly {
		q.Set("mode", "ro")
		q.Set("_query_only", "1")
		if frozen {
			q.Set("immutable", "1")
		}
	} else {
		q.Set("mode", "rw") // the file exists: secureFile has set its mode
		q.Set("_journal_mode", "WAL")
		q.Set("_txlock", "immediate")
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String()
}

// checkPragmas makes sure that the settings of the DSN are in force: SQLite and
// the driver ignore unknown names.
func (s *Store) checkPragmas(ctx context.Context, readOnly bool) error {
	type settings struct {
		journal                    string
		timeout, foreign, readOnly int
	}
	want := settings{"wal", int(s.timeout.Milliseconds()), 1, 0}
	var got settings
	for _, pragma := range []struct { // one by one: a join of them takes ten times as long to prepare
		name  string
		value any
	}{
		{"journal_mode", &got.journal},
		{"busy_timeout", &got.timeout},
		{"foreign_keys", &got.foreign},
		{"query_only", &got.readOnly},
	} {
		if err := s.db.QueryRowContext(ctx, "PRAGMA "+pragma.name).Scan(pragma.value); err != nil {
			return err
		}
	}
	if readOnly { // the journal is as the writers have it
		want.journal, want.readOnly = got.journal, 1
	}
	if got != want {
		return fmt.Errorf("its settings did not take effect: got %+v, want %+v", got, want)
	}
	return nil
}
