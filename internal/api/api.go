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
	_ "embed"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/view"
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
	Host    Host
	Build   view.Build
	Log     *slog.Logger // has why there is no answer; nil: slog.Default
}

// New returns the handler of all routes. To other paths it answers 404, to other
// methods than GET and HEAD 405; of an answer to HEAD, net/http leaves the body out.
func New(s Sources) http.Handler {
	if s.Log == nil {
		s.Log = slog.Default()
	}
	return &api{s}
}

type api struct{ Sources }

// A route answers the requests for one path.
type route struct {
	path   string   // with {name} for a part that differs, which the answer is given
	params []string // of the query; it is given no others
	answer func(*api, *answer, *http.Request, string)
}

// routes are all there are. openapi.json describes each.
var routes = []route{
	{"/healthz", nil, (*api).healthz},
	{"/metrics", nil, (*api).metrics},
	{"/openapi.json", nil, (*api).openAPI},
	{"/v1/protocols", nil, (*api).protocols},
	{"/v1/monitoring", nil, (*api).monitoring},
	{"/v1/alerts", []string{"protocol", "severity", "source", "channel", "delivery_status", "from", "since", "to", "cursor", "limit"}, (*api).alerts},
	{"/v1/alerts/latest", []string{"source"}, (*api).latest},
	{"/v1/alerts/{id}", nil, (*api).alert},
	{"/v1/health", nil, (*api).health},
	{"/v1/profiles", nil, (*api).profiles},
	{"/v1/profiles/{profile}/timeline", []string{"from", "since", "to"}, (*api).timeline},
	{"/v1/runs", []string{"profile", "state", "from", "since", "cursor", "limit"}, (*api).runs},
	{"/v1/runs/{run}", nil, (*api).run},
}

// matches reports whether a path is one of the route, and returns the part that
// differs.
func (r route) matches(path string) (part string, ok bool) {
	before, rest, varies := strings.Cut(r.path, "{")
	if !varies {
		return "", path == r.path
	}
	_, after, _ := strings.Cut(rest, "}")
	part, ok = strings.CutPrefix(path, before)
	if !ok || !strings.HasSuffix(part, after) {
		return "", false
	}
	return strings.TrimSuffix(part, after), true
}

// ServeHTTP answers one request.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := newAnswer(w, a.Log)
	defer out.end()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		out.fail(http.StatusMethodNotAllowed, "method_not_allowed", "only GET is supported")
		return
	}
	path, query := target(r.URL)
	for _, known := range routes {
		if part, ok := known.matches(path); ok {
			out.query, out.rawQuery = parseQuery(query, known.params), query
			known.answer(a, out, r, part)
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

//go:embed openapi.json
var openAPI string

// openAPI describes all routes (https://spec.openapis.org/oas/v3.1.1.html).
func (a *api) openAPI(out *answer, _ *http.Request, _ string) { out.text(openAPI) }
