// Package safefile reads and replaces files in directories that others can
// write to, safely against links, FIFOs and devices in their place and against
// crashes.
package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// Read reads a regular file of at most max bytes. It follows no link in the
// file's place (the error is then ELOOP), waits for no FIFO, and reads no device.
func Read(path string, max int64) ([]byte, error) { return read(path, max, unix.O_NOFOLLOW) }

// ReadLinked is Read that follows links.
func ReadLinked(path string, max int64) ([]byte, error) { return read(path, max, 0) }

// ReadOwn is Read of a file of this user, in a directory where others can create
// any file.
func ReadOwn(path string, max int64) ([]byte, error) {
	f, err := open(path, unix.O_NOFOLLOW)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var info unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &info); err != nil {
		return nil, err
	}
	if info.Uid != uint32(os.Geteuid()) {
		return nil, fmt.Errorf("%s is a file of another user", path)
	}
	return readAll(f, max)
}

func read(path string, max int64, flags int) ([]byte, error) {
	f, err := open(path, flags)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, max)
}

// open opens a regular file.
func open(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|flags, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func readAll(f *os.File, max int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, max+1))
	if err == nil && int64(len(data)) > max {
		err = fmt.Errorf("%s is larger than %d bytes", f.Name(), max)
	}
	return data, err
}

// Replace replaces a file as a whole or not at all, also in a power cut. Its
// permissions are perm, independent of the umask.
func Replace(path string, data []byte, perm fs.FileMode) error {
	return renameio.WriteFile(path, data, perm,
		renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(perm))
}

// Create creates a file as a whole or not at all. If there is anything of that name
// it stays as it is, and the error is [fs.ErrExist].
func Create(path string, data []byte, perm fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(perm), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// SyncDir flushes the names in a directory to the disk, where its file system can.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) { // as on some of the network
		err = nil
	}
	return errors.Join(err, d.Close())
}
