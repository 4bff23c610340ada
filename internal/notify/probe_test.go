package notify

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTryRoutes asks about each route once, sends nothing, and says what to correct.
func TestTryRoutes(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]; {
		case strings.Contains(r.URL.Path, "revoked"):
			w.WriteHeader(401)
			io.WriteString(w, `{"ok":false,"error_code":401,"description":"Unauthorized"}`)
		case method == "getMe", method == "getChat" && strings.Contains(string(body), "here"):
			io.WriteString(w, `{"ok":true}`)
		case method == "getChat":
			w.WriteHeader(400)
			io.WriteString(w, `{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}`)
		default:
			t.Errorf("it calls %s", r.URL.Path)
		}
	}))
	t.Cleanup(server.Close)
	for _, tt := range []struct {
		name string
		vars []string
		want []string // the chat, the failure, the hint
	}{
		{"one route", []string{"TELEGRAM_CHAT_ID_AUTOMATION=here"}, []string{"here: -: "}},
		{"and the last resort", []string{"TELEGRAM_CHAT_ID_AUTOMATION=here", "TELEGRAM_CHAT_ID_DEFAULT=gone"},
			[]string{"here: -: ", "gone: 400 Bad Request: chat not found: check chat gone, or correct TELEGRAM_CHAT_ID_DEFAULT"}},
		{"the same one twice", []string{"TELEGRAM_CHAT_ID_AUTOMATION=here", "TELEGRAM_CHAT_ID_DEFAULT=here"}, []string{"here: -: "}},
		{"another bot", []string{"TELEGRAM_CHAT_ID_AUTOMATION=here", "TELEGRAM_BOT_TOKEN_AUTOMATION=1:revoked", "TELEGRAM_CHAT_ID_DEFAULT=here2"},
			[]string{"here: 401 Unauthorized: the bot's token is wrong or was revoked: correct TELEGRAM_BOT_TOKEN_AUTOMATION", "here2: -: "}},
		{"the test chat alone", []string{"TELEGRAM_TEST_CHAT_ID=here", "TELEGRAM_CHAT_ID_DEFAULT=gone"}, []string{"here: -: "}},
	} {
		probes, err := TryRoutes(t.Context(), environ(append(tt.vars, "TELEGRAM_BOT_TOKEN_DEFAULT=1:good", "TELEGRAM_API_BASE="+server.URL)...))
		var got []string
		for _, p := range probes {
			failure := "-"
			if p.Failure != nil {
				failure = p.Failure.Error()
			}
			got = append(got, p.Chat+": "+failure+": "+p.Hint())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", tt.name, err, diff)
		}
	}
	for _, vars := range [][]string{{}, {"LOG_LEVEL=debug"}, {"TELEGRAM_BOT_TOKEN_DEFAULT=1:x", "TELEGRAM_CHAT_ID_DEFAULT=1", "TELEGRAM_API_BASE=http://example.org"}} {
		if _, err := TryRoutes(t.Context(), environ(vars...)); err == nil {
			t.Errorf("%q: no error", vars)
		}
	}
}

// TestHeartbeatTry: a trial is no signal.
func TestHeartbeatTry(t *testing.T) {
	t.Parallel()
	url, heard := monitor(t)
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }))
	t.Cleanup(refusing.Close)
	h := Heartbeat{Getenv: environ("CHECK="+url+"/uuid", "KUMA="+url+"/api/push/secret?status=up", "GONE="+refusing.URL+"/uuid",
		"OTHER="+refusing.URL+"/api/push/secret", "NONE=nonsense", "DEAD=http://127.0.0.1:1/secret", "DEADKUMA=http://127.0.0.1:1/api/push/secret")}
	for variable, want := range map[string]string{
		"CHECK": "", "KUMA": "", "GONE": "answered with status 404", "OTHER": "", "NONE": "its value is not a URL", "DEAD": "connection refused", "DEADKUMA": "connection refused",
	} {
		err := h.Try(t.Context(), variable)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: %v", variable, err)
		}
	}
	for _, request := range heard() {
		if request != "HEAD /" && !strings.HasPrefix(request, "POST /uuid/log ") {
			t.Errorf("a signal: %s", request)
		}
	}
	if len(heard()) != 2 {
		t.Errorf("%q", heard())
	}
}
