package legacy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"syscall"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/safetext"
)

// maxFile is the largest text cache that is read, in bytes.
const maxFile = 128 << 20

// State is the state of the tasks, as the store keeps it.
type State interface {
	ImportState(ctx context.Context, namespace string, values []montimer.StateValue, overwrite bool) (written int, err error)
}

// Counts are how many files and lines were imported, as the old import counted them.
type Counts struct {
	Files    int // that were found and could be read
	Missing  int // that are not there
	Failed   int // that could not be read or stored
	Imported int // lines whose value is in the database now
	Skipped  int // lines whose key had a value already, also from a line before
	Invalid  int // lines without key and value
}

// String is what the old import wrote in the end.
func (c Counts) String() string {
	return fmt.Sprintf("files=%d missing=%d imported=%d skipped=%d invalid=%d failed=%d", c.Files, c.Missing, c.Imported, c.Skipped, c.Invalid, c.Failed)
}

// Complete reports whether all that is there was imported.
func (c Counts) Complete() bool { return c.Failed == 0 && c.Invalid == 0 }

// An Import imports text caches.
type Import struct {
	Into      State
	Overwrite bool // values that are there
	Report
}

// A Report writes what is done, and what is wrong with files: diagnostics with their
// place.
type Report struct{ Out, Err io.Writer }

func (r Report) said(place, text string)    { fmt.Fprintf(r.Out, "%s: %s\n", place, text) }
func (r Report) found(place, text string)   { fmt.Fprintf(r.Err, "%s: error: %s\n", place, text) }
func (r Report) doubted(place, text string) { fmt.Fprintf(r.Err, "%s: warning: %s\n", place, text) }

// mostMistakes is how many mistakes of a file are shown.
const mostMistakes = 10

// Run imports files in their order. A file that cannot be imported stops none of the
// others. The error says why the rest was not tried.
func (im Import) Run(ctx context.Context, files []File) (sum Counts, err error) {
	for _, f := range files {
		if ctx.Err() != nil {
			return sum, context.Cause(ctx)
		}
		c := im.file(ctx, f)
		sum.Files, sum.Missing, sum.Failed = sum.Files+c.Files, sum.Missing+c.Missing, sum.Failed+c.Failed
		sum.Imported, sum.Skipped, sum.Invalid = sum.Imported+c.Imported, sum.Skipped+c.Skipped, sum.Invalid+c.Invalid
	}
	return sum, nil
}

func (im Import) file(ctx context.Context, f File) Counts {
	shown := safetext.String(f.Path)
	data, err := readFile(f)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		im.said(shown, "missing")
		return Counts{Missing: 1}
	case err != nil:
		im.found(shown, cause(err).Error())
		return Counts{Failed: 1}
	}
	values, mistakes, halfLine := parse(data)
	c := Counts{Files: 1, Invalid: len(mistakes)}
	for i, m := range mistakes {
		if i == mostMistakes {
			im.found(shown, fmt.Sprintf("%d more lines are no key:value", len(mistakes)-i))
			break
		}
		im.found(fmt.Sprintf("%s:%d", shown, m.Line), m.Text)
	}
	if halfLine > 0 {
		im.doubted(fmt.Sprintf("%s:%d", shown, halfLine), "the last line has no line break: if its writer died, the value is cut off")
	}
	written, err := im.Into.ImportState(ctx, path.Base(f.Path), distinct(values, im.Overwrite), im.Overwrite)
	if err != nil {
		im.found(shown, err.Error())
		return Counts{Failed: 1, Invalid: c.Invalid}
	}
	if c.Imported = written; im.Overwrite {
		c.Imported = len(values)
	}
	c.Skipped = len(values) - c.Imported
	im.said(shown, fmt.Sprintf("imported=%d skipped=%d invalid=%d", c.Imported, c.Skipped, c.Invalid))
	return c
}

// readFile reads a text cache, also by a link.
func readFile(f File) ([]byte, error) {
	if f.Setting != "" {
		return nil, fmt.Errorf("%s is empty and names no file: unset it, or set it to the name of a file", f.Setting)
	}
	if info, err := os.Stat(f.Path); err == nil && info.IsDir() {
		return nil, errors.New("it is a directory")
	} else if err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	data, err := safefile.ReadLinked(f.Path, maxFile)
	if errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("%w: the user that tasks run as must be able to read it", cause(err))
	}
	return data, err
}

// cause is an error about a file without the path, which is shown already.
func cause(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// StillRead says that a text cache has a value of a key, which a task reads where the
// database has none; "": it has none.
func StillRead(dir, namespace, key string) string {
	if noFile(namespace) != "" {
		return ""
	}
	data, err := safefile.ReadLinked(path.Join(dir, namespace), maxFile)
	if err != nil {
		return ""
	}
	values, _, _ := parse(data)
	if !slices.ContainsFunc(values, func(v montimer.StateValue) bool { return v.Key == key }) {
		return ""
	}
	return safetext.String(fmt.Sprintf("%s has a value of %s too, which tasks read from now on: remove that line as well", path.Join(dir, namespace), key))
}

// A Preview counts what an import would do, and changes nothing.
type Preview struct {
	Of interface { // nil: there is no database
		State(ctx context.Context, namespace string) ([]montimer.StateValue, error)
	}
	keys map[string]map[string]bool // by namespace, as they would be
}

// ImportState counts the values that have no key yet.
func (p *Preview) ImportState(ctx context.Context, namespace string, values []montimer.StateValue, _ bool) (written int, err error) {
	if p.keys[namespace] == nil {
		var have []montimer.StateValue
		if p.Of != nil {
			if have, err = p.Of.State(ctx, namespace); err != nil {
				return 0, err
			}
		}
		keys := make(map[string]bool, len(have))
		for _, v := range have {
			keys[v.Key] = true
		}
		if p.keys == nil {
			p.keys = map[string]map[string]bool{}
		}
		p.keys[namespace] = keys
	}
	for _, v := range values {
		if !p.keys[namespace][v.Key] {
			p.keys[namespace][v.Key] = true
			written++
		}
	}
	return written, nil
}
