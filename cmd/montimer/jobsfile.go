package main

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
	"syscall"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// loadJobs reads and checks the host's jobs.yaml, and settles its path where h
// leaves it open. What is wrong with the file goes to standard error; only
// warnings let it pass.
func loadJobs(ctx context.Context, e env, h *montimer.Host) (montimer.Jobs, error) {
	j, diagnostics, err := checkJobs(ctx, e, h)
	if jobs.HasErrors(diagnostics) {
		return montimer.Jobs{}, exitError{code: exitUsage}
	}
	return j, err
}

// checkJobs is loadJobs for who has a use for what is wrong with the file.
func checkJobs(ctx context.Context, e env, h *montimer.Host) (montimer.Jobs, []jobs.Diagnostic, error) {
	path, data, err := readJobs(ctx, *h)
	if err != nil {
		return montimer.Jobs{}, nil, err
	}
	h.JobsFile = path
	var files []fs.FS
	if e.lookForFiles && !(host.IsRoot() && !host.IsRootName(h.User)) {
		files = []fs.FS{os.DirFS(h.Checkout)}
	}
	j, diagnostics := e.decoded.decode(h, data, e.prove, files...)
	if e.unwatched {
		for i := range diagnostics {
			diagnostics[i].Source, diagnostics[i].Offset = "", 0
		}
	}
	if e.profile != "" && !jobs.HasErrors(diagnostics) {
		diagnostics = slices.DeleteFunc(slices.Clone(diagnostics), func(d jobs.Diagnostic) bool { return d.Profile != "" && d.Profile != e.profile })
	}
	jobs.WriteText(e.stderr, diagnostics, console.Colors(e.stderr))
	return j, diagnostics, nil
}

// errInvalidJobs is any invalidJobs.
var errInvalidJobs = errors.New("jobs.yaml is invalid")

// invalidJobs is the first mistake of a jobs.yaml in one line, for those who
// cannot see what has been written to standard error.
type invalidJobs string

func (e invalidJobs) Error() string { return string(e) }

// Is reports whether target is [errInvalidJobs].
func (invalidJobs) Is(target error) bool { return target == errInvalidJobs }

// maxMistake bounds what a page shows of a mistake, in bytes.
const maxMistake = 300

// firstMistake words the first error of a jobs.yaml, which anybody may have
// written: without secrets, control characters, or much of it.
func firstMistake(diagnostics []jobs.Diagnostic, redact func(string) string) invalidJobs {
	mistakes := slices.DeleteFunc(slices.Clone(diagnostics), func(d jobs.Diagnostic) bool { return d.Severity != jobs.Error })
	first := mistakes[0]
	where := filepath.Base(first.File)
	if first.Line > 0 {
		where += fmt.Sprintf(":%d", first.Line)
	}
	if first.Line > 0 && first.Col > 0 {
		where += fmt.Sprintf(":%d", first.Col)
	}
	text := safetext.String(redact(where + ": " + first.Message))
	if len(text) > maxMistake {
		text = strings.ToValidUTF8(text[:maxMistake], "") + "…"
	}
	if more := len(mistakes) - 1; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return invalidJobs(text)
}

// decoded is a jobs.yaml that has been decoded, for who may read it again: exec
// looks at it before the git sync and after. It may be nil.
type decoded struct {
	data        []byte
	zone        string // of the host's settings
	jobs        montimer.Jobs
	diagnostics []jobs.Diagnostic
}

// decode decodes a file, unless it is the one that it has decoded last.
func (d *decoded) decode(h *montimer.Host, data []byte, prove bool, files ...fs.FS) (montimer.Jobs, []jobs.Diagnostic) {
	if d != nil && d.data != nil && d.zone == h.Timezone && bytes.Equal(d.data, data) {
		return d.jobs, d.diagnostics
	}
	opt := jobs.Options{
		Timezone: h.Timezone,
		Local:    time.Local,
		Now:      time.Now(),
		Files:    files,
		Prove:    prove,
	}
	if prove && host.IsRoot() { // units of this host's systemd; a run goes on with what is there
		opt.Capacity = h.Capacity
	}
	j, diagnostics := jobs.Decode(h.JobsFile, data, opt)
	if d != nil {
		*d = decoded{data, h.Timezone, j, diagnostics}
	}
	return j, diagnostics
}

// loadProfile is loadJobs for one profile, which has to be there.
func loadProfile(ctx context.Context, e env, h *montimer.Host, name string) (montimer.Profile, error) {
	j, err := loadJobs(ctx, e, h)
	if err != nil {
		return montimer.Profile{}, err
	}
	p, err := taskexec.FindProfile(j, name)
	if err != nil {
		return p, usage(err)
	}
	return p, nil
}

// readJobs reads jobs.yaml; root has it read by the user that the tasks run as.
func readJobs(ctx context.Context, h montimer.Host) (path string, data []byte, err error) {
	if host.IsRoot() && !host.IsRootName(h.User) {
		return readAsUser(ctx, h)
	}
	if data, err = readJobsFile(h.JobsFile, safefile.ReadLinked); err != nil {
		return "", nil, usage(explainMissing(h, err))
	}
	return h.JobsFile, data, nil
}

// explainMissing says of a jobs.yaml that does not exist where it was looked for
// and which setting says so.
func explainMissing(h montimer.Host, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	places := host.JobsFiles(h.Checkout)
	switch {
	case !exists(h.Checkout):
		return fmt.Errorf("the checkout %s does not exist: clone it there as the user that tasks run as, or change checkout in %s (or --checkout DIR)",
			h.Checkout, host.ConfigFile)
	case h.JobsFile == places[0]:
		return fmt.Errorf("no jobs.yaml: neither %s nor %s exists: set checkout or jobs in %s (or --checkout DIR, --jobs FILE); montimer init DIR writes a sample",
			places[0], places[1], host.ConfigFile)
	}
	return fmt.Errorf("no jobs.yaml: %s does not exist: change jobs in %s (or --jobs FILE)", h.JobsFile, host.ConfigFile)
}

// readJobsFile reads a regular file of bounded size, and never waits for one
// that is something else.
func readJobsFile(path string, read func(path string, max int64) ([]byte, error)) ([]byte, error) {
	data, err := read(path, jobs.MaxFile)
	switch {
	case errors.Is(err, syscall.ELOOP):
		return nil, fmt.Errorf("read jobs.yaml: %s is a symbolic link", path)
	case err != nil:
		return nil, fmt.Errorf("read jobs.yaml: %w", err)
	}
	return data, nil
}

// readJobsStream reads all, but not for ever.
func readJobsStream(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, jobs.MaxFile+1))
	if err == nil && len(data) > jobs.MaxFile {
		err = fmt.Errorf("is larger than %d bytes", jobs.MaxFile)
	}
	return data, err
}
