package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/safetext"
)

// readJobsCmd is what root has the run-as user do: find and read jobs.yaml.
type readJobsCmd struct {
	hostFlags
}

// Run writes the path of jobs.yaml, a NUL, and the file.
func (c readJobsCmd) Run(e env) error {
	h, err := c.host(e)
	if err != nil {
		return err
	}
	data, err := readJobsFile(h.JobsFile, safefile.Read)
	if err != nil {
		return usage(explainMissing(h, err))
	}
	_, err = fmt.Fprintf(e.stdout, "%s\x00%s", h.JobsFile, data)
	return err
}

// readAsUser has the run-as user find and read jobs.yaml, so that root opens
// nothing that this user controls.
func readAsUser(ctx context.Context, h montimer.Host) (path string, data []byte, err error) {
	args := []string{"read-jobs", "--checkout", h.Checkout}
	if h.JobsFile != "" {
		args = append(args, "--jobs", h.JobsFile)
	}
	out, err := host.RunAsUser(ctx, h.User, h.Group, args...)
	var child *host.ChildError
	if errors.As(err, &child) {
		// As the child says it, but as text that cannot drive a terminal.
		said := strings.TrimPrefix(child.Message, "montimer: ")
		if strings.HasSuffix(said, "permission denied") {
			said += ": " + h.User + " must be able to read it"
		}
		return "", nil, exitError{exitUsage, errors.New(safetext.String(said))}
	}
	if err != nil {
		return "", nil, fmt.Errorf("read jobs.yaml: %w", err)
	}
	name, data, found := bytes.Cut(out, []byte{0})
	if !found {
		return "", nil, fmt.Errorf("read jobs.yaml as %s: no answer", h.User)
	}
	return string(name), data, nil
}
