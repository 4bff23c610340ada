package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
	_ "time/tzdata" // a container that checks pull requests often has none

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/safefile"
)

// check compiles a jobs.yaml in memory. It needs nothing but the file: no
// systemd, no rights and none of the host's settings.
func (c compileCmd) check(e env) error {
	path, profiles := c.checkedFile(), 0
	var found []jobs.Diagnostic
	if data, err := readChecked(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = c.missingFile(path)
		}
		found = []jobs.Diagnostic{{File: path, Width: 1, Severity: jobs.Error, Message: err.Error()}}
	} else {
		var j montimer.Jobs
		j, found = jobs.Decode(path, data, jobs.Options{Local: time.Local, Now: time.Now(), Prove: true, Files: c.checkedFiles(path)})
		profiles = len(j.Profiles)
		if !jobs.HasErrors(found) {
			if _, err := compiler.Render(anyHost(), j.Profiles); err != nil {
				found = append(found, jobs.Diagnostic{File: path, Width: 1, Severity: jobs.Error, Message: err.Error()})
			}
		}
	}
	var err error
	switch c.Output {
	case "json":
		err = jobs.WriteJSON(e.stdout, found)
	case "github":
		err = jobs.WriteGitHub(e.stdout, found)
	default:
		err = jobs.WriteText(e.stdout, found, console.Colors(e.stdout))
	}
	switch {
	case err != nil:
		return err
	case jobs.HasErrors(found):
		return exitError{code: exitUsage}
	case c.Strict && len(found) > 0:
		return usage(fmt.Errorf("%s: %s, treated as errors because of --strict", path, counted(len(found), "warning")))
	}
	fmt.Fprintf(e.stderr, "%s: %s, %s\n", path, counted(profiles, "profile"), counted(len(found), "warning"))
	return nil
}

// checkedFiles are the directories in which a script of the file to check may
// be: --checkout, else that of the file, or of the repository around it. From
// standard input the file is of no directory.
func (c compileCmd) checkedFiles(path string) []fs.FS {
	dir := c.Checkout
	if dir == "" && path != standardInput {
		dir = filepath.Dir(path)
		if filepath.Base(dir) == "automation" && filepath.Base(path) == "jobs.yaml" {
			dir = filepath.Dir(dir)
		}
	}
	if dir == "" {
		return nil
	}
	files := []fs.FS{os.DirFS(dir)}
	if abs, err := filepath.Abs(dir); c.Checkout == "" && err == nil {
		for top := abs; top != filepath.Dir(top); top = filepath.Dir(top) {
			if exists(filepath.Join(top, ".git")) && top != abs {
				files = append(files, os.DirFS(top))
				break
			}
		}
	}
	return files
}

// counted is a number of things: 1 warning, 2 warnings.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// readChecked reads the file to check; root reads it as whom it belongs to.
func readChecked(path string) ([]byte, error) {
	if path == standardInput {
		return readJobsStream(os.Stdin)
	}
	if host.IsRoot() {
		if err := host.BecomeOwner(path); err != nil {
			return nil, err
		}
	}
	return readJobsFile(path, safefile.ReadLinked)
}

// standardInput is the name of what is read for the file -.
const standardInput = "<stdin>"

// checkedFile is the jobs.yaml to check, relative where it was given so: that
// is how GitHub knows the files of a checkout.
func (c compileCmd) checkedFile() string {
	switch {
	case c.File == "-":
		return standardInput
	case c.File != "":
		return c.File
	case c.Jobs != "":
		return c.Jobs
	}
	path := filepath.Join(c.Checkout, "jobs.yaml")
	if old := filepath.Join(c.Checkout, "automation/jobs.yaml"); !exists(path) && exists(old) {
		return old
	}
	return path
}

// missingFile says where jobs.yaml was looked for.
func (c compileCmd) missingFile(path string) error {
	if c.File != "" || c.Jobs != "" {
		return errors.New("the file does not exist")
	}
	return fmt.Errorf("neither %s nor %s exists: name the file (montimer compile --check FILE), or let montimer init DIR write a sample",
		path, filepath.Join(c.Checkout, "automation/jobs.yaml"))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// anyHost stands in for a host of which nothing is known.
func anyHost() montimer.Host {
	return montimer.Host{
		JobsFile: "/srv/app/jobs.yaml", Checkout: "/srv/app", StateDir: "/var/lib/montimer", EnvFile: "/etc/montimer/env",
		User: "nobody", Group: "nogroup", Binary: "/usr/local/bin/montimer",
	}
}
