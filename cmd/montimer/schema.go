package main

import "github.com/montimer/montimer/internal/jobs"

type schemaCmd struct{}

// Run prints the JSON Schema of jobs.yaml.
func (schemaCmd) Run(e env) error {
	_, err := e.stdout.Write(jobs.Schema())
	return err
}
