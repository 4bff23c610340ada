package main

import (
	"fmt"
	"runtime/debug"

	"github.com/montimer/montimer/internal/jobs"
)

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
