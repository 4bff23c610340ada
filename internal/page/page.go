// Package page is what montimer shows to people over HTTP: the state of the host,
// of its profiles and runs, and the alerts, as HTML that needs no script. It renders
// package view and nothing else, writes nothing, and knows neither listeners nor
// who may read it.
//
// Read page.go (the routes and what every answer has), then overview.go, and
// templates/page.html (the frame of all pages).
package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/view"
)

// Reader reads the state of the host; package look has one.
type Reader interface {
	// Board reads the host and the past of a profile, or of all ("").
	Board(ctx context.Context, profile, span string) (view.Board, error)
	// History reads how ticks and runs of a profile ended. More match than it
	// returns; notes say what could not be read.
	History(ctx context.Context, profile string, f view.Filter) (entries []view.Entry, more int, notes []string, err error)
	// Run reads a run, and what changed since the good run before it; nil: it is not
	// known.
	Run(ctx context.Context, id string) (*view.Run, *view.Change, error)
	Alerts(ctx context.Context, ask view.AlertAsk) ([]view.Alert, error)
}

// Options says how pages link.
type Options struct {
	BasePath  string // that a proxy puts before all paths: "" or "/jobs"; requests come without it
	CommitURL string // of a commit, with {commit} for its id; "": commits are not linked
}

// AsOf is the header of a page that has the time as of which its content holds. It
// is sent with 304 Not Modified, too: the body is the same, and as new as this.
const AsOf = "Montimer-As-Of"

type site struct {
	Options
	read Reader
	now  func() time.Time
}

// New returns the handler of all pages: /, /profiles/, /runs/, /alerts and /assets/.
// Each page has an ETag, which depends on all of its content but the time as of
// which it holds. Whoever serves it answers If-None-Match and HEAD, and refuses
// other methods.
func New(read Reader, o Options) http.Handler {
	o.BasePath = strings.TrimRight(o.BasePath, "/")
	return &site{o, read, time.Now}
}

// ServeHTTP routes by hand: the redirects of http.ServeMux know no base path.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/":
		s.overview(w, r)
	case r.URL.Path == "/alerts":
		s.alerts(w, r)
	case kind == "profiles" && montimer.ValidProfileName(name):
		s.profile(w, r, name)
	case kind == "runs" && montimer.IsRunID(name):
		s.run(w, r, strings.ToLower(name))
	case kind == "runs":
		s.notFound(w, "The id of a run has 32 hexadecimal digits.")
	case kind == "assets":
		s.asset(w, r, name)
	default:
		s.notFound(w, "There is no page at this address.")
	}
}

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// templates are parsed when the first page is asked for, not in every process.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(words).ParseFS(templateFiles, "templates/*.html"))
})

// frame is what every page has.
type frame struct {
	Base  string // before every path
	Title string
	Icon  string // the asset that says at a glance whether all is well
	At    time.Time
	Body  any
}

// The marks stand for the time and for the ETag in the rendered page, so that the
// ETag does not depend on them. No text from outside has a NUL.
const (
	asOfMark = "\x00as of\x00"
	etagMark = "\x00etag\x00"
)

// show renders a page.
func (s *site) show(w http.ResponseWriter, status int, name string, f frame) {
	f.Base = s.BasePath
	var b bytes.Buffer
	if err := templates().ExecuteTemplate(&b, name, f); err != nil {
		http.Error(w, "render the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(b.Bytes())
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-cache") // to be kept, and asked for each time
	etag := hex.EncodeToString(sum[:12])
	h.Set("ETag", `"`+etag+`"`)
	asOf := f.At.Local().Format(asOfLayout)
	h.Set(AsOf, asOf)
	body := bytes.ReplaceAll(bytes.ReplaceAll(b.Bytes(), []byte(asOfMark), []byte(asOf)), []byte(etagMark), []byte(etag))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader may have gone
}

// trouble is what a page says that has nothing to show.
type trouble struct {
	Why   string
	Known []link // what there is instead
}

// notFound says what is not there, and where to go on.
func (s *site) notFound(w http.ResponseWriter, why string, known ...string) {
	t := trouble{Why: why}
	for _, name := range known[:min(len(known), mostRows)] {
		t.Known = append(t.Known, link{name, s.BasePath + profilePath(name)})
	}
	s.show(w, http.StatusNotFound, "problem", frame{Title: "Not found", Icon: "bad.svg", At: s.now(), Body: t})
}

// problem says why there is nothing to show.
func (s *site) problem(w http.ResponseWriter, err error) {
	var unknown *view.UnknownError
	if errors.As(err, &unknown) {
		s.notFound(w, err.Error(), unknown.Known...)
		return
	}
	s.show(w, http.StatusServiceUnavailable, "problem", frame{Title: "Not readable", Icon: "bad.svg", At: s.now(), Body: trouble{Why: err.Error()}})
}

var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// asset answers with a file. Its address in a page has its digest, so a browser may
// keep it for good.
func (s *site) asset(w http.ResponseWriter, r *http.Request, name string) {
	data, err := assetFiles.ReadFile("assets/" + name)
	if err != nil || strings.Contains(name, "/") {
		s.notFound(w, "There is no such file.")
		return
	}
	h := w.Header()
	h.Set("Content-Type", assetTypes[name[strings.LastIndexByte(name, '.'):]])
	h.Set("ETag", `"`+digest(name)+`"`)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == digest(name) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(data) // the reader may have gone
}

// digest identifies the content of an asset.
func digest(name string) string {
	data, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // a template names an asset that does not exist
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}
