package legacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/safetext"
)

// cacheMode is the mode of a text cache that was not there, as that of the database.
const cacheMode = 0o640

// Recorded is the state of the tasks, to be read.
type Recorded interface {
	Namespaces(ctx context.Context) ([]montimer.StateNamespace, error)
	State(ctx context.Context, namespace string) ([]montimer.StateValue, error)
}

// An Export writes the state of the tasks to text caches, one for each namespace.
type Export struct {
	From Recorded
	Dir  string
	Report
}

// Run writes the files, each as a whole or not at all. Keys of a file that are not
// in the database stay in it. complete is false if something could not be written.
func (x Export) Run(ctx context.Context) (complete bool, err error) {
	namespaces, err := x.From.Namespaces(ctx)
	if err != nil {
		return false, err
	}
	complete = true
	for _, n := range namespaces {
		values, err := x.From.State(ctx, n.Name)
		if err != nil {
			return false, err
		}
		complete = x.file(n.Name, values) && complete
	}
	return complete, nil
}

func (x Export) file(namespace string, values []montimer.StateValue) (complete bool) {
	if why := noFile(namespace); why != "" {
		x.found(fmt.Sprintf("namespace %.60q", safetext.String(namespace)), why)
		return false
	}
	path := filepath.Join(x.Dir, namespace)
	shown := safetext.String(path)
	old, mode, err := existing(path)
	if err != nil {
		x.found(shown, err.Error())
		return false
	}
	kept, mistakes, _ := parse(old)
	if len(mistakes) > 0 {
		x.found(fmt.Sprintf("%s:%d", shown, mistakes[0].Line), mistakes[0].Text+"; the file stays as it is, for it may be no text cache: correct it, or move it away")
		return false
	}
	written := len(values)
	kept = missing(kept, values)
	data, refused := format(append(values, kept...))
	for _, text := range refused {
		x.found(shown, text)
	}
	if !bytes.Equal(data, old) {
		if err := safefile.Replace(path, data, mode); err != nil {
			x.found(shown, err.Error())
			return false
		}
	}
	x.said(shown, fmt.Sprintf("written=%d kept=%d refused=%d", written-len(refused), len(kept), len(refused)))
	return len(refused) == 0
}

// noFile says why no text cache can have that name; "": one can.
func noFile(name string) string {
	switch {
	case name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") || len(name) > 255:
		return "it is no name of a file"
	case strings.HasPrefix(name, "monitoring.db") || strings.HasSuffix(name, ".lock"):
		return "a file of that name belongs to the database or is a lock"
	}
	return ""
}

// existing reads the text cache that is there, and its mode. It follows no link:
// the file in its place would only replace the link.
func existing(path string) (data []byte, mode fs.FileMode, err error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, cacheMode, nil
	case err != nil:
		return nil, 0, err
	case info.IsDir():
		return nil, 0, errors.New("it is a directory")
	}
	data, err = safefile.Read(path, maxFile)
	if errors.Is(err, syscall.ELOOP) {
		err = errors.New("it is a symbolic link")
	}
	return data, info.Mode().Perm(), err
}

// missing returns what other values do not have, each key once.
func missing(from, others []montimer.StateValue) []montimer.StateValue {
	have := make(map[string]bool, len(others))
	for _, v := range others {
		have[v.Key] = true
	}
	return slices.DeleteFunc(distinct(from, false), func(v montimer.StateValue) bool { return have[v.Key] })
}
