package api

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/testenv"
)

// pythons is the database of make_py_db.py, which is made once.
var pythons struct {
	sync.Once
	database []byte
}

// python makes the database of a new directory as the tasks do, with 200 alerts.
func python(t testing.TB) (dir string) {
	t.Helper()
	interpreter := testenv.Python(t, "sqlite3")
	pythons.Do(func() {
		path := filepath.Join(t.TempDir(), store.FileName)
		out, err := exec.Command(interpreter, "../store/testdata/make_py_db.py", path).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if pythons.database, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	})
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, store.FileName), pythons.database, 0o640); err != nil {
		t.Fatal(err)
	}
	return dir
}

// events reads the alerts of a directory.
func events(t testing.TB, dir string) *store.Events {
	t.Helper()
	e := store.NewEvents(dir, "")
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// serve answers requests on a port of this host, whose address it returns.
func serve(t testing.TB, s Sources) (address string) {
	t.Helper()
	server := httptest.NewServer(New(s))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// ask sends a request line as it is, and returns the answer.
func ask(t testing.TB, address, method, target string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, target); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %.100s: %v", method, target, err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatalf("%s %.100s: %v", method, target, err)
	}
	return r, string(body)
}

// An exchange is one that the API before montimer was recorded at.
type exchange struct {
	Method, Target string
	State          string // what was changed before; "": nothing
	Status         int
	Body           string // "": not JSON, or of an error of the server
}

func lines[T any](t testing.TB, name string) (all []T) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		var one T
		if err := d.Decode(&one); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
}

// checkout reads the checkout of the recorded exchanges, a copy of it in a new
// directory.
func checkout(t testing.TB) *look.Reader {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/checkout")); err != nil {
		t.Fatal(err)
	}
	return &look.Reader{Host: montimer.Host{Checkout: dir, JobsFile: filepath.Join(dir, "automation/jobs.yaml"), User: "root"}}
}

// states are what was changed before an exchange.
var states = map[string]func(t *testing.T, state, checkout string){
	"":                          func(*testing.T, string, string) {},
	"jobs.yaml missing":         func(t *testing.T, _, c string) { remove(t, c, "automation/jobs.yaml") },
	"jobs.yaml: empty profiles": func(t *testing.T, _, c string) { write(t, c, "automation/jobs.yaml", "profiles: {}\n") },
	"jobs.yaml malformed":       func(t *testing.T, _, c string) { write(t, c, "automation/jobs.yaml", "profiles: [\n") },
	"jobs.yaml: no tasks": func(t *testing.T, _, c string) {
		write(t, c, "automation/jobs.yaml", "profiles: {a: {cron: '5 * * * *'}}\n")
	},
	"monitoring.yaml missing": func(t *testing.T, _, c string) { remove(t, c, "monitoring.yaml") },
	"monitoring.yaml protocol without description": func(t *testing.T, _, c string) {
		write(t, c, "monitoring.yaml", "version: 'x'\nprotocols: {a: {display_name: A, cadence: Hourly, tasks: [], monitors: [{name: a, description: b}]}}\n")
	},
	"row 150 metadata_json is not JSON": func(t *testing.T, s, _ string) {
		change(t, s, "UPDATE alert_events SET metadata_json = '{broken' WHERE id = 150")
	},
	"row 150 metadata has NaN, plain_text=2, severity=odd": func(t *testing.T, s, _ string) {
		change(t, s, `UPDATE alert_events SET metadata_json = '{"n": NaN, "i": Infinity}', plain_text = 2, severity = 'odd' WHERE id = 150`)
	},
}

func remove(t testing.TB, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// change runs SQL on the database of a directory, as a task could.
func change(t testing.TB, dir, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(text); err != nil {
		t.Fatal(err)
	}
}

// TestExchanges: whoever asks gets the bytes that the API before montimer sent.
// What it answered by 500 is better now; docs/api.md has the list.
func TestExchanges(t *testing.T) {
	t.Parallel()
	better := map[string]int{
		"/v1/alerts?cursor=9223372036854775808":              400,
		"/v1/alerts?from=0001-01-01T00:00:00%2B01:00":        400,
		"/v1/alerts?to=9999-12-31T23:59:59-01:00":            400,
		"/v1/alerts/99999999999999999999":                    400,
		"/healthz":                                           405, // OPTIONS, TRACE, get
		"/health z":                                          400,
		"/v1/protocols":                                      500,
		"/v1/monitoring":                                     500,
		"/v1/alerts?cursor=151&limit=1":                      200,
		"/v1/alerts/150":                                     200,
		"/v1/alerts?cursor=151&limit=1 with broken metadata": 200,
	}
	for name, exchanges := range byState(lines[exchange](t, "testdata/exchanges.jsonl")) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, reader := python(t), checkout(t)
			change, known := states[name]
			if !known {
				t.Fatal("unknown state")
			}
			change(t, dir, reader.Host.Checkout)
			address := serve(t, Sources{Events: events(t, dir), Catalog: reader})
			for _, e := range exchanges {
				if e.Body == "" {
					e.Status = better[e.Target]
				}
				if strings.Contains(e.Body, "NaN") {
					e.Body = strings.Replace(e.Body, `{"n":NaN,"i":Infinity}`, `{"n":null,"i":null},"metadata_error":"a number that is not finite is shown as null"`, 1)
				}
				r, body := ask(t, address, e.Method, e.Target)
				if r.StatusCode != e.Status {
					t.Errorf("%s %.100s: status %d, want %d", e.Method, e.Target, r.StatusCode, e.Status)
				}
				if e.Body == "" {
					continue
				}
				if diff := cmp.Diff(e.Body, body); diff != "" {
					t.Errorf("%s %.100s: (-want +got)\n%s", e.Method, e.Target, diff)
				}
				if got := r.Header.Get("Content-Type"); got != "application/json" {
					t.Errorf("%s %.100s: Content-Type %q", e.Method, e.Target, got)
				}
			}
		})
	}
}

func byState(all []exchange) map[string][]exchange {
	of := map[string][]exchange{}
	for _, e := range all {
		of[e.State] = append(of[e.State], e)
	}
	return of
}

// TestTimestamps: the same texts are timestamps as before.
func TestTimestamps(t *testing.T) {
	t.Parallel()
	type golden struct{ In, Out, Error string }
	for _, g := range lines[golden](t, "testdata/timestamps.jsonl") {
		got, err := parseTimestamp(g.In)
		want := map[string]error{"": nil, "naive": errNoZone}
		if wanted, known := want[g.Error]; got != g.Out || known && err != wanted || !known && err != errTimestamp {
			t.Errorf("%q: %q, %v, want %q, %s", g.In, got, err, g.Out, g.Error)
		}
	}
}
