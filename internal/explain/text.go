package explain

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/montimer/montimer/internal/safetext"
)

// WriteText writes x for people.
func (x Explanation) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  (%s)\n", safetext.String(x.Expression), x.Dialect)
	if x.Words != "" {
		fmt.Fprintf(&b, "  %s\n", x.Words)
	}
	for _, event := range x.OnCalendar {
		fmt.Fprintf(&b, "  OnCalendar=%s\n", event)
	}
	for _, line := range x.Monotonic {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for _, next := range x.Next {
		fmt.Fprintf(&b, "  next: %s\n", next.Format("Mon 2006-01-02 15:04:05 MST"))
	}
	for _, warning := range x.Warnings {
		fmt.Fprintf(&b, "  warning: %s\n", safetext.String(warning))
	}
	if x.Error != "" {
		fmt.Fprintf(&b, "  error: %s\n", safetext.String(x.Error))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Printer returns a function that writes explanations as text or json.
func Printer(w io.Writer, output string) func(Explanation) error {
	if output == "json" {
		return JSONPrinter(w)
	}
	return textPrinter(w)
}

// textPrinter returns a function that writes explanations for people, with an
// empty line between two of them.
func textPrinter(w io.Writer) func(Explanation) error {
	first := true
	return func(x Explanation) error {
		if !first {
			fmt.Fprintln(w)
		}
		first = false
		return x.WriteText(w)
	}
}

// JSONPrinter returns a function that writes one object a line.
func JSONPrinter(w io.Writer) func(Explanation) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return func(x Explanation) error {
		x.Next = slices.Clone(x.Next)
		for i := range x.Next {
			x.Next[i] = x.Next[i].UTC()
		}
		return enc.Encode(x)
	}
}
