package main

import (
	"fmt"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobs"
)

type schemaCmd struct{}

// Run prints the JSON Schema of jobs.yaml.
func (schemaCmd) Run(e env) error {
	_, err := e.stdout.Write(jobs.Schema())
	return err
}

type versionCmd struct{}

// Run prints the version on one line.
func (versionCmd) Run(e env) error {
	_, err := fmt.Fprintln(e.stdout, "montimer", montimer.Version())
	return err
}
