package notify

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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
			h := Heartbeat{Getenv: environ("OWN="+url+"/own", "MONTIMER_HEARTBEAT="+url+"/global"), Redact: strings.ToUpper, Log: textLog(logWriter{t})}
			p := h.Begin(t.Context(), montimer.Profile{Heartbeat: "OWN"}, runID)
			p.End(t.Context(), tt.code, tt.body)
			p.Alive(t.Context(), nil, tt.body)
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
		h := Heartbeat{Getenv: environ("MONTIMER_HEARTBEAT=" + url + "/key/slug?create=1"), Log: textLog(logWriter{t})}
		h.Begin(t.Context(), montimer.Profile{}, runID).Alive(t.Context(), nil, strings.Repeat("é", 7000)+"the end")
		got := heard()[0]
		if path, body, _ := strings.Cut(got, " é"); path != "POST /key/slug?create=1&"+rid || len(body) > maxPing || !strings.HasSuffix(got, "éthe end") {
			t.Errorf("%s, %d bytes", path, len(body))
		}
	})
	t.Run("alerts cannot leave", func(t *testing.T) {
		t.Parallel()
		url, heard := monitor(t)
		h := Heartbeat{Getenv: environ("MONTIMER_HEARTBEAT=" + url + "/global"), Redact: strings.ToUpper}
		h.Begin(t.Context(), montimer.Profile{}, runID).Alive(t.Context(), errors.New("pending alerts (2): 401 Unauthorized"), "")
		want := []string{"POST /global/fail?" + rid + " ALERTS CANNOT BE SENT FROM THIS HOST: PENDING ALERTS (2): 401 UNAUTHORIZED"}
		if diff := cmp.Diff(want, heard()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a variable that is not set", func(t *testing.T) {
		t.Parallel()
		var said strings.Builder
		Heartbeat{Getenv: environ(), Log: textLog(&said)}.Begin(t.Context(), montimer.Profile{Heartbeat: "UNSET"}, runID).End(t.Context(), 1, "")
		if got := said.String(); strings.Count(got, "level=WARN") != 1 || !strings.Contains(got, "UNSET is not set in the environment") {
			t.Error(got)
		}
		said.Reset()
		Heartbeat{Getenv: environ(), Log: textLog(&said)}.Begin(t.Context(), montimer.Profile{}, runID).End(t.Context(), 1, "")
		if said.Len() > 0 {
			t.Error(said.String())
		}
	})
}

// TestHeartbeatKuma holds what a push monitor of Uptime Kuma is sent: nothing at
// the start, then what its route reads, with what else its URL has.
func TestHeartbeatKuma(t *testing.T) {
	t.Parallel()
	digest := "*automation: x*\nduration: 1.0s\n" + strings.Repeat("é", 300)
	for _, tt := range []struct {
		code   int
		body   string
		status string
		msg    string
	}{
		{0, "", "up", "OK"},
		{1, "", "down", "exit 1"},
		{1, digest, "down", "*automation: x* · duration: 1.0s · " + strings.Repeat("é", 164) + "…"},
	} {
		var mu sync.Mutex
		var got []*http.Request
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, r)
			if r.Method != http.MethodGet { // as versions before 1.19 have it
				w.WriteHeader(http.StatusNotFound)
			}
		}))
		h := Heartbeat{Getenv: environ("OWN=" + server.URL + "/kuma/api/push/abc?status=up&msg=OK&ping=&keep=1"), Log: textLog(logWriter{t})}
		p := h.Begin(t.Context(), montimer.Profile{Heartbeat: "OWN"}, runID)
		p.began = p.began.Add(-1500 * time.Millisecond)
		p.End(t.Context(), tt.code, tt.body)
		server.Close()
		if len(got) != 1 {
			t.Fatalf("%d requests", len(got))
		}
		q := got[0].URL.Query()
		ping, err := strconv.Atoi(q.Get("ping"))
		if got[0].URL.Path != "/kuma/api/push/abc" || q.Get("status") != tt.status || q.Get("msg") != tt.msg || q.Get("keep") != "1" || len(q) != 4 || err != nil || ping < 1500 {
			t.Errorf("%d: %s", tt.code, got[0].URL)
		}
	}
}

// TestHeartbeatAgain holds that a signal which was not taken is sent again: with
// pauses, a few times, for a bounded time; and that what no attempt can change is
// not.
func TestHeartbeatAgain(t *testing.T) {
	t.Parallel()
	const never = 100
	for _, tt := range []struct {
		name    string
		status  int
		refuses int // so many attempts
		want    int
		said    string
	}{
		{"once", 503, 1, 2, ""},
		{"four times", 429, 4, 5, ""},
		{"at every attempt", 500, never, 5, "answered with status 500 (5 attempts)"},
		{"not known", 404, never, 1, "answered with status 404 (1 attempt)"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var said strings.Builder
			attempts := 0
			h := Heartbeat{Getenv: environ("OWN=http://x.invalid/ping"), Redact: func(s string) string { return s }, Log: textLog(&said),
				transport: transport(func(*http.Request) (*http.Response, error) {
					attempts++
					status := 200
					if attempts <= tt.refuses {
						status = tt.status
					}
					return &http.Response{StatusCode: status, Body: http.NoBody}, nil
				})}
			start := time.Now()
			p := &HeartbeatRun{Heartbeat: h, variable: "OWN", over: func() {}}
			p.End(t.Context(), 1, "")
			if attempts != tt.want || time.Since(start) > beatTimeout || (tt.said == "") != (said.Len() == 0) || !strings.Contains(said.String(), tt.said) {
				t.Errorf("%s: %d attempts in %s: %s", tt.name, attempts, time.Since(start), said.String())
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // a service that hangs
		var said strings.Builder
		h := Heartbeat{Getenv: environ("OWN=http://x.invalid/ping"), Redact: func(s string) string { return s }, Log: textLog(&said),
			transport: transport(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})}
		start := time.Now()
		h.Begin(t.Context(), montimer.Profile{Heartbeat: "OWN"}, runID).End(t.Context(), 0, "")
		if took := time.Since(start); took > pingTimeout+beatTimeout || strings.Count(said.String(), "heartbeat OWN: ") != 2 {
			t.Errorf("%s: %s", took, said.String())
		}
	})
}

// transport is an http.RoundTripper of the function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

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
			h := Heartbeat{Getenv: environ("OWN=" + url), Redact: func(s string) string { return s }, Log: textLog(&said)}
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
