package api

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"sync"

	"github.com/montimer/montimer/internal/store"
)

// largest is the size in bytes from which on a page ends before its limit. An
// answer is held until it is whole: an error then has a status of its own, and no
// slow client keeps the database open.
const largest = 4 << 20

// An answer is a response in the making.
type answer struct {
	http.ResponseWriter
	log      *slog.Logger
	query    query // of the request
	rawQuery string
	buf      []byte
	status   int
}

// keptBuffer is the size in bytes up to which a buffer is used again.
const keptBuffer = 512 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 64<<10); return &b }}

func newAnswer(w http.ResponseWriter, log *slog.Logger) *answer {
	return &answer{ResponseWriter: w, log: log, status: http.StatusOK, buf: (*buffers.Get().(*[]byte))[:0]}
}

// end sends the answer.
func (a *answer) end() {
	h := a.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(a.buf)))
	a.WriteHeader(a.status)
	_, _ = a.Write(a.buf) // the client may have gone
	if cap(a.buf) <= keptBuffer {
		buf := a.buf[:0]
		buffers.Put(&buf)
	}
	a.buf = nil
}

func (a *answer) text(s string) { a.buf = append(a.buf, s...) }

// fail replaces the answer by an error.
func (a *answer) fail(status int, kind, message string) {
	a.status, a.buf = status, a.buf[:0]
	a.text(`{"error":`)
	a.buf = appendString(a.buf, kind)
	a.text(`,"message":`)
	a.buf = appendString(a.buf, message)
	a.text(`}`)
}

// warn logs why a request is not answered.
func (a *answer) warn(r *http.Request, err error) {
	a.log.WarnContext(r.Context(), fmt.Sprintf("answer %s %.200q: %v", r.Method, r.URL.EscapedPath(), err))
}

func (a *answer) unknownPath() { a.fail(http.StatusNotFound, "not_found", "unknown path") }

// unless answers with an error, if there is one. Those of the database that
// pass are 503; the message says what to do, and names no file.
func (a *answer) unless(r *http.Request, err error) (ok bool) {
	switch {
	case err == nil:
		return true
	case r.Context().Err() != nil: // nobody waits for it any more
		a.fail(http.StatusServiceUnavailable, "canceled", "the request has ended")
		return false
	case errors.Is(err, fs.ErrNotExist):
		a.fail(http.StatusServiceUnavailable, "no_database", "there is no database yet: the first run creates it")
	case errors.Is(err, store.ErrBusy):
		a.Header().Set("Retry-After", "1")
		a.fail(http.StatusServiceUnavailable, "database_busy", store.ErrBusy.Error())
	default:
		a.fail(http.StatusServiceUnavailable, "database_error", "the database cannot be read: the log of the service says why")
	}
	a.warn(r, err)
	return false
}
