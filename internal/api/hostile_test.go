package api

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/view"
)

// payloads are texts that do harm where they are not only data.
var payloads = []string{
	"' OR 1=1--", "'; DROP TABLE alert_events; --", `" OR ""="`, "1); DELETE FROM alert_events; --", "%' UNION SELECT * FROM monitor_state --", "?1", ":a", "@a", "$a", "*", "aave\x00' OR 1=1",
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "</script><svg onload=alert(1)>", "javascript:alert(1)", "{{.}}", "${7*7}", "&lt;b&gt;",
	"../../../../etc/passwd", "..\\..\\x", "file:///etc/passwd", "/v1/../healthz", "\r\nSet-Cookie: a=b", "\n\n<html>", "a>;rel=\"evil\"", "\u202egnp.exe", "\u2028\u2029", "\x7f\x1b[31m", "\xff\xfe\xc3\x28", "🚨",
	strings.Repeat("A", 60_000), strings.Repeat("%", 100), strings.Repeat("[", 5_000), "1e309", "NaN", "-1", "0", "18446744073709551616", "٣", "+", "null", "undefined", "true",
}

// get asks a handler without a connection, which would refuse some requests first.
func get(t testing.TB, h http.Handler, path, query string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.URL = &url.URL{Path: path, RawPath: path, RawQuery: query}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Header().Get("Content-Type") == "application/json" && !json.Valid(w.Body.Bytes()) {
		t.Errorf("%.80q?%.80q: not JSON: %.200s", path, query, w.Body)
	}
	return w
}

// TestHostileParameters: a parameter is only ever data: what it says is not in the
// answer, the database stays as it is, and no header has it.
func TestHostileParameters(t *testing.T) {
	t.Parallel()
	dir := python(t)
	before, err := os.ReadFile(filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	h := New(Sources{Events: events(t, dir), Catalog: checkout(t), Host: fakeHost{}})
	for _, route := range routes {
		path := strings.NewReplacer("{id}", "5", "{run}", runID, "{profile}", "hourly").Replace(route.path)
		for _, param := range append([]string{"unknown"}, route.params...) {
			for _, text := range payloads {
				w := get(t, h, path, "limit=1&"+param+"="+url.QueryEscape(text))
				if w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
					t.Errorf("%s %s=%.40q: %d %.100s", path, param, text, w.Code, w.Body)
				}
				if len(text) > 4 && text != "undefined" && strings.Contains(w.Body.String(), text) && path != "/openapi.json" {
					t.Errorf("%s %s=%.40q: is in the answer: %.200s", path, param, text, w.Body)
				}
				link := w.Header().Get("Link")
				if strings.ContainsAny(link, "\r\n\x00") || strings.Count(link, ">") > 1 || strings.Count(link, `"`) > 2 {
					t.Errorf("%s %s=%.40q: Link: %q", path, param, text, link)
				}
			}
		}
	}
	after, err := os.ReadFile(filepath.Join(dir, store.FileName))
	if err != nil || string(before) != string(after) {
		t.Errorf("the database has changed: %v", err)
	}
}

// TestHostilePaths: a path is not decoded, cleaned or looked up; one that is no
// route is 404.
func TestHostilePaths(t *testing.T) {
	t.Parallel()
	h := New(Sources{Events: events(t, python(t)), Catalog: checkout(t), Host: fakeHost{}})
	for path, status := range map[string]int{
		"//v1/alerts": 200, "///healthz": 200, "/healthz;a=b;c": 200, "/v1/alerts/5;x": 200, "/healthz#/../..": 200, "/v1/alerts/+5": 200, "/v1/alerts/1_0": 200,
		"/v1/alerts/%35": 404, "/v1/alerts/5%20": 404, "/%76%31/alerts": 404, "/v1//alerts": 404, "/v1/alerts/": 404, "/v1/./alerts": 404, "/v1/x/../alerts": 404,
		"/..": 404, "/%2e%2e/healthz": 404, "/v1/alerts/5/../6": 404, "/v1/alerts;/5": 404, "/HEALTHZ": 404, "healthz": 404, "*": 404, "": 404, "/healthz/": 404, "/healthz\x00": 404,
		"/v1/alerts/latest/": 404, "/v1/alerts/LATEST": 404, "/v1/runs/" + runID + "/": 404, "/v1/runs/" + runID + "\n": 404, "/v1/profiles//timeline": 404, "/v1/profiles/timeline": 404,
		"/v1/profiles/-x/timeline": 404, "/v1/profiles/a%2fb/timeline": 404, "/v1/profiles/../timeline": 404, "/v1/profiles/hourly/timeline/": 404,
		"/openapi.json/..": 404, "/internal/api/openapi.json": 404, "/metrics/": 404, "/debug/pprof/": 404,
	} {
		if w := get(t, h, path, ""); w.Code != status {
			t.Errorf("%q: %d, want %d: %.100s", path, w.Code, status, w.Body)
		}
	}
	for _, text := range payloads {
		for _, before := range []string{"/", "/v1/", "/v1/alerts/", "/v1/runs/", "/v1/profiles/"} {
			w := get(t, h, before+text, "")
			harmless := w.Code == 404 || before == "/v1/alerts/" && (w.Code == 400 || w.Code == 200) // a number
			if !harmless || strings.Contains(w.Body.String(), "<") {
				t.Errorf("%s%.40q: %d %.100s", before, text, w.Code, w.Body)
			}
		}
	}
}

// TestHostileRows: every text of a row is shown as the characters that it has, in
// ASCII that is JSON.
func TestHostileRows(t *testing.T) {
	t.Parallel()
	dir := python(t)
	db, err := sql.Open("sqlite", filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	columns := []string{"created_at", "source", "protocol", "channel", "severity", "message", "delivery_status", "delivered_at", "delivery_error", "metadata_json"}
	want := map[int64]string{}
	for i, text := range payloads {
		for _, value := range []any{text, []byte(text)} {
			args := []any{text}
			for range columns {
				args = append(args, value)
			}
			result, err := db.Exec("INSERT INTO alert_events (plain_text, "+strings.Join(columns, ", ")+") VALUES (?"+strings.Repeat(", ?", len(columns))+")", args...)
			if err != nil {
				t.Fatal(i, err)
			}
			id, err := result.LastInsertId()
			if err != nil {
				t.Fatal(err)
			}
			want[id] = text
		}
	}
	h := New(Sources{Events: events(t, dir), Catalog: checkout(t), Host: fakeHost{}})
	for id, text := range want {
		w := get(t, h, fmt.Sprint("/v1/alerts/", id), "")
		var shown map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &shown); err != nil || w.Code != http.StatusOK {
			t.Errorf("%.40q: %d %v", text, w.Code, err)
			continue
		}
		for _, name := range columns {
			if name == "metadata_json" {
				continue
			}
			if got, _ := shown[name].(string); got != asUTF8(text) {
				t.Errorf("%s %.40q: %.40q", name, text, got)
			}
		}
		_, bad := shown["metadata_error"]
		if isJSON := json.Valid([]byte(text)); bad == isJSON && text != "NaN" && text != "1e309" {
			t.Errorf("metadata %.40q: %v, error %t", text, shown["metadata"], bad)
		}
		for _, c := range w.Body.Bytes() {
			if c < 0x20 || c >= 0x7F {
				t.Errorf("%.40q: the byte %#x is in the answer", text, c)
				break
			}
		}
	}
	for _, query := range []string{"limit=500", "protocol=" + url.QueryEscape(payloads[0]), "severity=LOW"} {
		if w := get(t, h, "/v1/alerts", query); w.Code != http.StatusOK {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
	if w := get(t, h, "/v1/alerts/latest", ""); w.Code != http.StatusOK {
		t.Errorf("latest: %d %.200s", w.Code, w.Body)
	}
}

// asUTF8 is a text with U+FFFD for each byte that is no UTF-8.
func asUTF8(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}

// loudHost has runs of which each takes a quarter of a page.
type loudHost struct{ fakeHost }

func (loudHost) Runs(_ context.Context, f store.Filter) (all []*view.Run, err error) {
	for i := 9; i > 0 && len(all) < f.Limit; i-- {
		run := fakeRun()
		if run.ID = fmt.Sprintf("%032d", i); f.Before != "" && run.ID >= f.Before {
			continue
		}
		run.Tasks[0].Stderr = strings.Repeat("<", largest/4/len(`\u003c`))
		all = append(all, run)
	}
	return all, nil
}

// TestLoudRuns: a page of runs that printed very much ends early, and the next one
// goes on where it ended.
func TestLoudRuns(t *testing.T) {
	t.Parallel()
	h := New(Sources{Host: loudHost{}})
	var seen []string
	for query, pages := "limit=8", 0; query != ""; pages++ {
		w := get(t, h, "/v1/runs", query)
		if w.Code != http.StatusOK || w.Body.Len() > 2*largest || pages > 9 {
			t.Fatalf("page %d: %d, %d bytes", pages, w.Code, w.Body.Len())
		}
		var page struct {
			Data  []struct{ Run string }
			Next  string `json:"next_cursor"`
			Limit int
		}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || page.Limit != 8 {
			t.Fatal(err, page.Limit)
		}
		for _, run := range page.Data {
			seen = append(seen, strings.TrimLeft(run.Run, "0"))
		}
		query = ""
		if page.Next != "" {
			query = "limit=8&cursor=" + page.Next
		}
		if link := w.Header().Get("Link"); (link != "") != (query != "") {
			t.Errorf("page %d: Link %q, next_cursor %q", pages, link, page.Next)
		}
	}
	if got := strings.Join(seen, " "); got != "9 8 7 6 5 4 3 2 1" {
		t.Error(got)
	}
}
