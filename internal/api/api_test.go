package api

import (
	"bufio"
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

// TestExchanges: whoever asks gets the bytes that the API before montimer sent.
func TestExchanges(t *testing.T) {
	t.Parallel()
	address := serve(t, Sources{Events: events(t, python(t))})
	for _, e := range lines[exchange](t, "testdata/exchanges.jsonl") {
		if e.State != "" || e.Body == "" || strings.HasPrefix(e.Target, "/v1/protocols") || strings.HasPrefix(e.Target, "/v1/monitoring") {
			continue
		}
		r, body := ask(t, address, e.Method, e.Target)
		if r.StatusCode != e.Status {
			t.Errorf("%s %.100s: status %d, want %d", e.Method, e.Target, r.StatusCode, e.Status)
		}
		if diff := cmp.Diff(e.Body, body); diff != "" {
			t.Errorf("%s %.100s: (-want +got)\n%s", e.Method, e.Target, diff)
		}
		if got := r.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s %.100s: Content-Type %q", e.Method, e.Target, got)
		}
	}
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
