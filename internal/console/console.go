// Package console shows the progress of montimer: the lines of a log
// (log.go), a terminal's last lines with the tasks under way (screen.go), tables
// (table.go), JSON (json.go), and the status of a service (watchdog.go).
package console

import (
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
