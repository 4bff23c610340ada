package jobs

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Write writes diagnostics in a format: text, with colours perhaps, json or
// github.
func Write(w io.Writer, format string, ds []Diagnostic, color bool) error {
	switch format {
	case "json":
		return WriteJSON(w, ds)
	case "github":
		return WriteGitHub(w, ds)
	}
	return WriteText(w, ds, color)
}

// WriteText writes ds for people, all in one shape:
//
//	jobs.yaml:3:5: error: profile "nightly": unknown key "schedul"
//	    schedul: daily
//	    ^^^^^^^
//	    hint: …
//
// Nothing of the file reaches the terminal as a control character.
func WriteText(w io.Writer, ds []Diagnostic, color bool) error {
	style := func(code, s string) string {
		if !color {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	out := bufio.NewWriter(w)
	for _, d := range ds {
		severity := style("1;31", "error:")
		if d.Severity == Warning {
			severity = style("1;33", "warning:")
		}
		fmt.Fprintf(out, "%s %s %s\n", style("1", visible(position(d))+":"), severity, visible(d.Message))
		if source, caret := excerpt(d); source != "" {
			fmt.Fprintf(out, "    %s\n", source)
			if caret != "" {
				fmt.Fprintf(out, "    %s\n", style("1;32", caret))
			}
		}
		if d.Hint != "" {
			fmt.Fprintf(out, "    hint: %s\n", visible(d.Hint))
		}
	}
	return out.Flush()
}

// position returns file:line:col, as far as it is known.
func position(d Diagnostic) string {
	switch {
	case d.Line == 0:
		return d.File
	case d.Col == 0:
		return fmt.Sprintf("%s:%d", d.File, d.Line)
	}
	return fmt.Sprintf("%s:%d:%d", d.File, d.Line, d.Col)
}

// WriteJSON writes ds as one JSON array.
func WriteJSON(w io.Writer, ds []Diagnostic) error {
	if ds == nil {
		ds = []Diagnostic{}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(ds)
}

// WriteGitHub writes ds as workflow commands, which GitHub shows as
// annotations of the changed lines.
func WriteGitHub(w io.Writer, ds []Diagnostic) error {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	out := bufio.NewWriter(w)
	for _, d := range ds {
		fmt.Fprintf(out, "::%s file=%s", d.Severity, property.Replace(d.File))
		if d.Line > 0 {
			fmt.Fprintf(out, ",line=%d", d.Line)
		}
		if d.Col > 0 {
			fmt.Fprintf(out, ",col=%d,endColumn=%d", d.Col, d.Col+d.Width)
		}
		message := d.Message
		if d.Hint != "" {
			message += "\n" + d.Hint
		}
		fmt.Fprintf(out, "::%s\n", data.Replace(message))
	}
	return out.Flush()
}
