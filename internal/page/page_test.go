package page

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/view"
)

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestRevalidation: a page that differs in its time only is not sent again, and the
// client still learns as of when it holds.
func TestRevalidation(t *testing.T) {
	host := wellHost()
	first := get(New(host, Options{}), "/")
	if first.Code != 200 || !strings.Contains(first.Body.String(), `As of <time id="asof">`+night.Format("15:04:05 MST")) {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	if tag := first.Header().Get("ETag"); !strings.Contains(first.Body.String(), `<main data-etag=`+tag+`>`) {
		t.Errorf("the page does not have its ETag %s", tag)
	}
	host.facts.Now = night.Add(5 * time.Second)
	again := get(New(host, Options{}), "/", "If-None-Match", "W/"+first.Header().Get("ETag"))
	if again.Code != 304 || again.Body.Len() > 0 || again.Header().Get(AsOf) != host.facts.Now.Format("15:04:05 MST") {
		t.Errorf("%d %v", again.Code, again.Header())
	}
	host.facts.Findings = append(host.facts.Findings, view.Finding{Text: "something new"})
	if changed := get(New(host, Options{}), "/", "If-None-Match", first.Header().Get("ETag")); changed.Code != 200 {
		t.Errorf("another finding: %d", changed.Code)
	}
}

func TestProblems(t *testing.T) {
	h := New(&host{err: errors.New("open the database: <b>broken</b>")}, Options{BasePath: "/jobs/"})
	well := New(wellHost(), Options{BasePath: "/jobs"})
	for _, tt := range []struct {
		from http.Handler
		path string
		code int
		text string
	}{
		{h, "/", 500, "open the database: &lt;b&gt;broken&lt;/b&gt;"},
		{h, "/nothing", 404, `<a href="/jobs/">`},
		{h, "/assets/../page.go", 404, "no such file"},
		{h, "/assets/none.css", 404, "no such file"},
		{h, "/assets/page.css?v=else", 200, "body"},
		{well, "/profiles/hourl", 404, `<a href="/jobs/profiles/hourly">hourly</a>`},
		{well, "/profiles/a/b", 404, "no page at this address"},
		{well, "/runs/12", 404, "32 hexadecimal digits"},
		{well, "/runs/" + strings.Repeat("0", 32), 404, "no run"},
		{well, "/profiles/hourly?since=never", 400, "since: &#34;never&#34; is neither"},
		{well, "/profiles/hourly?grep=(", 400, "grep: error parsing"},
		{well, "/alerts?cursor=x", 400, "not the id of an alert"},
	} {
		if w := get(tt.from, tt.path); w.Code != tt.code || !strings.Contains(w.Body.String(), tt.text) {
			t.Errorf("%s: %d %s", tt.path, w.Code, w.Body)
		}
	}
}
