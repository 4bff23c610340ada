// Package api answers the HTTP requests of programs, in JSON: the alerts, the
// profiles and their runs, the metrics. It reads only, and knows nothing of
// connections, hosts or tokens: package serve does.
//
// Read api.go (the routes), answer.go (what is sent), then query.go, integer.go and
// timestamp.go (parameters as the API before montimer read them), alerts.go,
// json.go and metadata.go (alerts), catalog.go (protocols and monitoring.yaml), and
// state.go (the read model).
package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/store"
)

// Events reads alerts. The errors of package store say why it cannot.
type Events interface {
	Page(context.Context, store.EventFilter, func(store.Event) error) error
	Event(ctx context.Context, id int64, yield func(store.Event) error) error
	Latest(ctx context.Context, now time.Time, source *string, yield func(store.LatestEvent) error) error
}

// Sources is where the API reads what it shows.
type Sources struct {
	Events  Events
	Catalog Catalog
}

// New returns the handler of all routes. To other paths it answers 404, to other
// methods than GET and HEAD 405; of an answer to HEAD, net/http leaves the body out.
func New(s Sources) http.Handler {
	return &api{Sources: s}
}

type api struct{ Sources }

// A route answers the requests for one path.
type route struct {
	path   string // {} stands for the rest of the path
	answer func(*api, *answer, *http.Request, string)
}

// routes are all there are. openapi.json describes each.
var routes = []route{
	{"/healthz", (*api).healthz},
	{"/v1/protocols", (*api).protocols},
	{"/v1/monitoring", (*api).monitoring},
	{"/v1/alerts", (*api).alerts},
	{"/v1/alerts/latest", (*api).latest},
	{"/v1/alerts/{}", (*api).alert},
}

// ServeHTTP answers one request.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := newAnswer(w)
	defer out.end()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		out.fail(http.StatusMethodNotAllowed, "method_not_allowed", "only GET is supported")
		return
	}
	path, query := target(r.URL)
	out.query, out.rawQuery = parseQuery(query), query
	for _, known := range routes {
		prefix, isPrefix := strings.CutSuffix(known.path, "{}")
		if path == known.path && !isPrefix {
			known.answer(a, out, r, "")
			return
		}
		if rest, ok := strings.CutPrefix(path, prefix); isPrefix && ok {
			known.answer(a, out, r, rest)
			return
		}
	}
	out.unknownPath()
}

// target returns the path as it was sent, not decoded, and the query. As in the API
// before montimer the parameters of the last segment (RFC 2396 section 3.3) and a
// fragment are left out, and several slashes at the beginning are one.
func target(u *url.URL) (path, query string) {
	path, query = cmp.Or(u.RawPath, u.EscapedPath()), u.RawQuery
	if rest, _, cut := strings.Cut(path, "#"); cut {
		path, query = rest, ""
	}
	query, _, _ = strings.Cut(query, "#")
	if strings.HasPrefix(path, "//") {
		path = "/" + strings.TrimLeft(path, "/")
	}
	last := strings.LastIndexByte(path, '/') + 1
	if i := strings.IndexByte(path[last:], ';'); i >= 0 {
		path = path[:last+i]
	}
	return path, query
}

func (a *api) healthz(out *answer, _ *http.Request, _ string) {
	out.text(`{"status":"ok"}`)
}
