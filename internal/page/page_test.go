package page

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/view"
)

type reader struct {
	overview view.Overview
	err      error
}

func (r reader) Overview(context.Context) (view.Overview, error) { return r.overview, r.err }

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
// client is still told as of when it holds.
func TestRevalidation(t *testing.T) {
	at := time.Date(2026, 5, 4, 2, 14, 7, 0, time.Local)
	first := get(New(reader{overview: view.Overview{Verdict: "all well", At: at}}, Options{}), "/")
	if first.Code != 200 || !strings.Contains(first.Body.String(), "As of <span id=\"asof\">"+at.Format("15:04:05 MST")) {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	h := New(reader{overview: view.Overview{Verdict: "all well", At: at.Add(time.Minute)}}, Options{})
	again := get(h, "/", "If-None-Match", "W/"+first.Header().Get("ETag"))
	if again.Code != 304 || again.Body.Len() > 0 || again.Header().Get(AsOf) != at.Add(time.Minute).Format("15:04:05 MST") {
		t.Errorf("%d %v", again.Code, again.Header())
	}
	h = New(reader{overview: view.Overview{Verdict: "needs you", At: at}}, Options{})
	if changed := get(h, "/", "If-None-Match", first.Header().Get("ETag")); changed.Code != 200 {
		t.Errorf("another verdict: %d", changed.Code)
	}
}

func TestProblems(t *testing.T) {
	h := New(reader{err: errors.New("open the database: <b>broken</b>")}, Options{BasePath: "/jobs/"})
	for path, want := range map[string]struct {
		code int
		text string
	}{
		"/":                       {500, "open the database: &lt;b&gt;broken&lt;/b&gt;"},
		"/nothing":                {404, `<a href="/jobs/">`},
		"/assets/../page.go":      {404, "no such file"},
		"/assets/none.css":        {404, "no such file"},
		"/assets/page.css?v=else": {200, "body"},
	} {
		if w := get(h, path); w.Code != want.code || !strings.Contains(w.Body.String(), want.text) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
