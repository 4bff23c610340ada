// Package console is what montimer shows while it works: the lines of a log
// (log.go), a terminal's last lines with the tasks under way (screen.go), tables
// (table.go), and the status of a service (watchdog.go).
package console

import (
	"io"
	"os"
)

// Colors reports whether w shows colours: a terminal, and nobody objects
// (https://no-color.org).
func Colors(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
