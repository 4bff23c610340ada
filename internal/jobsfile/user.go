package jobsfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/safetext"
)

// asUser reports whether the file is read as the user of the tasks: root opens
// nothing that this user controls.
func asUser(h montimer.Host) bool { return host.IsRoot() && !host.IsRootName(h.User) }

// readAsUser reads jobs.yaml as that user, by running montimer read-jobs.
func readAsUser(ctx context.Context, h montimer.Host) (path string, data []byte, err error) {
	args := append([]string{"read-jobs", "--checkout", h.Checkout}, h.Instance.Flags()...)
	if h.JobsFile != "" {
		args = append(args, "--jobs", h.JobsFile)
	}
	out, err := host.RunAsUser(ctx, h.User, h.Group, args...)
	var child *host.ChildError
	if errors.As(err, &child) {
		// The child's message, made safe to show.
		said := strings.TrimPrefix(child.Message, "montimer: ")
		if strings.HasSuffix(said, "permission denied") {
			said += ": " + h.User + " must be able to read it"
		}
		return "", nil, errors.New(safetext.String(said))
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

// Send is the child's side: it writes the path of jobs.yaml, a NUL, and the
// file. It follows no link.
func Send(w io.Writer, h montimer.Host) error {
	data, err := readFile(h.JobsFile, safefile.Read)
	if err != nil {
		return explainMissing(h, err)
	}
	_, err = fmt.Fprintf(w, "%s\x00%s", h.JobsFile, data)
	return err
}

// MissingScripts returns the scripts that the checkout does not have. They are
// looked for as the user of the tasks, without following a link to the file.
func MissingScripts(h montimer.Host) ([]jobs.Diagnostic, error) {
	data, err := readFile(h.JobsFile, safefile.Read)
	if err != nil {
		return nil, err
	}
	_, found := jobs.Decode(h.JobsFile, data, jobs.Options{Files: []fs.FS{os.DirFS(h.Checkout)}})
	return slices.DeleteFunc(found, func(d jobs.Diagnostic) bool { return !d.OfFiles }), nil
}

// MonitoringName is the name of the list of protocols in the checkout.
const MonitoringName = "monitoring.yaml"

// ReadMonitoring reads the monitoring.yaml of a host's checkout, as the user of the
// tasks. The error is fs.ErrNotExist if there is none.
func ReadMonitoring(h montimer.Host) (jobs.Monitoring, error) {
	if asUser(h) {
		return jobs.Monitoring{}, fmt.Errorf("read %s: only %s may", MonitoringName, h.User)
	}
	path := filepath.Join(h.Checkout, MonitoringName)
	data, err := safefile.Read(path, jobs.MaxFile)
	if err != nil {
		return jobs.Monitoring{}, fmt.Errorf("read %s: %w", MonitoringName, err)
	}
	m, problems := jobs.DecodeMonitoring(path, data)
	return m, File{Path: path, Diagnostics: problems}.Err(strings.Clone)
}
