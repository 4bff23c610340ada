package api

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"sync"

	"github.com/montimer/montimer/internal/store"
)

// flushAt is the size in bytes from which on an answer is sent in pieces. A
// smaller one is held until it is whole: an error then has a status of its own.
const flushAt = 256 << 10

// An answer is JSON in the making.
type answer struct {
	http.ResponseWriter
	query  query // of the request
	buf    []byte
	status int
	sent   bool // the head, and a part
	failed error
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 64<<10); return &b }}

func newAnswer(w http.ResponseWriter) *answer {
	return &answer{ResponseWriter: w, status: http.StatusOK, buf: (*buffers.Get().(*[]byte))[:0]}
}

// end sends what is held. An answer that is not whole ends the connection.
func (a *answer) end() {
	if a.failed == nil {
		if !a.sent {
			a.Header().Set("Content-Length", strconv.Itoa(len(a.buf)))
		}
		a.send()
	}
	failed := a.failed
	if cap(a.buf) <= 2*flushAt {
		buf := a.buf[:0]
		buffers.Put(&buf)
	}
	a.buf = nil
	if failed != nil {
		panic(http.ErrAbortHandler)
	}
}

func (a *answer) send() {
	if !a.sent {
		h := a.Header()
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", "application/json")
		}
		h.Set("Cache-Control", "no-store")
		a.WriteHeader(a.status)
	}
	a.sent = true
	_, err := a.Write(a.buf)
	a.failed = errors.Join(a.failed, err)
	a.buf = a.buf[:0]
}

// room sends a part of the answer, if it has grown large.
func (a *answer) room() error {
	if len(a.buf) >= flushAt {
		a.send()
	}
	return a.failed
}

func (a *answer) text(s string) { a.buf = append(a.buf, s...) }

// fail replaces the answer by an error. Once a part was sent, it ends the
// connection.
func (a *answer) fail(status int, kind, message string) {
	if a.sent {
		a.failed = errors.Join(a.failed, errors.New(message))
		return
	}
	a.status, a.buf = status, a.buf[:0]
	a.text(`{"error":`)
	a.buf = appendString(a.buf, kind)
	a.text(`,"message":`)
	a.buf = appendString(a.buf, message)
	a.text(`}`)
}

func (a *answer) unknownPath() { a.fail(http.StatusNotFound, "not_found", "unknown path") }

// unless answers with an error, if there is one. Those of the database that
// pass are 503; the message says what to do, and names no file.
func (a *answer) unless(r *http.Request, err error) (ok bool) {
	if err == nil {
		return true
	}
	switch {
	case r.Context().Err() != nil: // nobody waits for it any more
		a.failed = errors.Join(a.failed, context.Canceled)
		return false
	case errors.Is(err, fs.ErrNotExist):
		a.fail(http.StatusServiceUnavailable, "no_database", "there is no database yet: the first run creates it")
	case errors.Is(err, store.ErrBusy):
		a.Header().Set("Retry-After", "1")
		a.fail(http.StatusServiceUnavailable, "database_busy", store.ErrBusy.Error())
	default:
		a.fail(http.StatusServiceUnavailable, "database_error", "the database cannot be read: the log of the service says why")
	}
	slog.WarnContext(r.Context(), "no answer", "path", r.URL.Path, "error", err)
	return false
}
