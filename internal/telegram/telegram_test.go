package telegram

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const token = "123456:AAF-planted_secret_of_a_bot_0123456789"

func client(t *testing.T, base string) *Client {
	t.Helper()
	c, err := New(base)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRequest(t *testing.T) {
	t.Parallel()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type"), string(body))
		io.WriteString(w, `{"ok":true,"result":{}}`)
	}))
	defer server.Close()
	c := client(t, server.URL+"/behind/a/proxy/")
	for _, m := range []Message{
		{ChatID: "-100auto", Text: "*a*\n❌", Markdown: true},
		{ChatID: "@name", Thread: 77, Text: "plain"},
	} {
		if err := c.Send(t.Context(), token, m); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(c.Bot(t.Context(), token), c.Chat(t.Context(), token, "-100auto")); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"POST /behind/a/proxy/bot" + token + "/sendMessage application/json",
		`{"chat_id":"-100auto","text":"*a*\n❌","disable_notification":false,"parse_mode":"Markdown"}`,
		"POST /behind/a/proxy/bot" + token + "/sendMessage application/json",
		`{"chat_id":"@name","text":"plain","disable_notification":false,"message_thread_id":77}`,
		"POST /behind/a/proxy/bot" + token + "/getMe application/json",
		`{}`,
		"POST /behind/a/proxy/bot" + token + "/getChat application/json",
		`{"chat_id":"-100auto"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c.http.Timeout != 10*time.Second {
		t.Errorf("timeout %s", c.http.Timeout)
	}
}

// TestJudge holds that nothing but {"ok":true} with 200 counts as sent.
func TestJudge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		status    int
		answer    string
		want      *Error
		permanent bool
	}{
		{"sent", 200, `{"ok":true,"result":{"message_id":1}}`, nil, false},
		{"not ok", 200, `{"ok":false}`, &Error{Status: 200, Description: "OK"}, false},
		{"created", 201, `{"ok":true}`, &Error{Status: 201, Description: "Created"}, false},
		{"a portal's page", 200, `<html>please log in</html>`, &Error{Status: 200, Description: "not an answer of the Bot API"}, false},
		{"nothing", 200, ``, &Error{Status: 200, Description: "not an answer of the Bot API"}, false},
		{"elsewhere", 302, ``, &Error{Status: 302, Description: "not an answer of the Bot API"}, false},
		{"bad gateway", 502, `<html>`, &Error{Status: 502, Description: "not an answer of the Bot API"}, false},
		{"flood", 429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 3","parameters":{"retry_after":3}}`,
			&Error{Status: 429, Description: "Too Many Requests: retry after 3", RetryAfter: 3 * time.Second}, false},
		{"an absurd wait", 429, `{"ok":false,"description":"x","parameters":{"retry_after":9000000000000000000}}`,
			&Error{Status: 429, Description: "x", RetryAfter: 24 * time.Hour}, false},
		{"a negative wait", 429, `{"ok":false,"description":"x","parameters":{"retry_after":-3}}`, &Error{Status: 429, Description: "x"}, false},
		{"moved", 400, `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1001234567890}}`,
			&Error{Status: 400, Description: "Bad Request: group chat was upgraded to a supergroup chat", MigrateTo: "-1001234567890"}, true},
		{"token", 401, `{"ok":false,"error_code":401,"description":"Unauthorized"}`, &Error{Status: 401, Description: "Unauthorized"}, true},
		{"kicked", 403, `{"ok":false,"error_code":403,"description":"Forbidden: bot was kicked"}`, &Error{Status: 403, Description: "Forbidden: bot was kicked"}, true},
		{"slow", 408, `{"ok":false}`, &Error{Status: 408, Description: "Request Timeout"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := judge(tt.status, []byte(tt.answer))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if got != nil && got.Permanent() != tt.permanent {
				t.Errorf("permanent: %v", got.Permanent())
			}
		})
	}
	parse := judge(400, []byte(`{"ok":false,"error_code":400,"description":"Bad Request: CAN'T parse entities: Can't find end"}`))
	if !parse.Unparsable() || judge(400, []byte(`{"ok":false}`)).Unparsable() {
		t.Error("can't parse entities")
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "https://api.example.org", "http://127.0.0.1:8081", "http://[::1]:8081/x", "http://localhost"} {
		client(t, base)
	}
	for _, base := range []string{"http://example.org", "http://127.0.0.1.example.org", "ftp://localhost", "api.telegram.org", "https://",
		"https://user:planted@host:x", "http://user:planted@example.org"} {
		if _, err := New(base); err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: %v", base, err)
		}
	}
}

// TestNoToken holds that the token is in no error, whatever goes wrong.
func TestNoToken(t *testing.T) {
	t.Parallel()
	handler := http.NewServeMux()
	handler.HandleFunc("/echo/", func(w http.ResponseWriter, r *http.Request) { // a server that says the token itself
		w.WriteHeader(404)
		io.WriteString(w, `{"ok":false,"description":"no such path: `+r.URL.Path+`"}`)
	})
	handler.HandleFunc("/redirect/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/landed/"+r.URL.Path, http.StatusFound)
	})
	handler.HandleFunc("/landed/", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	handler.HandleFunc("/reset/", func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	handler.HandleFunc("/half/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, `{"ok":true`)
	})
	handler.HandleFunc("/garbage/", func(w http.ResponseWriter, r *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		io.WriteString(conn, "what? "+r.URL.Path+"\r\n\r\n")
		conn.Close()
	})
	handler.HandleFunc("/hang/", func(_ http.ResponseWriter, r *http.Request) {
		io.ReadAll(r.Body)
		<-r.Context().Done()
	})
	handler.HandleFunc("/endless/", func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	unknownCA := httptest.NewUnstartedServer(handler)
	unknownCA.Config.ErrorLog = log.New(io.Discard, "", 0)
	unknownCA.StartTLS()
	t.Cleanup(unknownCA.Close)

	for name, base := range map[string]string{
		"echo": server.URL + "/echo", "redirect": server.URL + "/redirect", "reset": server.URL + "/reset", "half": server.URL + "/half",
		"garbage": server.URL + "/garbage", "hang": server.URL + "/hang", "endless": server.URL + "/endless",
		"refused": "http://127.0.0.1:1", "unknown certificate": unknownCA.URL, "no TLS there": "https" + strings.TrimPrefix(server.URL, "http"),
		"no such host": "https://user:planted@no-such-host.invalid",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := client(t, base).Send(ctx, token, Message{ChatID: "1", Text: "x"})
			var failure *Error
			if !errors.As(err, &failure) {
				t.Fatalf("%v is no *Error", err)
			}
			err = errors.Join(err, client(t, base).Chat(ctx, token, "1"), client(t, base).Bot(ctx, token))
			if strings.Contains(err.Error(), "planted") || strings.Contains(err.Error(), "AAF") {
				t.Errorf("it leaks: %v", err)
			}
			t.Log(err)
		})
	}
	t.Run("a token that is none", func(t *testing.T) {
		err := client(t, server.URL).Send(t.Context(), "planted\n\x00%zz", Message{})
		if err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("it leaks: %v", err)
		}
	})
}

// TestEscape shows what quoting looks like; that Telegram reads it so is held in
// package notify.
func TestEscape(t *testing.T) {
	t.Parallel()
	if got, want := Escape("a\\_*`[b](c)"), "a\\\\_\\*\\`\\[b](c)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for text, want := range map[string]string{"": "", "half_hourly": `*half*\_*hourly*`, "_": `\_`, "a b": "*a b*", "a_ b": `*a*\_* b*`, "a_ _": `*a*\_ \_`} {
		if got := Bold(text); got != want {
			t.Errorf("%q in bold: %s, want %s", text, got, want)
		}
	}
}
