package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/montimer/montimer"
)

// Events reads alert_events for as long as a process lives. It opens the
// database when it is first asked, and again when another file is in its
// place; it needs no table of montimer, makes no index, and writes nothing. It
// is safe for use by several goroutines.
type Events struct {
	stateDir string
	instance montimer.Instance

	turn   chan struct{} // to open
	opened *readers      // nil: none
	busy   time.Time     // when it was found locked
}

// mostReaders is how many queries run at a time, each with a connection; others wait.
const mostReaders = 4

// readers are the connections to one file.
type readers struct {
	s    *Store
	free chan *reader // of those that are not in use; nil: to be connected
}

// reader is a connection and what it has prepared.
type reader struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
	kept     keptLatest
}

// NewEvents returns the reader of the database of a state directory. Close it.
func NewEvents(stateDir string, of montimer.Instance) *Events {
	return &Events{stateDir: stateDir, instance: of, turn: make(chan struct{}, 1)}
}

// Close closes the database, once the queries under way have ended.
func (e *Events) Close() error {
	e.turn <- struct{}{}
	defer func() { <-e.turn }()
	opened := e.opened
	if e.opened = nil; opened == nil {
		return nil
	}
	return opened.close()
}

func (rs *readers) close() (err error) {
	for range mostReaders {
		if r := <-rs.free; r != nil {
			err = errors.Join(err, r.close())
		}
	}
	return errors.Join(err, rs.s.Close())
}

// read calls a function with a connection. The error is fs.ErrNotExist where there
// is no database, or [ErrDeleted].
func (e *Events) read(ctx context.Context, use func(*reader) error) error {
	rs, err := e.open(ctx)
	if err != nil {
		return err
	}
	var r *reader
	select {
	case r = <-rs.free:
	case <-ctx.Done():
		return ctx.Err()
	}
	if r == nil {
		r, err = rs.connect(ctx)
	}
	if err == nil {
		err = use(r)
	}
	var other stopped
	if errors.As(err, &other) {
		err = other.error
	} else if err != nil {
		if r != nil { // it may have been interrupted
			_ = r.close()
		}
		r = nil
		if ctx.Err() != nil {
			err = ctx.Err()
		} else {
			err = rs.s.explain("read the alerts", err)
		}
	}
	rs.free <- r
	if rs.s.frozen {
		err = cmp.Or(err, rs.close())
	}
	return err
}

// open returns the readers of the file that is there now. Those of a database that
// is frozen are for one use.
func (e *Events) open(ctx context.Context) (*readers, error) {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if e.opened != nil {
		if e.opened.s.stillThere() == nil {
			return e.opened, nil
		}
		go e.opened.close() // once its queries have ended
		e.opened = nil
	}
	if time.Since(e.busy) < sharedTimeout/2 { // who has waited for it has waited for all
		return nil, fmt.Errorf("open the database: %w", ErrBusy)
	}
	s, err := Open(ctx, e.stateDir, Options{ReadOnly: true, Shared: true, Instance: e.instance})
	if errors.Is(err, ErrBusy) {
		e.busy = time.Now()
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = cmp.Or(Deleted(e.instance, e.stateDir), err)
	}
	if err != nil {
		return nil, err
	}
	rs := &readers{s, make(chan *reader, mostReaders)}
	for range mostReaders {
		rs.free <- nil
	}
	if !s.frozen {
		e.opened = rs
	}
	return rs, nil
}

func (rs *readers) connect(ctx context.Context) (*reader, error) {
	conn, err := rs.s.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	// A page of 100 rows that are far from each other takes up to 150 pages of 4 KiB.
	if _, err := conn.ExecContext(ctx, "PRAGMA cache_size = -1024"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if _, err := sqlite.Limit(conn, sqlite3.SQLITE_LIMIT_LENGTH, largest); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &reader{conn: conn, prepared: map[string]*sql.Stmt{}}, nil
}

func (r *reader) close() (err error) {
	for _, stmt := range r.prepared {
		err = errors.Join(err, stmt.Close())
	}
	return errors.Join(err, r.conn.Close())
}

// mostPrepared bounds what a reader keeps. There are some 200 different queries.
const mostPrepared = 64

// query runs a query, which is prepared once.
func (r *reader) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	stmt := r.prepared[text]
	if stmt == nil {
		var err error
		if stmt, err = r.conn.PrepareContext(ctx, text); err != nil {
			return nil, err
		}
		for old, unused := range r.prepared {
			if len(r.prepared) < mostPrepared {
				break
			}
			delete(r.prepared, old)
			_ = unused.Close()
		}
		r.prepared[text] = stmt
	}
	return stmt.QueryContext(ctx, args...)
}

// row reads one row.
func (r *reader) row(ctx context.Context, text string, args []any, into ...any) error {
	rows, err := r.query(ctx, text, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return errors.Join(rows.Err(), sql.ErrNoRows)
	}
	return errors.Join(rows.Scan(into...), rows.Close())
}

// one reads one value.
func (r *reader) one(ctx context.Context, text string) (value any, err error) {
	err = r.row(ctx, text, nil, &value)
	return value, err
}

// tooLarge reports whether an error is that a row or a text is larger than a reader
// takes.
func tooLarge(err error) bool {
	var coded *sqlite.Error
	return errors.As(err, &coded) && coded.Code() == sqlite3.SQLITE_TOOBIG
}
