package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
)

// check compiles a jobs.yaml in memory. It needs nothing but the file: no
// systemd, no rights and none of the host's settings.
func (c compileCmd) check(e env) error {
	path, flags := c.checkedFile(), 0
	if host.IsRoot() {
		flags = refuseLink
	}
	data, err := readJobsFile(path, flags)
	if err != nil {
		return usage(err)
	}
	j, found := jobs.Decode(path, data, jobs.Options{Local: time.Local, Now: time.Now()})
	if !jobs.HasErrors(found) {
		if _, err := compiler.Render(anyHost(), j.Profiles); err != nil {
			found = append(found, jobs.Diagnostic{File: path, Severity: jobs.Error, Message: err.Error()})
		}
	}
	switch c.Output {
	case "json":
		err = jobs.WriteJSON(e.stdout, found)
	case "github":
		err = jobs.WriteGitHub(e.stdout, found)
	default:
		err = jobs.WriteText(e.stdout, found, isTerminal(e.stdout))
	}
	if err != nil {
		return err
	}
	if jobs.HasErrors(found) || c.Strict && len(found) > 0 {
		return exitError{code: exitUsage}
	}
	fmt.Fprintf(e.stderr, "%s: %d profiles, %d warnings\n", path, len(j.Profiles), len(found))
	return nil
}

// checkedFile is the jobs.yaml to check, relative where it was given so: that
// is how GitHub knows the files of a checkout.
func (c compileCmd) checkedFile() string {
	switch {
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
