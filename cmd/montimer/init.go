package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
)

type initCmd struct {
	Dir      string `arg:"" optional:"" default:"." help:"Directory to write to."`
	Settings bool   `help:"Print the settings of a host instead, all as comments, for /etc/montimer/config.yaml."`
}

// Run writes the sample, and prints its files.
func (c initCmd) Run(e env) error {
	if c.Settings {
		return host.WriteSample(e.stdout)
	}
	err := jobsfile.WriteSample(c.Dir, func(path string) { fmt.Fprintln(e.stdout, path) })
	var exists *fs.PathError
	switch {
	case errors.As(err, &exists) && exists.Err == fs.ErrExist:
		return usage(fmt.Errorf("%s exists: nothing was written", exists.Path))
	case err != nil:
		return fmt.Errorf("write the sample: %w", err)
	}
	next := "montimer list"
	if filepath.Clean(c.Dir) != "." {
		next = fmt.Sprintf("cd %s && %s", c.Dir, next)
	}
	fmt.Fprintln(e.stderr, "next:", next)
	return nil
}
