// Package console shows the progress of montimer: the lines of a log
// (log.go), a terminal's last lines with the tasks under way (screen.go), tables
// (table.go), JSON (below), and the status of a service (watchdog.go).
package console

import (
	"encoding/json"
	"io"
	"os"
)

// Colors reports whether to write colours to w: a terminal, without NO_COLOR
// (https://no-color.org).
func Colors(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Of every JSON form: names are in snake_case, a list is never null, a time is
// RFC 3339 in UTC and absent where there is none, a duration is in seconds and
// its name says so. TestJSONForms holds them to that.

// JSONLines writes one object a line.
func JSONLines[T any](w io.Writer, all []T) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, v := range all {
		if err := enc.Encode(v); err != nil {
			return err
		}
	}
	return nil
}
