// Package serve answers over HTTP: it listens, decides who may ask for what, and
// bounds what any client can take of the machine. What the answers say is the
// business of two handlers, one for programs and one for people.
//
// Read serve.go (the server and its end), guard.go (what is refused) and answer.go
// (how an answer is sent) first, then conns.go (the bounds of connections), tokens.go
// and listen.go (where it listens).
package serve

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/montimer/montimer"
)

// Limits of the server. A request has no body and a short header, so a client that
// takes longer than these is of no use to anybody. docs/serve.md has them.
const (
	headerTime = 5 * time.Second        // to send the header of a request
	dwellTime  = 100 * time.Millisecond // to send anything, while others of the address wait for a place
	idleTime   = 30 * time.Second       // between two requests of a connection
	handleTime = 20 * time.Second       // to make an answer
	queueTime  = 10 * time.Second       // to wait for others to be made
	sendTime   = 10 * time.Second       // to take an answer, besides what its size takes
	sendRate   = 16 << 10               // bytes per second
	stopTime   = 20 * time.Second       // for requests under way when the server ends

	maxHeader  = 12 << 10 // bytes; net/http adds 4 KiB
	maxConns   = 512      // open at once
	maxHandled = 8        // requests answered at once; the database reads for one at a time
	maxAnswer  = 8 << 20  // bytes
	maxHeld    = 64 << 20 // bytes of all answers that clients have not taken yet
)

// Server answers over HTTP. Set all fields before Run.
type Server struct {
	API  http.Handler // all paths but those of Page
	Page http.Handler // /, /profiles/, /runs/, /alerts and /assets/; browsers also get its answer that there is no such page

	Settings montimer.Serve
	Config   string // the file of the settings, for messages
	Apply    string // the command that makes them effective
	Log      *slog.Logger

	Idle  time.Duration // Run ends when there was no connection for so long; 0: it does not
	Ready func() error  // called when it listens; nil: nothing is
	Ended func() error  // called when it accepts no more; nil: nothing is

	once   sync.Once
	conns  *conns
	tokens *tokens
	slots  chan struct{}
	public bool // a listener can be reached from other machines
}

func (s *Server) prepare() {
	s.once.Do(func() {
		s.conns = newConns(maxConns, maxHeld)
		s.tokens = &tokens{path: s.Settings.TokenFile}
		s.slots = make(chan struct{}, maxHandled)
	})
}

// Run answers until the context ends or the server is idle; requests under way are
// still answered. It closes the listeners.
func (s *Server) Run(ctx context.Context, listeners []net.Listener) error {
	s.prepare()
	idle := s.conns.whenIdle(s.Idle)
	for _, l := range listeners {
		s.public = s.public || isPublic(l.Addr())
	}
	if s.protected() {
		if _, err := s.tokens.read(); err != nil {
			s.Log.Error(err.Error() + ": nothing but /healthz is answered over TCP")
		}
	}
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       headerTime,
		WriteTimeout:      handleTime + queueTime + sendTime, // answer.go sets a closer one
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ConnContext:       withConn,
		ErrorLog:          log.New(faults{s.Log}, "", 0),

		DisableGeneralOptionsHandler: true, // which answers OPTIONS * before the guards
	}
	failed := make(chan error, len(listeners))
	var serving sync.WaitGroup
	for _, l := range listeners {
		s.Log.Info("listening at " + l.Addr().Network() + " " + l.Addr().String())
		serving.Go(func() {
			if err := server.Serve(bounded{l, s.conns}); ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				failed <- fmt.Errorf("listen at %s: %w", l.Addr(), err)
			}
		})
	}
	err := say(s.Ready)
	select {
	case failure := <-failed:
		err = errors.Join(err, failure)
	case <-idle:
	case <-ctx.Done():
	}
	for _, l := range listeners {
		l.Close()
	}
	err = errors.Join(err, say(s.Ended))
	// Not Shutdown, which drops a request that comes on a connection that was accepted
	// before: nobody else would answer it.
	serving.Wait()
	server.SetKeepAlivesEnabled(false)
	select {
	case <-s.conns.whenIdle(time.Nanosecond):
	case <-time.After(stopTime):
	}
	return errors.Join(err, server.Close())
}

// say calls a function that may be missing.
func say(to func() error) error {
	if to == nil {
		return nil
	}
	return to()
}

// faults logs what net/http says, without what is the fault of a client.
type faults struct{ to *slog.Logger }

func (f faults) Write(line []byte) (int, error) {
	if text := strings.TrimSpace(string(line)); strings.Contains(text, "Accept error") || strings.Contains(text, "panic") {
		f.to.Warn(text)
	}
	return len(line), nil
}

// isPublic reports whether others than this machine reach an address.
func isPublic(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && !tcp.IP.IsLoopback()
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.prepare()
	began := time.Now()
	from := connOf(r)
	from.begin()
	a := &answer{header: w.Header()}
	if refusal := s.refuse(r); refusal != nil {
		refusal.put(a)
	} else {
		s.handle(a, s.withoutBase(r))
	}
	secure(a.header)
	body := a.finish(r)
	from.hold(len(body))
	defer from.end()
	a.send(w, r, body)
	s.logRequest(r, a.status, len(body), time.Since(began))
}

// handle has a request answered when it is its turn.
func (s *Server) handle(a *answer, r *http.Request) {
	if path := r.URL.Path; path != healthz && !strings.HasPrefix(path, "/assets/") { // which take no time
		turn := time.NewTimer(queueTime)
		defer turn.Stop()
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-r.Context().Done():
			busy.put(a)
			return
		case <-turn.C:
			busy.put(a)
			return
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), handleTime)
	defer cancel()
	r = r.WithContext(ctx)
	defer func() {
		if failure := recover(); failure != nil {
			s.Log.Error(fmt.Sprintf("answer %s %.200q: %v", r.Method, r.URL.EscapedPath(), failure))
			a.clear()
			failedHere.put(a)
		}
	}()
	next := s.API
	if forPeople(r.URL.Path) || !forPrograms(r.URL.Path) && takesHTML(r) {
		next = s.Page
	}
	next.ServeHTTP(a, r)
	if a.tooLarge {
		s.Log.Error(fmt.Sprintf("answer %s %.200q: it is larger than %d MiB", r.Method, r.URL.EscapedPath(), maxAnswer>>20))
		a.clear()
		tooLarge.put(a)
	}
}

// healthz is answered to everybody: it says no more than that the server answers.
const healthz = "/healthz"

// forPeople reports whether a path is one of the page.
func forPeople(path string) bool {
	return path == "/" || path == "/alerts" ||
		strings.HasPrefix(path, "/profiles/") || strings.HasPrefix(path, "/runs/") || strings.HasPrefix(path, "/assets/")
}

// forPrograms reports whether a path is one of the API, or may become one.
func forPrograms(path string) bool {
	return strings.HasPrefix(path, "/v1/") || slices.Contains([]string{healthz, "/metrics", "/openapi.json"}, path)
}

// takesHTML reports whether a client names HTML among what it takes, as browsers do: it
// gets a page that says what is not there. To others that is JSON.
func takesHTML(r *http.Request) bool {
	for _, list := range r.Header.Values("Accept") {
		for kind := range strings.SplitSeq(list, ",") {
			name, _, _ := strings.Cut(kind, ";")
			if strings.EqualFold(strings.TrimSpace(name), "text/html") {
				return true
			}
		}
	}
	return false
}

// withoutBase takes the base path off a request. Without it a path means the same: a
// proxy may have taken it off, and on this machine it is not needed.
func (s *Server) withoutBase(r *http.Request) *http.Request {
	base := s.Settings.BasePath
	cut := func(path string) (string, bool) {
		rest, ok := strings.CutPrefix(path, base)
		return "/" + strings.TrimPrefix(rest, "/"), ok && (rest == "" || rest[0] == '/')
	}
	path, ok := cut(r.URL.Path)
	if base == "" || !ok {
		return r
	}
	short := r.WithContext(r.Context())
	address := *r.URL
	short.URL = &address
	address.Path = path
	if address.RawPath != "" {
		address.RawPath, _ = cut(address.RawPath)
	}
	short.RequestURI = address.RequestURI()
	return short
}

// logRequest logs one line: failures as information, the rest for debugging, and
// no query, in which a client may have put a secret of its own by mistake.
func (s *Server) logRequest(r *http.Request, status, size int, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case status >= 500:
		level = slog.LevelWarn
	case status >= 400:
		level = slog.LevelInfo
	}
	from := "unix"
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		from = host
	}
	s.Log.Log(r.Context(), level, fmt.Sprintf("%s - \"%.16s %.200s %s\" %d %d %.3fs",
		from, plain(r.Method), plain(r.URL.EscapedPath()), r.Proto, status, size, took.Seconds()))
}
