package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// files are the schema: shared.sql as the tasks create it, indexes.sql for the
// readers of alert_events, 1.sql, 2.sql, … of montimer's own tables, and the queries of Check. A
// numbered file that has been released never changes. The next one may add
// tables, indexes, and columns with a default; so an older montimer works on.
//
//go:embed schema/*.sql
var files embed.FS

// ledger lists the applied numbered files. PRAGMA user_version
// is not used: it belongs to no single program that shares the file.
const ledger = "CREATE TABLE IF NOT EXISTS montimer_schema (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)"

// create makes the tables that the tasks share, and the ledger of the migrations.
func create(ctx context.Context, tx *sql.Tx) error {
	var shared bool // by tasks, which may have filled it
	err := tx.QueryRowContext(ctx, "SELECT count(*) > 0 FROM sqlite_master WHERE name = 'alert_events'").Scan(&shared)
	if err != nil {
		return err
	}
	err = errors.Join(apply(ctx, tx, "shared.sql"), do(ctx, tx, ledger))
	if !shared { // an index of an empty table costs nothing
		err = errors.Join(err, apply(ctx, tx, "indexes.sql"))
	}
	return err
}

// migrate brings the schema up to date, each step in a transaction of its own.
// If nothing is to be done it only reads.
func (s *Store) migrate(ctx context.Context) error {
	version, err := s.version(ctx)
	if err != nil {
		return err
	}
	if err := s.dropTriggers(ctx); err != nil {
		return err
	}
	if version == 0 {
		if err := s.write(ctx, durable, func(tx *sql.Tx) error { return create(ctx, tx) }); err != nil {
			return err
		}
	}
	for next := version + 1; exists(next); next++ {
		if err := s.step(ctx, next); err != nil {
			return fmt.Errorf("to version %d: %w", next, err)
		}
	}
	return nil
}

// foreignTriggers are those that change montimer's tables, or act on them:
// montimer has none, and one could delete each alert as it is stored.
const foreignTriggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND (tbl_name LIKE 'montimer_%' OR sql LIKE '%montimer_%')"

// dropTriggers removes triggers of others on montimer's tables.
func (s *Store) dropTriggers(ctx context.Context) error {
	var any bool
	err := s.db.QueryRowContext(ctx, "SELECT EXISTS ("+foreignTriggers+")").Scan(&any)
	if err != nil || !any {
		return err
	}
	return s.write(ctx, durable, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, foreignTriggers)
		if err != nil {
			return err
		}
		names, err := collect(rows, func(row scanner) (name string, err error) { return name, row.Scan(&name) })
		for _, name := range names {
			err = errors.Join(err, do(ctx, tx, `DROP TRIGGER "`+strings.ReplaceAll(name, `"`, `""`)+`"`))
		}
		return err
	})
}

// requireSchema returns an error if migrate would change anything.
func (s *Store) requireSchema(ctx context.Context) error {
	version, err := s.version(ctx)
	if err == nil && exists(version+1) {
		return s.fix(ErrSchema)
	}
	return err
}

// version returns the last numbered file that was applied; 0: none.
func (s *Store) version(ctx context.Context) (version int, err error) {
	var there bool
	err = s.db.QueryRowContext(ctx, "SELECT count(*) > 0 FROM sqlite_master WHERE name = 'montimer_schema'").Scan(&there)
	if err != nil || !there {
		return 0, err
	}
	err = s.db.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM montimer_schema").Scan(&version)
	return version, err
}

// step applies one numbered file, unless another process has done so since.
func (s *Store) step(ctx context.Context, version int) error {
	return s.write(ctx, durable, func(tx *sql.Tx) error {
		var done bool
		err := tx.QueryRowContext(ctx, "SELECT count(*) > 0 FROM montimer_schema WHERE version = ?", version).Scan(&done)
		if err != nil || done {
			return err
		}
		if err := apply(ctx, tx, fileName(version)); err != nil {
			return err
		}
		return do(ctx, tx, "INSERT INTO montimer_schema (version, applied_at) VALUES (?, ?)", version, formatTime(time.Now()))
	})
}

// Init creates the indexes of alert_events, and missing shared tables. On a
// large table that takes seconds, during which no other process can write: it
// is never part of a run.
func (s *Store) Init(ctx context.Context) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		return errors.Join(apply(ctx, tx, "shared.sql"), apply(ctx, tx, "indexes.sql"))
	})
	return s.explain("build the indexes", err)
}

func apply(ctx context.Context, tx *sql.Tx, name string) error {
	text, err := files.ReadFile("schema/" + name)
	if err != nil {
		return err
	}
	return do(ctx, tx, string(text))
}

func exists(version int) bool {
	_, err := fs.Stat(files, "schema/"+fileName(version))
	return err == nil
}

func fileName(version int) string { return fmt.Sprintf("%d.sql", version) }
