package jobsfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/safefile"
)

// StandardInput is the name shown for the file -.
const StandardInput = "<stdin>"

// A Candidate is a jobs.yaml that is checked alone, without a host.
type Candidate struct {
	Name     string // as given; "-": standard input, "": that of Checkout
	Checkout string // "": around the file
	Stdin    io.Reader
}

// Check reads and decodes the file. An error of reading it is a diagnostic, too.
func (c Candidate) Check() File {
	path := c.path()
	data, err := c.read(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = c.missing(path)
	}
	f := File{Path: path}
	if err != nil {
		return f.With(err)
	}
	f.Jobs, f.Diagnostics = jobs.Decode(path, data, jobs.Options{Local: time.Local, Now: time.Now(), Prove: true, Files: c.files(path)})
	return f
}

// With returns f with one more error, of the file as a whole.
func (f File) With(err error) File {
	f.Diagnostics = append(f.Diagnostics, jobs.Diagnostic{File: f.Path, Width: 1, Severity: jobs.Error, Message: err.Error()})
	return f
}

// read reads the file; root reads it as the user that it belongs to.
func (c Candidate) read(path string) ([]byte, error) {
	if path == StandardInput {
		return readStream(c.Stdin)
	}
	if host.IsRoot() {
		if err := host.BecomeOwner(path); err != nil {
			return nil, err
		}
	}
	return readFile(path, safefile.ReadLinked)
}

// path is the file, relative if given so, since GitHub needs paths within the
// checkout.
func (c Candidate) path() string {
	switch c.Name {
	case "-":
		return StandardInput
	case "":
		places := host.JobsFiles(c.Checkout)
		if !exists(places[0]) && exists(places[1]) {
			return places[1]
		}
		return places[0]
	}
	return c.Name
}

// missing returns the error of a missing jobs.yaml, with the paths tried.
func (c Candidate) missing(path string) error {
	if c.Name != "" {
		return errors.New("the file does not exist")
	}
	return fmt.Errorf("neither %s nor %s exists: name the file (montimer compile --check FILE), or let montimer init DIR write a sample",
		path, host.JobsFiles(c.Checkout)[1])
}

// files are the directories in which a script may be: the checkout, else that
// of the file, or the repository around it. A file from standard input has
// none.
func (c Candidate) files(path string) []fs.FS {
	dir := c.Checkout
	if dir == "" && path != StandardInput {
		dir = filepath.Dir(path)
		if filepath.Base(dir) == "automation" && filepath.Base(path) == "jobs.yaml" {
			dir = filepath.Dir(dir)
		}
	}
	if dir == "" {
		return nil
	}
	files := []fs.FS{os.DirFS(dir)}
	if abs, err := filepath.Abs(dir); c.Checkout == "" && err == nil {
		for top := abs; top != filepath.Dir(top); top = filepath.Dir(top) {
			if exists(filepath.Join(top, ".git")) && top != abs {
				files = append(files, os.DirFS(top))
				break
			}
		}
	}
	return files
}
