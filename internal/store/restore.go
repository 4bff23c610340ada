package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safefile"
)

// restoreNew is the suffix of the file that Restore makes for a damaged database.
const restoreNew = ".restore"

// Restore gives the database of a state directory the content of another database file,
// such as a backup; from is "" for an empty one. It checks that file first. kept is where
// the old database is: a new file of the state directory whose name begins with beside;
// "": there was none. It is then at the newest schema.
//
// A usable database stays the same file: its new content is one transaction of SQLite.
// So a process that dies in between leaves the old content or the new, and what has
// the database open reads the new one from then on. A damaged one is kept as it is, with
// its -wal and -shm, and the new one takes its place.
//
// Nothing may write meanwhile that is to be kept; locks are the caller's.
func Restore(ctx context.Context, of montimer.Instance, stateDir, from, beside string) (kept string, err error) {
	path, err := filepath.Abs(filepath.Join(stateDir, FileName))
	if err != nil {
		return "", fmt.Errorf("restore the database: %w", err)
	}
	if _, err := secureFile(path, false); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("restore the database: %w", err)
	}
	if from == "" {
		if from, err = makeEmpty(ctx, of); err != nil {
			return "", err
		}
		defer os.RemoveAll(filepath.Dir(from))
	}
	if is, err := os.Stat(from); err == nil {
		if was, err := os.Stat(path); err == nil && os.SameFile(is, was) {
			return "", fmt.Errorf("restore the database: %s is the database itself: name a backup", from)
		}
	}
	source, err := openPath(ctx, from, Options{ReadOnly: true, Shared: true, Instance: of})
	if err != nil {
		return "", err
	}
	r := restore{source: source, path: path, beside: filepath.Join(stateDir, beside)}
	err = source.snapshot(ctx, func(conn *sql.Conn) error {
		if err := source.verify(ctx, conn); err != nil {
			return err
		}
		kept, err = r.run(ctx, conn)
		return err
	})
	if err = errors.Join(err, source.Close()); err != nil {
		return kept, err
	}
	s, err := Open(ctx, stateDir, Options{Instance: of}) // an older schema is migrated
	if err != nil {
		return kept, err
	}
	if kept != "" {
		err = s.knowSent(ctx, kept)
	}
	return kept, errors.Join(err, s.Close())
}

// knowSent takes over from the database before a restore which of the alerts that wait
// now have been sent since the backup. What cannot be read there is not known, and is
// sent.
func (s *Store) knowSent(ctx context.Context, kept string) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return s.explain("see which alerts have been sent", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "ATTACH ? AS old", (&url.URL{Scheme: "file", OmitHost: true, Path: kept, RawQuery: "mode=ro&immutable=1"}).String()); err != nil {
		return nil
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "DETACH old")
	_, err = conn.ExecContext(ctx, `
		BEGIN IMMEDIATE;
		CREATE TEMP TABLE sent AS SELECT now.id, was.delivery_status, was.delivered_at
			FROM main.montimer_outbox waits JOIN main.alert_events now ON now.id = waits.event_id
			JOIN old.alert_events was ON was.id = now.id AND was.created_at = now.created_at AND was.message = now.message
			WHERE was.delivery_status = 'delivered';
		UPDATE main.alert_events SET (delivery_status, delivered_at) = (SELECT delivery_status, delivered_at FROM sent WHERE sent.id = alert_events.id) WHERE id IN (SELECT id FROM sent);
		DELETE FROM main.montimer_outbox WHERE event_id IN (SELECT id FROM sent);
		COMMIT`)
	if err != nil {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // there may be nothing to undo
		var coded *sqlite.Error
		if errors.As(err, &coded) && (kind(coded.Code()) == ErrCorrupt || lacks(coded.Error())) {
			return nil // the old one is damaged, or is from before the outbox
		}
	}
	return s.explain("see which alerts have been sent", err)
}

// makeEmpty makes an empty database in a directory of its own.
func makeEmpty(ctx context.Context, of montimer.Instance) (path string, err error) {
	dir, err := os.MkdirTemp("", of.Prefix()+"-")
	if err != nil {
		return "", fmt.Errorf("make an empty database: %w", err)
	}
	s, err := Open(ctx, dir, Options{Instance: of})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return filepath.Join(dir, FileName), nil
}

// A restore is one call of [Restore].
type restore struct {
	source *Store
	path   string // of the database
	beside string // of what was there
}

func (r restore) run(ctx context.Context, conn *sql.Conn) (kept string, err error) {
	old, err := os.Lstat(r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && old.Size() == 0 && !(&Store{path: r.path}).hasLog():
		if err := r.room(ctx, conn, 0); err != nil {
			return "", err
		}
		if err := createFile(r.path); err != nil { // SQLite drops the -wal of an empty file
			return "", fmt.Errorf("restore the database: %w", err)
		}
		return "", r.overwrite(ctx, conn)
	case err != nil:
		return "", fmt.Errorf("restore the database: %w", err)
	}
	if err := r.room(ctx, conn, old.Size()); err != nil {
		return "", err
	}
	if err = r.keep(ctx); err == nil {
		if err = r.overwrite(ctx, conn); err != nil && !errors.Is(err, ErrCorrupt) {
			return "", errors.Join(err, os.Remove(r.beside)) // the old content is in its place
		}
	}
	if errors.Is(err, ErrCorrupt) {
		err = r.replace(ctx)
	}
	if err != nil {
		return "", err
	}
	return r.beside, nil
}

// room returns ErrReadOnlyFS, or ErrFull if the file system has not enough for what [restore.run] writes: a
// copy of the old database, the new content in the write-ahead log, and in the file as far
// as that is smaller.
func (r restore) room(ctx context.Context, conn *sql.Conn, old int64) error {
	var size int64
	if err := conn.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&size); err != nil {
		return r.source.explain("restore the database", err)
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(r.path), &disk); err != nil {
		return fmt.Errorf("restore the database: %w", err)
	}
	if disk.Flags&unix.ST_RDONLY != 0 {
		return fmt.Errorf("restore the database: %s: %w", filepath.Dir(r.path), ErrReadOnlyFS)
	}
	need, free := old+size+size/64+max(0, size-old), int64(disk.Bavail)*disk.Frsize
	if need > free {
		return fmt.Errorf("restore the database: %s: %w (restoring takes %d MiB, %d MiB are free)", filepath.Dir(r.path), ErrFull, need>>20+1, free>>20)
	}
	return nil
}

// keep copies the old database to the name beside.
func (r restore) keep(ctx context.Context) error {
	s := &Store{instance: r.source.instance, path: r.path}
	var err error
	if s.db, err = sql.Open("sqlite", dsn(r.path, busyTimeout, true, false)); err != nil {
		return s.explain("keep the old database", err)
	}
	defer s.db.Close()
	partial := r.beside + ".tmp"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the old database: %w", err)
	}
	if err = s.copyTo(ctx, partial); err == nil {
		err = s.seal(ctx, partial, false)
	}
	if err == nil {
		err = os.Rename(partial, r.beside)
	}
	if err != nil {
		for _, suffix := range []string{"", "-journal", "-wal"} {
			os.Remove(partial + suffix) // there may be none
		}
		return fmt.Errorf("keep the old database: %w", err)
	}
	return nil
}

// overwrite gives the database the content of the source, in one transaction.
func (r restore) overwrite(ctx context.Context, conn *sql.Conn) error {
	if err := r.samePages(ctx, conn); err != nil {
		return err
	}
	settings := url.Values{"mode": {"rw"}, "_busy_timeout": {strconv.FormatInt(busyTimeout.Milliseconds(), 10)}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"}}
	copied := r.source.copyPages(ctx, conn, r.path, settings)
	// Without it the next to write would move all of the log into the file, and after an
	// error the log would take the room.
	return errors.Join(copied, r.fold(ctx))
}

// samePages returns an error if the pages of the two have different sizes: a
// transaction cannot change that.
func (r restore) samePages(ctx context.Context, conn *sql.Conn) error {
	var is, was int
	if err := conn.QueryRowContext(ctx, "PRAGMA page_size").Scan(&is); err != nil {
		return r.source.explain("restore the database", err)
	}
	db, err := sql.Open("sqlite", dsn(r.path, busyTimeout, false, false))
	if err != nil {
		return r.source.explainAt(r.path, "restore the database", err)
	}
	defer db.Close()
	if err := db.QueryRowContext(ctx, "PRAGMA page_size").Scan(&was); err != nil {
		return r.source.explainAt(r.path, "restore the database", err)
	}
	if is != was {
		return fmt.Errorf("restore the database: %s has pages of %d bytes, and %s of %d: sqlite3 %[1]s 'PRAGMA journal_mode=DELETE; PRAGMA page_size=%[4]d; VACUUM'", r.source.path, is, r.path, was)
	}
	return nil
}

// fold moves the write-ahead log into the file, as far as no reader is in the way.
func (r restore) fold(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	db, err := sql.Open("sqlite", dsn(r.path, busyTimeout, false, false))
	if err == nil {
		_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
		err = errors.Join(err, db.Close())
	}
	if err = r.source.explainAt(r.path, "restore the database", err); errors.Is(err, ErrBusy) {
		return nil
	}
	return err
}

// replace puts a new file in the place of a damaged database, which is kept with its log.
// SQLite would replay that log into the new file, so its name goes first: a process that
// dies in between leaves a database that is damaged still, and all of the old one beside.
func (r restore) replace(ctx context.Context) error {
	fresh := r.path + restoreNew
	for _, suffix := range []string{"", "-journal", "-wal"} {
		if err := os.Remove(fresh + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("restore the database: %w", err)
		}
	}
	err := r.source.copyTo(ctx, fresh)
	if err == nil {
		err = r.source.seal(ctx, fresh, false)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	err = r.swap(fresh)
	if err != nil {
		return fmt.Errorf("restore the database: %w", err)
	}
	return nil
}

func (r restore) swap(fresh string) error {
	old, err := os.Lstat(r.path)
	if err != nil {
		return err
	}
	if err := os.Chmod(fresh, old.Mode().Perm()&^0o002); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(r.beside + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) { // a copy of what SQLite could read
			return err
		}
		if err := os.Link(r.path+suffix, r.beside+suffix); err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	if err := safefile.SyncDir(filepath.Dir(r.path)); err != nil {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(r.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := safefile.SyncDir(filepath.Dir(r.path)); err != nil {
		return err
	}
	if err := os.Rename(fresh, r.path); err != nil {
		return err
	}
	return safefile.SyncDir(filepath.Dir(r.path))
}

// BesideName is what the old database is called after a restore at that time.
func BesideName(at time.Time) string {
	return FileName + ".before-" + at.UTC().Format("20060102T150405Z")
}
