package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/telegram"
)

// recorded is a run of the old runner: how a Bot API answered it, what it sent
// and which rows it wrote.
type recorded struct {
	Case string
	Argv []string
	Mode string
	Env  map[string]string
	Sent []struct {
		Path string
		Body map[string]any
	}
	Rows []struct {
		Message string
		Plain   int     `json:"plain_text"`
		Status  string  `json:"delivery_status"`
		Sent    *string `json:"delivered_at"`
		Error   *string `json:"delivery_error"`
	}
}

// exchange is what there is to compare of one.
type exchange struct {
	requests       []string // path and body without the text
	texts          []string // of the requests
	message, plain string
	status, errors string
}

// TestReplay does each recorded run again. It may differ in what the last table
// of docs/telegram.md says, and must.
func TestReplay(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []recorded
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	differences := map[string][]string{}
	t.Run("recorded", func(t *testing.T) {
		for _, r := range all {
			if r.Argv[1] != "one" {
				if len(r.Sent)+len(r.Rows) > 0 {
					t.Errorf("%s: a run with messages that is left out", r.Case)
				}
				continue
			}
			t.Run(r.Case, func(t *testing.T) {
				t.Parallel()
				found := compare(r.exchange(), replay(t, r))
				mu.Lock()
				defer mu.Unlock()
				differences[r.Case] = found
			})
		}
	})
	var got []string
	for _, r := range all {
		for _, d := range differences[r.Case] {
			got = append(got, fmt.Sprintf("| %s | %s |", r.Case, d))
		}
	}
	if diff := cmp.Diff(documented(t), got); diff != "" {
		t.Errorf("the differences are not those in %s:\n%s\nbut\n%s", doc, diff, strings.Join(got, "\n"))
	}
}

// documented returns the rows of the last table, without the reason.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "|---|---|---|---|---|\n")
	var rows []string
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 7 || strings.TrimSpace(cells[5]) == "" {
			t.Fatalf("a row without all its cells: %s", line)
		}
		rows = append(rows, strings.Join(cells[:5], "|")+"|")
	}
	return rows
}

func compare(before, now exchange) []string {
	var found []string
	differ := func(what, before, now string) {
		if before != now {
			found = append(found, fmt.Sprintf("%s | %s | %s", what, before, now))
		}
	}
	for i := range max(len(before.requests), len(now.requests)) {
		at := func(requests []string) string {
			if i < len(requests) {
				return requests[i]
			}
			return "–"
		}
		differ(fmt.Sprintf("request %d", i+1), at(before.requests), at(now.requests))
		if i < len(before.texts) && i < len(now.texts) {
			differ(fmt.Sprintf("text %d", i+1), before.texts[i], now.texts[i])
		}
	}
	differ("message", before.message, now.message)
	differ("plain_text", before.plain, now.plain)
	differ("delivery_status", before.status, now.status)
	differ("delivery_error", before.errors, now.errors)
	return found
}

func (r recorded) exchange() exchange {
	var e exchange
	for _, s := range r.Sent {
		e.add(s.Path, s.Body)
	}
	e.message, e.plain, e.status, e.errors = "none", "none", "none", "none"
	for _, row := range r.Rows {
		e.message, e.plain, e.status, e.errors = "`"+text(row.Message)+"`", fmt.Sprint(row.Plain), row.Status, "no"
		if row.Error != nil {
			e.errors = "yes"
		}
	}
	return e
}

var durations = regexp.MustCompile(`\d+\.\ds`)

// text is a message as it can be compared: without durations, and without what
// montimer adds.
func text(message string) string {
	message, _, _ = strings.Cut(message, "\n\n")
	return strings.ReplaceAll(durations.ReplaceAllString(message, "N.Ns"), "\n", "⏎")
}

func (e *exchange) add(path string, body map[string]any) {
	request := "`" + path
	for _, key := range slices.Sorted(maps.Keys(body)) {
		if key != "text" {
			request += fmt.Sprintf(" %s=%v", key, body[key])
		}
	}
	e.requests = append(e.requests, request+"`")
	e.texts = append(e.texts, text(body["text"].(string)))
}

// replay lets a failing run be told of as in the recorded one.
func replay(t *testing.T, r recorded) exchange {
	var mu sync.Mutex
	var now exchange
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		raw, _ := io.ReadAll(q.Body)
		var body map[string]any
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Error(err)
		}
		markdown := body["parse_mode"] != nil
		mu.Lock()
		now.add(q.URL.Path, body)
		mu.Unlock()
		answer(w, q, r.Mode, markdown)
	}))
	defer server.Close()
	base := server.URL
	if r.Case == "telegram refused" {
		base = "http://127.0.0.1:9"
	}
	bot, err := telegram.New(base)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	run := failing("one", 0)
	run.Tasks = []montimer.TaskRun{{Name: "one", Status: montimer.TaskFailed, ExitCode: 7, Attempts: 1}}
	run.State = montimer.RunFailed
	alert := author.Run(run, Incident{})
	if err := s.Finish(t.Context(), run, alert); err != nil {
		t.Fatal(err)
	}
	n := notifier(t, outbox{s}, bot, func(name string) string { return r.Env[name] })
	if err := n.Tell(ctx, *alert); err != nil && !errors.Is(err, ErrDebug) && !errors.Is(err, ErrNoRoute) && !errors.Is(err, ErrNoToken) {
		t.Fatal(err)
	}
	row := oneRow(t, dir)
	for _, sent := range now.texts {
		if sent != text(row[0]) {
			t.Errorf("sent %q, recorded %q", sent, row[0])
		}
	}
	now.message, now.plain, now.status, now.errors = "`"+text(row[0])+"`", row[1], row[2], row[3]
	return now
}

// answer answers as the recorded Bot API did.
func answer(w http.ResponseWriter, q *http.Request, mode string, markdown bool) {
	say := func(status int, body string) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
	switch mode {
	case "ok":
		say(200, `{"ok": true, "result": {}}`)
	case "parse":
		if !markdown {
			say(200, `{"ok": true}`)
			return
		}
		say(400, `{"ok": false, "error_code": 400, "description": "Bad Request: can't parse entities: Can't find end"}`)
	case "429":
		say(429, `{"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 3", "parameters": {"retry_after": 3}}`)
	case "500":
		say(500, `{"ok": false}`)
	case "201":
		say(201, `{"ok": true}`)
	case "hang":
		<-q.Context().Done()
	default:
		panic("mode " + mode)
	}
}

// oneRow returns the only row of alert_events, as another program reads it.
func oneRow(t *testing.T, dir string) (row [4]string) {
	t.Helper()
	db, err := sql.Open("sqlite", dir+"/"+store.FileName)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRow(`
		SELECT max(message), max(plain_text), max(delivery_status), iif(max(delivery_error) IS NULL, 'no', 'yes')
		FROM alert_events HAVING count(*) = 1`).Scan(&row[0], &row[1], &row[2], &row[3])
	if err != nil {
		t.Fatal(err)
	}
	return row
}
