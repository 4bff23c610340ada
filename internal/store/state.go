package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/montimer/montimer"
)

// Namespaces returns the namespaces of monitor_state, by name.
func (s *Store) Namespaces(ctx context.Context) ([]montimer.StateNamespace, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT namespace, count(*), max(updated_at) FROM monitor_state GROUP BY namespace ORDER BY namespace")
	if err != nil {
		return nil, s.explain("read the state", err)
	}
	all, err := collect(rows, func(row scanner) (n montimer.StateNamespace, err error) {
		err = row.Scan(&n.Name, &n.Keys, timeColumn{&n.Updated})
		return n, err
	})
	return all, s.explain("read the state", err)
}

// State returns the values of a namespace, by key.
func (s *Store) State(ctx context.Context, namespace string) ([]montimer.StateValue, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT namespace, key, value, updated_at FROM monitor_state WHERE namespace = ? ORDER BY key", namespace)
	if err != nil {
		return nil, s.explain("read the state", err)
	}
	all, err := collect(rows, scanState)
	return all, s.explain("read the state", err)
}

func scanState(row scanner) (v montimer.StateValue, err error) {
	err = row.Scan(&v.Namespace, &v.Key, &v.Value, timeColumn{&v.Updated})
	return v, err
}

const oneValue = "SELECT namespace, key, value, updated_at FROM monitor_state WHERE namespace = ? AND key = ?"

// StateValue returns the value of a key; found is false if it has none.
func (s *Store) StateValue(ctx context.Context, namespace, key string) (v montimer.StateValue, found bool, err error) {
	v, err = scanState(s.db.QueryRowContext(ctx, oneValue, namespace, key))
	if errors.Is(err, sql.ErrNoRows) {
		return v, false, nil
	}
	return v, err == nil, s.explain("read the state", err)
}

// SetState stores a value, and returns the one that it replaces.
func (s *Store) SetState(ctx context.Context, v montimer.StateValue) (old montimer.StateValue, found bool, err error) {
	return s.replaceState(ctx, v.Namespace, v.Key, `
		INSERT INTO monitor_state (namespace, key, value, updated_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`, v.Value, formatTime(time.Now()))
}

// RemoveState removes a value, and returns it; found is false if there is none.
func (s *Store) RemoveState(ctx context.Context, namespace, key string) (old montimer.StateValue, found bool, err error) {
	return s.replaceState(ctx, namespace, key, "DELETE FROM monitor_state WHERE namespace = ? AND key = ?")
}

// replaceState executes a statement about one key, and returns the value from before.
func (s *Store) replaceState(ctx context.Context, namespace, key, statement string, args ...any) (old montimer.StateValue, found bool, err error) {
	err = s.write(ctx, durable, func(tx *sql.Tx) (err error) {
		old, err = scanState(tx.QueryRowContext(ctx, oneValue, namespace, key))
		if found = err == nil; err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return do(ctx, tx, statement, append([]any{namespace, key}, args...)...)
	})
	return old, found, s.explain("write the state", err)
}

// mostImported is how many keys one transaction of ImportState writes: a task waits
// for a lock five seconds, then gives up.
const mostImported = 100_000

// ImportState stores values of a namespace, in one transaction for 100,000 of them.
// A key may be there once. A key that has a value keeps it, unless overwrite is set;
// a value that stays the same keeps its time. It returns how many it wrote.
//
// The write lock, which tasks wait for, is held only while SQLite copies the values
// from a table that no other process sees.
func (s *Store) ImportState(ctx context.Context, namespace string, values []montimer.StateValue, overwrite bool) (written int, err error) {
	values = slices.SortedFunc(slices.Values(values), func(a, b montimer.StateValue) int { return cmp.Compare(a.Key, b.Key) }) // as the table is
	for part := range slices.Chunk(values, mostImported) {
		n, err := s.importPart(ctx, namespace, part, overwrite)
		if written += n; err != nil {
			return written, s.explain("import the state", err)
		}
	}
	return written, nil
}

func (s *Store) importPart(ctx context.Context, namespace string, values []montimer.StateValue, overwrite bool) (written int, err error) {
	if err := s.stage(ctx, values); err != nil {
		return 0, err
	}
	conflict := "DO NOTHING"
	if overwrite {
		conflict = "DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at WHERE value <> excluded.value"
	}
	err = s.write(ctx, durable, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `
			INSERT INTO monitor_state (namespace, key, value, updated_at) SELECT ?, key, value, ? FROM temp.staged WHERE true
			ON CONFLICT (namespace, key) `+conflict, namespace, formatTime(time.Now()))
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		written = int(n)
		return err
	})
	if err != nil {
		return 0, err
	}
	return written, nil
}

// stage fills a temporary table of the one connection, without a lock of the
// database: BEGIN alone takes none.
func (s *Store) stage(ctx context.Context, values []montimer.StateValue) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, statement := range []string{
		"PRAGMA temp_store = MEMORY", "CREATE TEMP TABLE IF NOT EXISTS staged (key TEXT, value TEXT)", "BEGIN", "DELETE FROM temp.staged",
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	defer func() {
		end := "COMMIT"
		if err != nil {
			end = "ROLLBACK"
		}
		_, endErr := conn.ExecContext(context.WithoutCancel(ctx), end)
		err = errors.Join(err, endErr)
	}()
	insert, err := conn.PrepareContext(ctx, "INSERT INTO temp.staged VALUES (?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, v := range values {
		if _, err := insert.ExecContext(ctx, v.Key, v.Value); err != nil {
			return err
		}
	}
	return nil
}
