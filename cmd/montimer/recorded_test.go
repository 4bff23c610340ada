package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/testenv"
)

// recorded is a run of the old runner: how a Bot API answered it, what it sent
// and which rows it wrote.
type recorded struct {
	Case string
	Argv []string
	Mode string
	Env  map[string]string
	RC   int
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
	code           string   // exit code; "": killed, since it would go on trying
	requests       []string // path and body without the text
	texts          []string // of the requests
	message, plain string
	status, errors string
}

// TestRecorded does each recorded run again, with the tasks that it had. It may
// differ in what the last table of docs/telegram.md says, and must.
func TestRecorded(t *testing.T) {
	t.Parallel()
	path := testenv.PathFor(t, nobody, "python3")
	data, err := os.ReadFile("testdata/recorded/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []recorded
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	binary := build(t)
	var mu sync.Mutex
	differ := map[string][]string{}
	t.Run("run", func(t *testing.T) {
		for _, r := range all {
			t.Run(r.Case, func(t *testing.T) {
				t.Parallel()
				found := differences(r.exchange(), replay(t, binary, path, r))
				mu.Lock()
				defer mu.Unlock()
				differ[r.Case] = found
			})
		}
	})
	var got []string
	for _, r := range all {
		for _, d := range differ[r.Case] {
			got = append(got, fmt.Sprintf("| %s | %s |", r.Case, d))
		}
	}
	if diff := cmp.Diff(documented(t), got); diff != "" {
		t.Errorf("the differences are not those in docs/telegram.md:\n%s\nbut\n%s", diff, strings.Join(got, "\n"))
	}
}

// documented returns the rows of the last table, without the reason.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/telegram.md")
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

func differences(before, now exchange) []string {
	var found []string
	differ := func(what, before, now string) {
		if before != now {
			found = append(found, fmt.Sprintf("%s | %s | %s", what, before, now))
		}
	}
	if now.code != "" {
		differ("exit code", before.code, now.code)
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
	e := exchange{code: fmt.Sprint(r.RC)}
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

// nobody is the user that runs what root may not.
const nobody = 65534

// replay runs montimer as the old runner was run. One that makes no progress is
// killed: it would go on trying for half a minute.
func replay(t *testing.T, binary, path string, r recorded) exchange {
	var mu sync.Mutex
	var now exchange
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
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
		if r.Mode == "hang" {
			stop()
		}
		answer(w, q, r.Mode, markdown)
	}))
	defer server.Close()

	dir := copyForAll(t, "testdata/recorded")
	stateDir := filepath.Join(dir, "state")
	cmd := exec.CommandContext(ctx, binary, append([]string{"exec", "--notify"}, r.Argv[1:]...)...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + path, "HOME=" + dir, "MONTIMER_CHECKOUT=" + dir, "MONTIMER_STATE_DIR=" + stateDir,
		"MONTIMER_JOBS=" + filepath.Join(dir, "automation/jobs.yaml"), "TELEGRAM_API_BASE=" + server.URL}
	if r.Case == "telegram refused" {
		cmd.Env = append(cmd.Env, "TELEGRAM_API_BASE=http://127.0.0.1:9")
	}
	for name, value := range r.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if host.IsRoot() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	cmd.Stderr = &watched{t: t, text: "next attempt in", found: stop}
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &ended):
		t.Fatal(err)
	case ctx.Err() == nil:
		now.code = fmt.Sprint(cmd.ProcessState.ExitCode())
	}

	row, ok := oneRow(t, stateDir)
	for _, sent := range now.texts {
		if sent != text(row[0]) {
			t.Errorf("sent %q, recorded %q", sent, row[0])
		}
	}
	now.message, now.plain, now.status, now.errors = "none", "none", "none", "none"
	if ok {
		now.message, now.plain, now.status, now.errors = "`"+text(row[0])+"`", row[1], row[2], row[3]
	}
	return now
}

// watched is a log that calls found once a line holds the text.
type watched struct {
	t     *testing.T
	text  string
	found func()
	all   io.Writer // takes the log, too, where it is not nil
}

func (w *watched) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	if w.all != nil {
		w.all.Write(p)
	}
	if strings.Contains(string(p), w.text) {
		w.found()
	}
	return len(p), nil
}

// copyForAll copies a folder to where the user nobody can use it.
func copyForAll(t *testing.T, from string) string {
	t.Helper()
	dir := dirForAll(t)
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if host.IsRoot() {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	return dir
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

// oneRow returns the only row of alert_events, as another program reads it;
// ok is false where there is none.
func oneRow(t *testing.T, stateDir string) (row [4]string, ok bool) {
	t.Helper()
	path := filepath.Join(stateDir, store.FileName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return row, false
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var count int
	err = db.QueryRow(`
		SELECT count(*), coalesce(max(message), ''), coalesce(max(plain_text), ''), coalesce(max(delivery_status), ''),
			iif(max(delivery_error) IS NULL, 'no', 'yes')
		FROM alert_events`).Scan(&count, &row[0], &row[1], &row[2], &row[3])
	if err != nil || count > 1 {
		t.Fatalf("%d rows, %v", count, err)
	}
	return row, count == 1
}

// dirForAll is a t.TempDir that every user can enter. It takes no folder of the
// caller: the parent of another one could be the system's temporary directory,
// which must keep its mode.
func dirForAll(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, path := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for above := dir; above != "/"; above = filepath.Dir(above) {
		info, err := os.Stat(above)
		if err != nil {
			t.Fatal(err)
		}
		testenv.Require(t, os.Geteuid() != 0 || info.Mode()&1 != 0, "other users cannot enter "+above+": set TMPDIR")
	}
	return dir
}
