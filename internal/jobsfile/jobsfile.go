// Package jobsfile finds, reads and decodes the jobs.yaml of a host. It returns
// diagnostics and prints nothing. Read jobsfile.go, then user.go (how root has
// it read) and check.go.
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
	"syscall"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// A File is a jobs.yaml that was read. Jobs is for use only where
// [jobs.HasErrors] says that Diagnostics has none.
type File struct {
	Path        string
	Jobs        montimer.Jobs
	Diagnostics []jobs.Diagnostic
}

// Options say how a file is judged.
type Options struct {
	Prove bool // check schedules against future clock changes
	Files bool // warn of scripts that the checkout does not have
	ToLog bool // the diagnostics have no lines of the file, for a log
}

// A Reader reads the jobs.yaml of a host; an unchanged file is decoded once.
// The zero value is ready for use.
type Reader struct {
	Options

	data []byte // of last
	zone string // of the host's settings
	last File
}

// Read reads the jobs.yaml of the host settings or, by default, of the
// checkout. As root it runs a child as the user of the tasks. The error says
// why it cannot be read.
func (r *Reader) Read(ctx context.Context, h montimer.Host) (File, error) {
	path, data, err := read(ctx, h)
	if err != nil {
		return File{}, err
	}
	if r.data == nil || r.last.Path != path || r.zone != h.Timezone || !bytes.Equal(r.data, data) {
		r.data, r.zone, r.last = data, h.Timezone, r.decode(h, path, data)
	}
	return r.last, nil
}

// Read is the Read of a new [Reader].
func Read(ctx context.Context, h montimer.Host, opt Options) (File, error) {
	r := Reader{Options: opt}
	return r.Read(ctx, h)
}

// FindProfile reads the jobs.yaml of a host, and returns a profile, or a
// [*taskexec.UnknownError]. The error is ErrInvalid if the file has mistakes.
func FindProfile(ctx context.Context, h montimer.Host, name string) (montimer.Profile, error) {
	j, err := Valid(ctx, h)
	if err != nil {
		return montimer.Profile{}, err
	}
	return taskexec.FindProfile(j, name)
}

// Valid reads the jobs.yaml of a host. The error is ErrInvalid if the file has
// mistakes.
func Valid(ctx context.Context, h montimer.Host) (montimer.Jobs, error) {
	f, err := Read(ctx, h, Options{})
	if err == nil {
		err = f.Err(strings.Clone)
	}
	return f.Jobs, err
}

func (r *Reader) decode(h montimer.Host, path string, data []byte) File {
	opt := jobs.Options{
		Timezone: h.Timezone,
		Local:    time.Local,
		Now:      time.Now(),
		Prove:    r.Prove,
	}
	if r.Files && !asUser(h) {
		opt.Files = []fs.FS{os.DirFS(h.Checkout)}
	}
	if r.Prove && host.IsRoot() { // units of this host's systemd; a run ignores it
		opt.Capacity = h.Capacity
	}
	f := File{Path: path}
	f.Jobs, f.Diagnostics = jobs.Decode(path, data, opt)
	if r.ToLog {
		for i := range f.Diagnostics {
			f.Diagnostics[i].Source, f.Diagnostics[i].Offset = "", 0
		}
	}
	return f
}

// Of returns f without the warnings of profiles other than this one.
func (f File) Of(profile string) File {
	if !jobs.HasErrors(f.Diagnostics) {
		f.Diagnostics = slices.DeleteFunc(slices.Clone(f.Diagnostics), func(d jobs.Diagnostic) bool { return d.Profile != "" && d.Profile != profile })
	}
	return f
}

// read returns the file that is used, and its path.
func read(ctx context.Context, h montimer.Host) (path string, data []byte, err error) {
	if asUser(h) {
		return readAsUser(ctx, h)
	}
	if data, err = readFile(h.JobsFile, safefile.ReadLinked); err != nil {
		return "", nil, explainMissing(h, err)
	}
	return h.JobsFile, data, nil
}

// explainMissing says where a missing jobs.yaml was looked for and by which
// setting.
func explainMissing(h montimer.Host, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	places := host.JobsFiles(h.Checkout)
	switch {
	case !exists(h.Checkout):
		return fmt.Errorf("the checkout %s does not exist: clone it there as the user that tasks run as, or change checkout in %s (or --checkout DIR)",
			h.Checkout, h.Instance.ConfigFile())
	case h.JobsFile == places[0]:
		return fmt.Errorf("no jobs.yaml: neither %s nor %s exists: set checkout or jobs in %s (or --checkout DIR, --jobs FILE); montimer init DIR writes a sample",
			places[0], places[1], h.Instance.ConfigFile())
	}
	return fmt.Errorf("no jobs.yaml: %s does not exist: change jobs in %s (or --jobs FILE)", h.JobsFile, h.Instance.ConfigFile())
}

// readFile reads a regular file of bounded size.
func readFile(path string, read func(path string, max int64) ([]byte, error)) ([]byte, error) {
	data, err := read(path, jobs.MaxFile)
	switch {
	case errors.Is(err, syscall.ELOOP):
		return nil, fmt.Errorf("read jobs.yaml: %s is a symbolic link", path)
	case err != nil:
		return nil, fmt.Errorf("read jobs.yaml: %w", err)
	}
	return data, nil
}

// readStream reads all, within a time limit.
func readStream(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, jobs.MaxFile+1))
	if err == nil && len(data) > jobs.MaxFile {
		err = fmt.Errorf("is larger than %d bytes", jobs.MaxFile)
	}
	return data, err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// ErrInvalid is any error of [File.Err].
var ErrInvalid = errors.New("jobs.yaml is invalid")

// invalid is the first error of a jobs.yaml in one line.
type invalid string

func (e invalid) Error() string { return string(e) }

// Is reports whether target is [ErrInvalid].
func (invalid) Is(target error) bool { return target == ErrInvalid }

// maxMistake bounds the text of the error, in bytes.
const maxMistake = 300

// Err returns the first error of the file, for readers without its diagnostics;
// nil if it has none. The file is untrusted, so the error is short and has no
// secrets and control characters.
func (f File) Err(redact func(string) string) error {
	mistakes := slices.DeleteFunc(slices.Clone(f.Diagnostics), func(d jobs.Diagnostic) bool { return d.Severity != jobs.Error })
	if len(mistakes) == 0 {
		return nil
	}
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
	return invalid(text)
}

// ReadOld reads the jobs.yaml of a host as the old runner did, like [Read].
func ReadOld(ctx context.Context, h montimer.Host) ([]jobs.OldProfile, File, error) {
	path, data, err := read(ctx, h)
	if err != nil {
		return nil, File{}, err
	}
	f := File{Path: path}
	var profiles []jobs.OldProfile
	profiles, f.Diagnostics = jobs.DecodeOld(path, data)
	return profiles, f, nil
}
