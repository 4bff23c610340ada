package jobsfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/safefile"
)

// noneExists returns [fs.ErrExist] if one of the files exists.
func noneExists(dir *os.Root, files []string) error {
	for _, name := range files {
		if _, err := dir.Lstat(name); err == nil {
			return &fs.PathError{Op: "create", Path: filepath.Join(dir.Name(), name), Err: fs.ErrExist}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// WriteSample writes a sample jobs.yaml and its scripts to a directory, and
// calls wrote with each path. It replaces no file: if one exists, it writes
// nothing, and the error is [fs.ErrExist]. Root becomes the owner of the
// directory, for good, and no link out of it is followed.
func WriteSample(path string, wrote func(path string)) error {
	files, err := sampleFiles()
	if err != nil {
		return err
	}
	if host.IsRoot() {
		if err := host.BecomeOwner(path); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	dir, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := noneExists(dir, files); err != nil {
		return err
	}
	for _, name := range files {
		if err := writeSample(dir, name); err != nil {
			return err
		}
		wrote(filepath.Join(path, name))
	}
	return nil
}

func sampleFiles() ([]string, error) {
	var files []string
	err := fs.WalkDir(montimer.Sample, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

func writeSample(dir *os.Root, name string) error {
	data, err := fs.ReadFile(montimer.Sample, name)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if filepath.Ext(name) == ".sh" {
		mode = 0o755
	}
	if err := dir.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// Write writes a jobs.yaml as a whole or not at all. It replaces a file only if told
// to, else the error is [fs.ErrExist]. Root becomes the owner of the directory, for
// good.
func Write(path string, data []byte, replace bool) error {
	if host.IsRoot() {
		if err := host.BecomeOwner(filepath.Dir(path)); err != nil {
			return err
		}
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = safefile.Create(path, data, 0o644)
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s is not a regular file", path)
	case !replace:
		err = fs.ErrExist
	default:
		err = safefile.Replace(path, data, info.Mode().Perm())
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write %s: %w: name another file, or give --force", path, fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("write jobs.yaml: %w", err)
	}
	return nil
}
