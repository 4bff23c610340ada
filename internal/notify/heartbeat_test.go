package notify

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

const runID = "0123456789abcdef0123456789abcdef"

// monitor is a server like healthchecks.io, which keeps what it hears.
func monitor(t *testing.T) (url string, heard func() []string) {
	t.Helper()
	var mu sync.Mutex
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(requests)
	}
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	const rid = "rid=01234567-89ab-cdef-0123-456789abcdef"
	tests := []struct {
		name string
		code int
		body string
		want []string
	}{
		{"ok", 0, "", []string{"POST /own/start?" + rid, "POST /global?" + rid, "POST /own?" + rid}},
		{"failed", 1, "a ✗", []string{"POST /own/start?" + rid, "POST /global?" + rid + " a ✗", "POST /own/1?" + rid + " a ✗"}},
		{"interrupted", 143, "", []string{"POST /own/start?" + rid, "POST /global?" + rid, "POST /own/143?" + rid}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url, heard := monitor(t)
			h := Heart{Getenv: environ("OWN="+url+"/own", "MONTIMER_HEARTBEAT="+url+"/global"), Redact: strings.ToUpper, Log: textLog(logWriter{t})}
			h.Begin(t.Context(), montimer.Profile{Heartbeat: "OWN"}, runID).End(t.Context(), tt.code, tt.body)
			got := heard()
			slices.Sort(got[1:])
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a long body, and a URL with a query", func(t *testing.T) {
		t.Parallel()
		url, heard := monitor(t)
		h := Heart{Getenv: environ("MONTIMER_HEARTBEAT=" + url + "/key/slug?create=1"), Log: textLog(logWriter{t})}
		h.Begin(t.Context(), montimer.Profile{}, runID).End(t.Context(), 1, strings.Repeat("é", 7000)+"the end")
		got := heard()[0]
		if path, body, _ := strings.Cut(got, " é"); path != "POST /key/slug?create=1&"+rid || len(body) > maxPing || !strings.HasSuffix(got, "éthe end") {
			t.Errorf("%s, %d bytes", path, len(body))
		}
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		Heart{Getenv: environ()}.Begin(t.Context(), montimer.Profile{Heartbeat: "UNSET"}, runID).End(t.Context(), 1, "")
	})
}

// TestHeartbeatSecrets holds that the URL of a heartbeat is in no log, whatever
// goes wrong, and that nothing that goes wrong takes long.
func TestHeartbeatSecrets(t *testing.T) {
	t.Parallel()
	handler := http.NewServeMux()
	handler.HandleFunc("/planted-redirect/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/planted-landed/", http.StatusFound)
	})
	handler.HandleFunc("/planted-landed/", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	handler.HandleFunc("/planted-hang/", func(_ http.ResponseWriter, r *http.Request) { io.ReadAll(r.Body); <-r.Context().Done() })
	handler.HandleFunc("/planted-reset/", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	plain := httptest.NewServer(handler)
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(handler)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for _, url := range []string{
		plain.URL + "/planted-redirect", plain.URL + "/planted-hang", plain.URL + "/planted-reset", plain.URL + "/planted-404",
		secure.URL + "/planted", "https" + strings.TrimPrefix(plain.URL, "http") + "/planted", "http://127.0.0.1:1/planted",
		"https://planted.invalid/x", "https://user:planted@127.0.0.1:1/", "planted", "ftp://planted/", "http://planted\x00/", "http://[planted/",
	} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			var said strings.Builder
			h := Heart{Getenv: environ("OWN=" + url), Redact: func(s string) string { return s }, Log: textLog(&said)}
			h.Begin(ctx, montimer.Profile{Heartbeat: "OWN"}, runID).End(ctx, 1, "")
			if strings.Contains(said.String(), "planted") || strings.Count(said.String(), "heartbeat OWN: ") != 2 {
				t.Errorf("%s: %s", url, said.String())
			}
		})
	}
	if got := SecretValues([]string{"MONTIMER_HEARTBEAT=a", "A=b", "Heartbeat_X=c=d"}); !slices.Equal(got, []string{"a", "c=d"}) {
		t.Error(got)
	}
}
