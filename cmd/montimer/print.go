package main

import (
	"fmt"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"github.com/montimer/montimer/internal/doctor"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/manual"
)

type manCmd struct {
	Page string `arg:"" enum:"montimer,jobs.yaml,bash" help:"montimer, jobs.yaml, or bash: its completions."`
}

// Run prints a manual page, or the completions. All are made from the program's
// own grammars: the command line, and the table of keys.
func (c manCmd) Run(e env, k *kong.Kong) error {
	switch c.Page {
	case "jobs.yaml":
		return manual.Jobs(e.stdout, jobs.Keys())
	case "bash":
		return manual.Bash(e.stdout, k.Model)
	}
	var checks []manual.Check
	for _, c := range doctor.Checks() {
		checks = append(checks, manual.Check{ID: c.ID, Find: c.Find, Why: c.Why})
	}
	return manual.Command(e.stdout, k.Model, exitCodes, checks)
}

type schemaCmd struct{}

// Run prints the JSON Schema of jobs.yaml.
func (schemaCmd) Run(e env) error {
	_, err := e.stdout.Write(jobs.Schema())
	return err
}

// version is set by the linker for releases.
var version = ""

type versionCmd struct{}

// Run prints the version on one line.
func (versionCmd) Run(e env) error {
	_, err := fmt.Fprintln(e.stdout, "montimer", versionText())
	return err
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// buildCommit is the commit that the program was built from; "": not known.
func buildCommit() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return ""
}
