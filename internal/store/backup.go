package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"

	"github.com/montimer/montimer"
)

// stepPages is how many pages are copied between two looks at the context.
const stepPages = 2048

// Backup copies the database of a state directory to a new file, and checks the copy.
// The copy is of one instant: it holds what was committed before that, and nothing
// else. Others can write meanwhile; the write-ahead log grows until it is done. The
// copy is on the disk when Backup returns, is one file without a write-ahead log
// (https://sqlite.org/backup.html), and has the mode of the database. The tables can be
// those of any montimer, or of the tasks alone. After an error there may be a part of
// the copy, and files beside it whose names begin with its.
func Backup(ctx context.Context, of montimer.Instance, stateDir, to string) error {
	s, err := Open(ctx, stateDir, Options{ReadOnly: true, Shared: true, Instance: of})
	if err != nil {
		return err
	}
	err = s.copyTo(ctx, to)
	if closed := s.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return s.seal(ctx, to, true)
}

// copyTo copies the database, as it is, to a new file.
func (s *Store) copyTo(ctx context.Context, to string) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err == nil {
		err = errors.Join(f.Chmod(fileMode), f.Close())
	}
	if err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	// What is written without a journal and unflushed is dropped after any error, and
	// seal flushes it.
	return s.snapshot(ctx, func(conn *sql.Conn) error {
		return s.copyPages(ctx, conn, to, url.Values{"mode": {"rw"}, "_journal_mode": {"OFF"}, "_synchronous": {"OFF"}})
	})
}

// snapshot calls use with a connection that reads the database as it is now, and sees
// no later change.
func (s *Store) snapshot(ctx context.Context, use func(*sql.Conn) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return s.explain("read the database", err)
	}
	defer conn.Close()
	var tables int
	if _, err = conn.ExecContext(ctx, "BEGIN"); err == nil {
		defer conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		err = conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables) // begins to read
	}
	if err != nil {
		return s.explain("read the database", err)
	}
	return use(conn)
}

// copyPages copies what a connection sees to the database at a path, in one
// transaction there.
func (s *Store) copyPages(ctx context.Context, conn *sql.Conn, to string, settings url.Values) error {
	doing := "copy the database " + s.path
	abs, err := filepath.Abs(to)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	target := (&url.URL{Scheme: "file", OmitHost: true, Path: abs, RawQuery: settings.Encode()}).String()
	return conn.Raw(func(driver any) error {
		source, ok := driver.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		})
		if !ok {
			return fmt.Errorf("%s: the driver %T has no backup", doing, driver)
		}
		copying, err := source.NewBackup(target)
		if err != nil {
			return s.explainAt(to, doing, err)
		}
		for more := true; more && err == nil; {
			if err = ctx.Err(); err == nil {
				more, err = copying.Step(stepPages)
			}
		}
		if finished := copying.Finish(); err == nil { // after an error it repeats that
			err = finished
		}
		return s.explainAt(to, doing, err)
	})
}

// seal makes a copy one whole file that is on the disk, and with check reads all of
// it for damage.
func (s *Store) seal(ctx context.Context, copied string, check bool) error {
	c := &Store{instance: s.instance, path: copied}
	abs, err := filepath.Abs(copied)
	if err != nil {
		return fmt.Errorf("check the copy: %w", err)
	}
	settings := url.Values{"mode": {"rw"}, "_pragma": {"locking_mode(EXCLUSIVE)"}} // without a -shm
	if c.db, err = sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: abs, RawQuery: settings.Encode()}).String()); err != nil {
		return c.explain("check the copy", err)
	}
	c.db.SetMaxOpenConns(1)
	defer c.db.Close()
	var journal string
	if err := c.db.QueryRowContext(ctx, "PRAGMA journal_mode=DELETE").Scan(&journal); err != nil || journal != "delete" {
		return c.explain("check the copy", errors.Join(err, fmt.Errorf("its journal mode is %q", journal)))
	}
	if check {
		if err := c.whole(ctx, c.db); err != nil {
			return fmt.Errorf("check the copy: %s: %w", copied, err)
		}
	}
	if err := c.db.Close(); err != nil {
		return c.explain("check the copy", err)
	}
	f, err := os.Open(copied)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		return fmt.Errorf("flush the copy: %w", err)
	}
	return nil
}

// whole returns ErrCorrupt with the first thing that PRAGMA integrity_check finds.
func (s *Store) whole(ctx context.Context, db queryer) error {
	rows, err := db.QueryContext(ctx, "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'")
	if err != nil {
		return s.explain("check the database", err)
	}
	found, err := collect(rows, func(row scanner) (text string, err error) { return text, row.Scan(&text) })
	if err != nil {
		return s.explain("check the database", err)
	}
	if len(found) > 0 {
		return fmt.Errorf("%w: %s", ErrCorrupt, found[0])
	}
	return nil
}

// ErrForeign says that a file is a database, and of another program.
var ErrForeign = errors.New("is no database of montimer or of its tasks")

// Verify reads all of a database file, such as a backup, and changes nothing. The error
// is ErrCorrupt if it is damaged or no database, ErrForeign if it is another program's.
func Verify(ctx context.Context, of montimer.Instance, path string) error {
	s, err := openPath(ctx, path, Options{ReadOnly: true, Shared: true, Instance: of})
	if err != nil {
		return err
	}
	err = s.snapshot(ctx, func(conn *sql.Conn) error { return s.verify(ctx, conn) })
	if closed := s.Close(); err == nil {
		err = closed
	}
	return err
}

func (s *Store) verify(ctx context.Context, conn *sql.Conn) error {
	if err := s.whole(ctx, conn); err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	var ours bool
	err := conn.QueryRowContext(ctx, "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name IN ('montimer_schema', 'alert_events')").Scan(&ours)
	if err != nil {
		return s.explain("check the database", err)
	}
	if !ours {
		return fmt.Errorf("%s %w: it has neither the table montimer_schema nor alert_events", s.path, ErrForeign)
	}
	return s.explain("check the database", s.fits(ctx, conn))
}

// fits returns ErrForeign if a table of the tasks lacks a column: montimer never alters
// these, so it could not use the database.
func (s *Store) fits(ctx context.Context, conn *sql.Conn) error {
	want, _, err := ours(ctx)
	if err != nil {
		return err
	}
	have, err := readShape(ctx, conn)
	if err != nil {
		return err
	}
	for _, table := range []string{"alert_events", "monitor_state"} {
		if _, there := have.tables[table]; !there {
			continue
		}
		if lacking := have.missing(want, table); len(lacking) > 0 {
			return fmt.Errorf("%s %w: its table %s has no column %s", s.path, ErrForeign, table, lacking[0].name)
		}
	}
	return nil
}
