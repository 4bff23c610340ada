package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
)

// Health is the state of the database of a state directory.
type Health struct {
	Missing  bool      `json:"missing"` // there is none: nothing has run yet
	Problems []Problem `json:"problems"`
	Size     int64     `json:"size_bytes"`
	Free     int64     `json:"free_bytes"` // of the file, in pages that nothing uses
	Version  int       `json:"version"`    // of the schema
	Known    int       `json:"known"`      // the newest version that this montimer knows
	Writer   int       `json:"writer_pid"` // of the process that held the lock for writing throughout; 0: none
	Damage   string    `json:"damage"`     // why it cannot be read: SQLite finds it damaged; "": it can
}

// writerPatience is how long another process may hold the lock for writing, as
// busyTimeout for a writer.
const writerPatience = busyTimeout

// Examine looks at the database, and changes nothing. It reads all of the file. The
// error says why it stopped.
func Examine(ctx context.Context, of montimer.Instance, stateDir string) (h Health, err error) {
	h.Problems = []Problem{}
	for h.Known = 0; exists(h.Known + 1); h.Known++ {
	}
	path := filepath.Join(stateDir, FileName)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(stateDir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return h, fmt.Errorf("look at the database: %w", err)
		}
		h.Missing = true
		return h, nil
	}
	if err != nil {
		return h, fmt.Errorf("look at the database: %w", err)
	}
	h.Size = info.Size()
	// Before this process opens it for SQLite: closing any descriptor of a file ends
	// all locks of the process on it (fcntl(2)).
	h.Writer = stubbornWriter(ctx, path)
	problems, err := check(ctx, of, stateDir)
	h.Problems = append(h.Problems, problems...)
	if errors.Is(err, ErrCorrupt) {
		h.Damage = err.Error()
		return h, nil
	}
	if errors.Is(err, ErrSchema) {
		h.Problems = append(h.Problems, Problem{Kind: WrongShape, Path: path, Text: err.Error()})
		return h, nil
	}
	if err != nil {
		return h, err
	}
	s, err := Open(ctx, stateDir, Options{ReadOnly: true, Instance: of})
	if err != nil {
		return h, err
	}
	defer s.Close()
	err = s.db.QueryRowContext(ctx, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size").Scan(&h.Free)
	if err == nil {
		h.Version, err = s.version(ctx)
	}
	return h, s.explain("look at the database", err)
}

// stubbornWriter returns the process that holds the lock for writing for longer
// than a writer waits; 0: there is none.
func stubbornWriter(ctx context.Context, path string) int {
	holder := writer(path)
	for began := time.Now(); holder != 0 && time.Since(began) < writerPatience && ctx.Err() == nil; {
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
		if now := writer(path); now != holder {
			return 0
		}
	}
	return holder
}

// Bytes that SQLite locks: of the write-ahead log's index the one for writing
// (https://sqlite.org/walformat.html, "WAL-Index Locks"), and of a database without
// such a log the reserved and the pending byte
// (https://sqlite.org/fileformat2.html, "The Lock-Byte Page").
const (
	logWriteByte = 120
	pendingByte  = 0x40000000
	pendingBytes = 2
)

// writer returns the process that holds the lock for writing; 0: there is none, or
// that is not known.
func writer(path string) int {
	if pid := lockHolder(path+"-shm", logWriteByte, 1); pid != 0 {
		return pid
	}
	return lockHolder(path, pendingByte, pendingBytes)
}

func lockHolder(path string, start, length int64) int {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: start, Len: length}
	if err := unix.FcntlFlock(uintptr(fd), unix.F_GETLK, &lock); err != nil || lock.Type == unix.F_UNLCK {
		return 0
	}
	return int(lock.Pid)
}
