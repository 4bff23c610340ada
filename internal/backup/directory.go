package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
)

const (
	prefix = "monitoring-"
	layout = "20060102T150405Z"
	suffix = ".db"
)

// Name is the name of a backup of that time: monitoring-YYYYMMDDTHHMMSSZ.db, in UTC.
func Name(at time.Time) string { return prefix + at.UTC().Format(layout) + suffix }

// timeOf is the inverse of Name; ok is false for any other name.
func timeOf(name string) (at time.Time, ok bool) {
	text, ours := strings.CutPrefix(name, prefix)
	text, ends := strings.CutSuffix(text, suffix)
	at, err := time.Parse(layout, text)
	return at, ours && ends && err == nil && Name(at) == name
}

// File is a backup of a directory.
type File struct {
	Path string
	At   time.Time // by its name
	Size int64     // in bytes
}

// List returns the backups of a directory, the newest first.
func List(dir string) (all []File, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the backups: %w", err)
	}
	for _, e := range entries {
		at, ours := timeOf(e.Name())
		if !ours || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list the backups: %w", err)
		}
		all = append(all, File{filepath.Join(dir, e.Name()), at, info.Size()})
	}
	slices.SortFunc(all, func(a, b File) int { return b.At.Compare(a.At) })
	return all, nil
}

// Newest returns the newest backup of a directory; fs.ErrNotExist: it has none.
func Newest(dir string) (File, error) {
	all, err := List(dir)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%s has no file %s: %w", dir, prefix+"YYYYMMDDTHHMMSSZ"+suffix, fs.ErrNotExist)
	}
	if err != nil {
		return File{}, err
	}
	return all[0], nil
}

// NewestGood returns the newest backup of a directory that is whole, and what is wrong
// with newer ones. fs.ErrNotExist: there is none.
func NewestGood(ctx context.Context, of montimer.Instance, dir string) (good File, bad []error, err error) {
	all, err := List(dir)
	if err != nil {
		return File{}, nil, err
	}
	for _, f := range all {
		err := store.Verify(ctx, of, f.Path)
		if err == nil {
			return f, bad, nil
		}
		if ctx.Err() != nil {
			return File{}, bad, err
		}
		bad = append(bad, err)
	}
	return File{}, bad, fmt.Errorf("%s has no whole file %s: %w", dir, prefix+"YYYYMMDDTHHMMSSZ"+suffix, fs.ErrNotExist)
}

// rotate removes all backups of a directory but the newest and the one that was just
// made, which is known to be good and is the newest unless a clock was wrong.
func rotate(dir string, keep int, made string) error {
	all, err := List(dir)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(all, func(f File) bool { return f.Path == made })
	var errs []error
	for _, f := range others[min(len(others), keep-1):] {
		if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove old backups: %w", err)
	}
	return nil
}

// temporary names a file that only a backup of this database by this machine writes, so
// that the next one can remove what is left of it.
func (s Source) temporary() string {
	id, _ := MachineID() // without one, two machines that share a directory share this
	sum := sha256.Sum256([]byte(id + "\x00" + s.StateDir))
	return "." + prefix + hex.EncodeToString(sum[:6]) + suffix + ".tmp"
}
