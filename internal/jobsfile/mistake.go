package jobsfile

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/safetext"
)

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
