// Package console shows the progress of montimer: the lines of a log
// (log.go), a terminal's last lines with the tasks under way (screen.go), tables
// (table.go), JSON (below), and the status of a service (watchdog.go).
package console

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
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

// Show writes values as JSON, one a line, if that is the output asked for, else as
// people does.
func Show[T any](w io.Writer, output string, all []T, people func(io.Writer) error) error {
	if output == "json" {
		return JSONLines(w, all)
	}
	return people(w)
}

// WhileRead returns a context that also ends when nobody reads a pipe any more:
// who follows a log may have nothing to write for hours, and would not notice.
func WhileRead(ctx context.Context, w io.Writer) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	f, ok := w.(*os.File)
	if !ok {
		return ctx, cancel
	}
	go func() {
		for ctx.Err() == nil {
			fds := []unix.PollFd{{Fd: int32(f.Fd())}} // poll(2): POLLERR, POLLHUP are always reported
			if n, err := unix.Poll(fds, 500); n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
				cancel()
			}
		}
	}()
	return ctx, cancel
}
