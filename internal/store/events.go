package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/montimer/montimer"
)

// Events returns the rows of alert_events since a time, the oldest first, and how
// many rows there are besides that have no time.
func (s *Store) Events(ctx context.Context, since time.Time) (all []montimer.Event, spoiled int, err error) {
	all, spoiled, err = events(ctx, s.db, since)
	return all, spoiled, s.explain("read the alerts", err)
}

// EventsOf is Events of a database that montimer need not have used.
func EventsOf(ctx context.Context, path string, since time.Time) (all []montimer.Event, spoiled int, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, 0, fmt.Errorf("read the alerts: %w", err)
	}
	if info, err := os.Stat(path); err != nil {
		return nil, 0, fmt.Errorf("read the alerts: %w", err)
	} else if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("read the alerts: %s: %w", path, fs.ErrInvalid)
	}
	db, err := sql.Open("sqlite", dsn(path, busyTimeout, true, false))
	if err != nil {
		return nil, 0, fmt.Errorf("read the alerts of %s: %w", path, err)
	}
	defer db.Close()
	all, spoiled, err = events(ctx, db, since)
	if err != nil {
		err = fmt.Errorf(`read the alerts of %s: %w; if it cannot be opened, read a copy of it: sqlite3 %[1]s ".backup copy.db"`, path, err)
	}
	return all, spoiled, err
}

// events compares times as times: rows that were written by hand have other forms,
// whose order as texts is another.
func events(ctx context.Context, db *sql.DB, since time.Time) (all []montimer.Event, spoiled int, err error) {
	rows, err := db.QueryContext(ctx, `
		SELECT id, created_at, source, protocol, coalesce(severity, ''), message FROM alert_events
		WHERE created_at >= ? ORDER BY id`, since.UTC().AddDate(0, 0, -1).Format(time.DateOnly))
	if err != nil {
		return nil, 0, err
	}
	all, err = collect(rows, func(row scanner) (e montimer.Event, err error) {
		err = row.Scan(&e.ID, timeColumn{&e.Created}, &e.Source, &e.Protocol, &e.Severity, &e.Text)
		if err == nil && e.Created.IsZero() {
			spoiled++
		}
		return e, err
	})
	n := 0
	for _, e := range all {
		if !e.Created.Before(since) {
			all[n] = e
			n++
		}
	}
	return all[:n], spoiled, err
}
