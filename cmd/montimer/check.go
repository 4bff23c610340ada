package main

import (
	"cmp"
	"fmt"
	"os"
	_ "time/tzdata" // a container that checks pull requests often has none

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/jobsfile"
)

// check compiles a jobs.yaml in memory, and writes what is wrong with it to
// standard output. It needs only the file: no systemd, no rights and no host
// settings.
func (c compileCmd) check(e env) error {
	f := jobsfile.Candidate{Name: cmp.Or(c.File, c.Jobs), Checkout: c.Checkout, Stdin: os.Stdin}.Check()
	if !jobs.HasErrors(f.Diagnostics) {
		if _, err := compiler.Render(anyHost(), f.Jobs); err != nil {
			f = f.With(err)
		}
	}
	found := f.Diagnostics
	switch err := jobs.Write(e.stdout, c.Output, found, console.Colors(e.stdout)); {
	case err != nil:
		return err
	case jobs.HasErrors(found):
		return exitError{code: exitUsage}
	case c.Strict && len(found) > 0:
		return usage(fmt.Errorf("%s: %s, treated as errors because of --strict", f.Path, counted(len(found), "warning")))
	}
	fmt.Fprintf(e.stderr, "%s: %s, %s\n", f.Path, counted(len(f.Jobs.Profiles), "profile"), counted(len(found), "warning"))
	return nil
}

// counted returns a count with its noun: 1 warning, 2 warnings.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// anyHost takes the place of an unknown host.
func anyHost() montimer.Host {
	var i montimer.Instance
	return montimer.Host{
		JobsFile: "/srv/app/jobs.yaml", Checkout: "/srv/app", StateDir: i.StateDir(), EnvFile: i.EnvFile(),
		User: "nobody", Group: "nogroup", Binary: "/usr/local/bin/montimer",
	}
}
