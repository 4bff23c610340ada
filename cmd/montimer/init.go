package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
)

type initCmd struct {
	Dir string `arg:"" optional:"" default:"." help:"Directory to write to."`
}

// Run writes the sample. It replaces no file: if one exists, it writes nothing.
// Root writes as the owner of the directory, and no link out of it is followed.
func (c initCmd) Run(e env) error {
	files, err := sampleFiles()
	if err != nil {
		return err
	}
	if host.IsRoot() {
		if err := host.BecomeOwner(c.Dir); err != nil {
			return fmt.Errorf("write the sample: %w", err)
		}
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fmt.Errorf("write the sample: %w", err)
	}
	dir, err := os.OpenRoot(c.Dir)
	if err != nil {
		return fmt.Errorf("write the sample: %w", err)
	}
	defer dir.Close()
	for _, name := range files {
		if _, err := dir.Lstat(name); err == nil {
			return usage(fmt.Errorf("%s exists: nothing was written", filepath.Join(c.Dir, name)))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("write the sample: %w", err)
		}
	}
	for _, name := range files {
		if err := writeSample(dir, name); err != nil {
			return fmt.Errorf("write the sample: %w", err)
		}
		fmt.Fprintln(e.stdout, filepath.Join(c.Dir, name))
	}
	next := "montimer list"
	if filepath.Clean(c.Dir) != "." {
		next = fmt.Sprintf("cd %s && %s", c.Dir, next)
	}
	fmt.Fprintln(e.stderr, "next:", next)
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
