package pager

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/store"
)

// TestElsewhere: a host whose jobs another one runs sends one page for each time that
// it lost them, however many processes find out, and none of the alerts that wait. A
// page that could not be sent is sent by the next process.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	var lock sync.Mutex
	var texts []string
	answer := http.StatusForbidden
	bot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		lock.Lock()
		defer lock.Unlock()
		if answer == http.StatusOK {
			texts = append(texts, string(body))
		}
		w.WriteHeader(answer)
		io.WriteString(w, `{"ok":true}`)
	}))
	defer bot.Close()
	env := map[string]string{"TELEGRAM_API_BASE": bot.URL, "TELEGRAM_BOT_TOKEN_DEFAULT": "111:DEF", "TELEGRAM_CHAT_ID_AUTOMATION": "-1"}
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Enqueue(t.Context(), &montimer.Alert{Kind: montimer.AlertFailure, Profile: "p", Text: "an old failure"}); err != nil {
		t.Fatal(err)
	}
	retired := false
	since := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	find := func() {
		p := New(Host{Name: "alpha", Getenv: func(name string) string { return env[name] }, Redact: func(s string) string { return s }}, Records{Store: s}, slog.New(slog.DiscardHandler))
		ctx := t.Context()
		why := &backup.NotOwnerError{Dir: "/mnt/b", Owner: backup.Owner{Host: "beta", ID: "b2", Since: since, Retired: retired}}
		if err := p.Elsewhere(ctx, why); err != nil {
			t.Error(err)
		}
	}
	expect := func(want int) {
		t.Helper()
		lock.Lock()
		defer lock.Unlock()
		if len(texts) != want {
			t.Fatalf("%d messages, want %d: %q", len(texts), want, texts)
		}
		for _, text := range texts {
			for _, part := range []string{"this host runs no jobs", "run on the host beta since", "montimer retire on beta, then here montimer takeover /mnt/b", "never have been sent: 1"} {
				if !strings.Contains(strings.ReplaceAll(text, `\\`, ""), part) {
					t.Errorf("lacks %q: %s", part, text)
				}
			}
		}
	}
	find()
	expect(0)
	lock.Lock()
	answer = http.StatusOK
	lock.Unlock()
	pending, err := s.Pending(t.Context())
	if err != nil || len(pending) != 2 {
		t.Fatalf("pending %+v, %v", pending, err)
	}
	pending[1].NextTry, pending[1].Status = time.Now(), 0 // as after an hour
	if err := s.Retry(t.Context(), pending[1]); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		find()
	}
	expect(1)
	since = since.Add(time.Hour) // it was the owner again, in between
	find()
	find()
	expect(2)
	since, retired = since.Add(time.Hour), true // which is no news
	find()
	expect(2)
	if left, err := s.Pending(t.Context()); err != nil || len(left) != 1 || left[0].Text != "an old failure" {
		t.Errorf("pending %+v, %v", left, err)
	}
	since, retired = since.Add(-time.Hour), false
	if err := s.EndRefusals(t.Context()); err != nil { // it ran the jobs, until the owner file of before came back
		t.Fatal(err)
	}
	find()
	find()
	expect(3)
}
