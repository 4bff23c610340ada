package explain

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/montimer/montimer/internal/cron"
)

// maxLine bounds a line of input, in bytes.
const maxLine = 4 << 20

// All explains expressions of one dialect.
func (x Explainer) All(dialect string, texts []string, show func(Explanation) error) error {
	for _, text := range texts {
		if err := show(x.Explain(dialect, text)); err != nil {
			return err
		}
	}
	return nil
}

// Lines explains lines of a dialect, a tab and an expression; without a tab the
// dialect is supercronic.
func (x Explainer) Lines(r io.Reader, show func(Explanation) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		dialect, text, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			dialect, text = string(cron.Supercronic), dialect
		}
		if err := show(x.Explain(dialect, text)); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	return nil
}

// Unquoted reports whether the arguments look like the fields of one
// expression, in which a shell may have replaced * by file names.
func Unquoted(args []string) bool {
	return !slices.ContainsFunc(args, func(arg string) bool { return strings.ContainsAny(arg, " \t@") })
}
