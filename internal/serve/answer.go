package serve

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// answer holds a whole answer, so that its ETag and length are known before it is
// sent, a failure halfway is still a clean one, and no slow client keeps the
// database open. It is the [http.ResponseWriter] of the handlers.
type answer struct {
	header   http.Header
	status   int
	body     bytes.Buffer
	tooLarge bool
}

var errTooLarge = errors.New("the answer is too large")

// Header implements [http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.tooLarge = a.tooLarge || a.body.Len()+len(b) > maxAnswer; a.tooLarge {
		return 0, errTooLarge
	}
	return a.body.Write(b)
}

// clear drops what was written.
func (a *answer) clear() {
	clear(a.header)
	a.status = 0
	a.body.Reset()
}

// secure adds the headers that every answer has. No answer may be shown in another
// page, name this one to others, or load anything from elsewhere.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
}

// gzipTag ends the ETag of an answer that is compressed: it is another representation
// (RFC 9110, section 8.8.1).
const gzipTag = `-gzip"`

// finish sets the headers that depend on the body and on what the client has and
// takes, and returns the body to send.
func (a *answer) finish(r *http.Request) []byte {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	body := a.body.Bytes()
	given := r.Header.Values("If-None-Match")
	if a.status == http.StatusOK {
		if a.header.Get("ETag") == "" {
			sum := sha256.Sum256(body)
			a.header.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
		}
		if matches(given, a.header.Get("ETag")) {
			a.status = http.StatusNotModified
		}
	}
	squeezed := false
	if compressible(a.header.Get("Content-Type")) {
		a.header.Add("Vary", "Accept-Encoding")
		squeezed = len(body) >= 1<<10 && takesGzip(r.Header.Values("Accept-Encoding"))
	}
	if a.status == http.StatusNotModified || a.status == http.StatusNoContent {
		// RFC 9110, section 15.4.5: as it would have been with the body.
		squeezed = strings.Contains(strings.Join(given, ","), gzipTag)
		a.header.Del("Content-Type")
		a.header.Del("Content-Length")
		body = nil
	} else {
		if squeezed {
			body = compressed(body)
			a.header.Set("Content-Encoding", "gzip")
		}
		a.header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if etag := a.header.Get("ETag"); squeezed && etag != "" {
		a.header.Set("ETag", strings.TrimSuffix(etag, `"`)+gzipTag)
	}
	return body
}

// send sends the answer, for as long as its size allows.
func (a *answer) send(w http.ResponseWriter, r *http.Request, body []byte) {
	to := http.NewResponseController(w)
	_ = to.SetWriteDeadline(time.Now().Add(sendTime + time.Duration(len(body)/sendRate)*time.Second)) // a recorder has none
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead && body != nil {
		_, _ = w.Write(body) // the client may have gone
	}
	_ = to.Flush()
}

// matches reports whether a client has an answer already (RFC 9110, section 13.1.2),
// compressed or not.
func matches(given []string, etag string) bool {
	etag = strings.TrimPrefix(etag, "W/")
	for tag := range tags(given) {
		if tag == "*" || strings.Replace(tag, gzipTag, `"`, 1) == etag {
			return true
		}
	}
	return false
}

// tags yields the ETags of a header, without the mark of weak ones.
func tags(given []string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, list := range given {
			for tag := range strings.SplitSeq(list, ",") {
				if !yield(strings.TrimPrefix(strings.TrimSpace(tag), "W/")) {
					return
				}
			}
		}
	}
}

func compressible(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.TrimSpace(kind)
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "xml") || strings.HasPrefix(kind, "application/openmetrics-text")
}

// takesGzip reports whether a client asks for gzip (RFC 9110, section 12.5.3).
func takesGzip(given []string) bool {
	takes := false
	for _, list := range given {
		for coding := range strings.SplitSeq(list, ",") {
			name, parameters, _ := strings.Cut(coding, ";")
			name = strings.ToLower(strings.TrimSpace(name))
			key, q, _ := strings.Cut(strings.TrimSpace(parameters), "=")
			weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			refused := strings.EqualFold(strings.TrimSpace(key), "q") && (err != nil || weight <= 0)
			switch name {
			case "gzip", "x-gzip":
				return !refused
			case "*":
				takes = !refused
			}
		}
	}
	return takes
}

var gzips = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func compressed(body []byte) []byte {
	var to bytes.Buffer
	z := gzips.Get().(*gzip.Writer)
	defer gzips.Put(z)
	z.Reset(&to)
	_, _ = z.Write(body) // a buffer takes all
	_ = z.Close()
	return to.Bytes()
}

// A problem is an answer that says why there is no other.
type problem struct {
	status        int
	code, message string
	headers       [][2]string
}

// put makes it the answer, in the form that the API has for its errors. The message
// is printable ASCII.
func (p *problem) put(a *answer) {
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false)
	_ = out.Encode(struct { // two texts: no error
		Error   string `json:"error"`
		Message string `json:"message"`
	}{p.code, p.message})
	a.header.Set("Content-Type", "application/json")
	for _, h := range p.headers {
		a.header.Add(h[0], h[1])
	}
	a.status = p.status
	a.body.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

var (
	closes = [2]string{"Connection", "close"}
	later  = [2]string{"Retry-After", "5"}

	busy       = &problem{http.StatusServiceUnavailable, "busy", "too many requests are under way: try again", [][2]string{later}}
	failedHere = &problem{http.StatusInternalServerError, "server_error", "unexpected server error", nil}
	tooLarge   = &problem{http.StatusInternalServerError, "server_error", "the answer is too large: ask for less at once", nil}
)
