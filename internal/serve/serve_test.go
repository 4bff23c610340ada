package serve

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// echo answers with what a handler was asked.
func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		switch r.URL.Path {
		case "/v1/panic":
			io.WriteString(w, "half of it")
			panic("on purpose")
		case "/v1/large":
			w.Write(bytes.Repeat([]byte("montimer "), 1<<17)) // 1.1 MiB
		case "/v1/medium":
			w.Header().Set("ETag", `"medium"`)
			w.Write(make([]byte, 1<<18))
		case "/v1/huge":
			for range 10 {
				w.Write(make([]byte, 1<<20))
			}
		case "/v1/none":
			http.NotFound(w, r)
		case "/own":
			w.Header().Set("ETag", `"own"`)
			if r.Header.Get("If-None-Match") == `"own"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			io.WriteString(w, strings.Repeat("x", 2000))
		default:
			fmt.Fprintf(w, "%s %s %s", name, r.URL.Path, r.RequestURI)
		}
	})
}

// logged gathers log lines.
type logged struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

func newServer(settings montimer.Serve) (*Server, *logged) {
	var to logged
	return &Server{
		API: echo("api"), Page: echo("page"), Settings: settings, Config: "/etc/montimer/config.yaml", Apply: "montimer apply",
		Log: slog.New(slog.NewTextHandler(&to, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, &to
}

// run starts a server on loopback, and on a Unix socket, until the test ends.
func run(t testing.TB, s *Server, wrap func(net.Listener) net.Listener) (tcp, unix string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unix = filepath.Join(t.TempDir(), "s")
	u, err := net.Listen("unix", unix)
	if err != nil {
		t.Fatal(err)
	}
	tcp = l.Addr().String()
	if wrap != nil {
		l = wrap(l)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, []net.Listener{l, u}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return tcp, unix
}

// raw sends bytes and returns all that comes back until the server closes.
func raw(t testing.TB, network, address, text string) string {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(time.Minute))
	got, err := io.ReadAll(c)
	if os.IsTimeout(err) {
		t.Fatalf("%.200q: the server keeps the connection: %q", text, got)
	}
	return string(got)
}

// get asks once, with headers, and returns status, headers and body.
func get(t testing.TB, network, address, method, target string, headers ...string) (*http.Response, string) {
	t.Helper()
	text := method + " " + target + " HTTP/1.1\r\n"
	if !strings.Contains("\n"+strings.Join(headers, "\n"), "\nHost:") {
		text += "Host: localhost\r\n"
	}
	for _, h := range headers {
		text += h + "\r\n"
	}
	got := raw(t, network, address, text+"Connection: close\r\n\r\n")
	r, err := http.ReadResponse(bufio.NewReader(strings.NewReader(got)), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s %q: %v in %q", method, target, headers, err, got)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return r, string(body)
}

// TestAnswers: who answers what, and what every answer has.
func TestAnswers(t *testing.T) {
	t.Parallel()
	s, said := newServer(montimer.Serve{BasePath: "/jobs"})
	tcp, unix := run(t, s, nil)
	for _, tc := range []struct {
		method, target string
		status         int
		body           string
	}{
		{"GET", "/healthz", 200, "api /healthz /healthz"},
		{"GET", "/v1/alerts?limit=1&a=%20", 200, "api /v1/alerts /v1/alerts?limit=1&a=%20"},
		{"GET", "/", 200, "page / /"},
		{"GET", "/runs/0a?x=1", 200, "page /runs/0a /runs/0a?x=1"},
		{"GET", "/profiles/p", 200, "page /profiles/p /profiles/p"},
		{"GET", "/alerts", 200, "page /alerts /alerts"},
		{"GET", "/alerts/", 200, "api /alerts/ /alerts/"},
		{"GET", "/assets/style.css", 200, "page /assets/style.css /assets/style.css"},
		{"GET", "/jobs", 200, "page / /"},
		{"GET", "/jobs/", 200, "page / /"},
		{"GET", "/jobs/runs/a%2Fb?c", 200, "page /runs/a/b /runs/a%2Fb?c"},
		{"GET", "/jobs/v1/alerts?limit=1", 200, "api /v1/alerts /v1/alerts?limit=1"},
		{"GET", "/jobsite", 200, "api /jobsite /jobsite"},
		{"GET", "/v1/none", 404, "404 page not found\n"},
		{"HEAD", "/v1/alerts", 200, ""},
		{"POST", "/v1/alerts", 405, `{"error":"method_not_allowed","message":"only GET is supported"}`},
		{"PUT", "/x", 405, `{"error":"method_not_allowed","message":"only GET is supported"}`},
		{"PATCH", "/", 405, `{"error":"method_not_allowed","message":"only GET is supported"}`},
		{"DELETE", "/healthz", 405, `{"error":"method_not_allowed","message":"only GET is supported"}`},
		{"OPTIONS", "/", 501, `{"error":"not_implemented","message":"only GET is supported"}`},
		{"TRACE", "/", 501, `{"error":"not_implemented","message":"only GET is supported"}`},
		{"get", "/", 501, `{"error":"not_implemented","message":"only GET is supported"}`},
		{"PROPFIND", "/", 501, `{"error":"not_implemented","message":"only GET is supported"}`},
		{"GET", "/v1/panic", 500, `{"error":"server_error","message":"unexpected server error"}`},
		{"GET", "/v1/huge", 500, `{"error":"server_error","message":"the answer is too large: ask for less at once"}`},
	} {
		for network, address := range map[string]string{"tcp": tcp, "unix": unix} {
			r, body := get(t, network, address, tc.method, tc.target)
			if r.StatusCode != tc.status || body != tc.body {
				t.Errorf("%s %s %s: %d %q, want %d %q", network, tc.method, tc.target, r.StatusCode, body, tc.status, tc.body)
			}
			for name, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
				"Referrer-Policy":         "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
				"Access-Control-Allow-Origin": "", "Allow": "", "Server": "",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s %s: %s: %q", tc.method, tc.target, name, got)
				}
			}
			if tc.method == "HEAD" && r.ContentLength != int64(len("api /v1/alerts /v1/alerts")) {
				t.Errorf("HEAD says %d bytes", r.ContentLength)
			}
		}
	}
	for target, want := range map[string]string{
		"/favicon.ico": "page", "/alerts/": "page", "/jobs/x": "page", "/v1/none/such": "api", "/metrics": "api", "/healthz": "api", "/openapi.json": "api",
	} {
		r, body := get(t, "tcp", tcp, "GET", target, "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
		if r.StatusCode != 200 || !strings.HasPrefix(body, want+" ") {
			t.Errorf("a browser asks for %s: %d %q, want the %s", target, r.StatusCode, body, want)
		}
	}
	log := said.String()
	for _, line := range []string{
		`level=DEBUG msg="127.0.0.1 - \"GET /healthz HTTP/1.1\" 200 `, `level=INFO msg="127.0.0.1 - \"POST /v1/alerts HTTP/1.1\" 405 `,
		`level=WARN msg="unix - \"GET /v1/panic HTTP/1.1\" 500 `, `level=ERROR msg="answer GET \"/v1/panic\": on purpose"`,
	} {
		if !strings.Contains(log, line) {
			t.Errorf("the log has no %s", line)
		}
	}
	if strings.Contains(log, "limit=1") {
		t.Error("the log has queries")
	}
}

// TestETag: an answer that a client has is not sent again, compressed or not.
func TestETag(t *testing.T) {
	t.Parallel()
	s, _ := newServer(montimer.Serve{})
	tcp, _ := run(t, s, nil)
	ask := func(target string, headers ...string) (*http.Response, string) {
		return get(t, "tcp", tcp, "GET", target, headers...)
	}
	plain, body := ask("/v1/large")
	etag := plain.Header.Get("ETag")
	if len(etag) != 34 || plain.Header.Get("Vary") != "Accept-Encoding" || plain.ContentLength != int64(len(body)) {
		t.Fatalf("%v", plain.Header)
	}
	squeezed, packed := ask("/v1/large", "Accept-Encoding: br, gzip;q=0.5")
	z, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(z); err != nil || string(text) != body || len(packed) > len(body)/10 {
		t.Errorf("%d bytes are %d compressed, %v", len(text), len(packed), err)
	}
	gzipped := squeezed.Header.Get("ETag")
	if gzipped != etag[:33]+`-gzip"` || squeezed.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%v", squeezed.Header)
	}
	for _, tc := range []struct {
		target, given, accept, want string
		status                      int
	}{
		{"/v1/large", etag, "", etag, 304},
		{"/v1/large", `"other", W/` + etag, "", etag, 304},
		{"/v1/large", gzipped, "gzip", gzipped, 304},
		{"/v1/large", "*", "", etag, 304},
		{"/v1/large", `"other"`, "", etag, 200},
		{"/v1/large", `"other"`, "gzip;q=0", etag, 200},
		{"/v1/large", `"other"`, "identity", etag, 200},
		{"/v1/large", `"other"`, "*", gzipped, 200},
		{"/own", `"own"`, "", `"own"`, 304},
		{"/own", `"own-gzip"`, "gzip", `"own-gzip"`, 304},
		{"/own", `"x"`, "gzip", `"own-gzip"`, 200},
		{"/v1/none", "*", "", "", 404},
	} {
		r, body := ask(tc.target, "If-None-Match: "+tc.given, "Accept-Encoding: "+tc.accept)
		if r.StatusCode != tc.status || r.Header.Get("ETag") != tc.want || (r.StatusCode == 304) != (body == "") {
			t.Errorf("%+v: %d, %s, %d bytes", tc, r.StatusCode, r.Header.Get("ETag"), len(body))
		}
	}
}

// TestHosts: a name that this machine is not known by is refused, and the refusal
// says what to do.
func TestHosts(t *testing.T) {
	t.Parallel()
	s, _ := newServer(montimer.Serve{Hosts: []string{"status.example.org"}, PublicURL: "https://Public.example.org:8443/x"})
	tcp, unix := run(t, s, nil)
	for _, tc := range []struct {
		host string
		ok   bool
	}{
		{"localhost", true}, {"LOCALHOST:80", true}, {"localhost.", true}, {"127.0.0.1:8923", true}, {"127.1.2.3", true}, {"[::1]:80", true}, {"[::1]", true},
		{"status.example.org", true}, {"Status.Example.Org.:443", true}, {"public.example.org:8443", true}, {"[::ffff:127.0.0.1]", true},
		{"", false}, {"evil.example", false}, {"status.example.org.evil.example", false}, {"localhost.evil.example", false}, {"10.0.0.1", false},
		{"127.0.0.1.evil.example", false}, {"localhost@evil.example", false}, {"localhost:80@evil.example", false}, {"evil.example#localhost", false},
		{"*.example.org", false}, {"0.0.0.0", false}, {"[::]", false}, {"2130706433", false}, {"0x7f.1", false}, {"localhost:evil", false},
		{"localhost,evil.example", false}, {"status.example.org\tx", false}, {"\x80", false},
	} {
		for network, address := range map[string]string{"tcp": tcp, "unix": unix} {
			r, body := get(t, network, address, "GET", "/v1/alerts", "Host: "+tc.host)
			if tc.ok != (r.StatusCode == 200) || !tc.ok && r.StatusCode != 421 && r.StatusCode != 400 {
				t.Errorf("%s, Host %q: %d %s", network, tc.host, r.StatusCode, body)
			}
		}
	}
	_, body := get(t, "tcp", tcp, "GET", "/", `Host: a"b.example`)
	if !strings.Contains(body, "400") && !strings.Contains(body, `add that name to serve: {hosts: [...]} in /etc/montimer/config.yaml, then run montimer apply`) {
		t.Error(body)
	}
	_, body = get(t, "tcp", tcp, "GET", "/", "Host: evil.example:80")
	if want := `{"error":"misdirected_request","message":"this server is not known as \"evil.example\": add that name to serve: {hosts: [...]} in /etc/montimer/config.yaml, then run montimer apply"}`; body != want {
		t.Errorf("%s", body)
	}
	// A target with a host of its own wins over the header (RFC 9112, section 3.2.2).
	if r, _ := get(t, "tcp", tcp, "GET", "http://evil.example/v1/alerts"); r.StatusCode != 421 {
		t.Error(r.Status)
	}
	if r, _ := get(t, "tcp", tcp, "GET", "/v1/alerts", "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example", "X-Forwarded-For: 1.2.3.4"); r.StatusCode != 200 {
		t.Error("forwarded headers are looked at:", r.Status)
	}
	if got := raw(t, "tcp", tcp, "GET /healthz HTTP/1.0\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.0 200 ") {
		t.Errorf("HTTP/1.0 without Host: %q", got)
	}
}

// TestShapes: requests that others would take apart otherwise are refused or end the
// connection: nothing that follows on it is taken for another request.
func TestShapes(t *testing.T) {
	t.Parallel()
	s, _ := newServer(montimer.Serve{})
	tcp, _ := run(t, s, nil)
	second := "GET /second HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	for name, text := range map[string]string{
		"a body":                    "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello" + second,
		"a body that is a request":  "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + fmt.Sprint(len(second)) + "\r\n\r\n" + second + second,
		"two lengths":               "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n" + second,
		"a length and chunks":       "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"chunks":                    "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"an unknown coding":         "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n" + second,
		"a hidden coding":           "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + second,
		"a coding after a tab":      "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + second,
		"a negative length":         "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n" + second,
		"a length with a sign":      "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n\r\nhello" + second,
		"a body of a POST":          "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello" + second,
		"a POST that waits":         "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n" + second,
		"two hosts":                 "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n" + second,
		"a blank in a name":         "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n" + second,
		"no host":                   "GET / HTTP/1.1\r\n\r\n",
		"NUL in a header":           "GET / HTTP/1.1\r\nHost: localhost\r\nA: \x00\r\n\r\n" + second,
		"HTTP/2":                    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"HTTP/9":                    "GET / HTTP/9.1\r\nHost: localhost\r\n\r\n" + second,
		"no HTTP":                   "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
		"a question to the server":  "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n" + second,
		"a tunnel":                  "CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n" + second,
		"a very long line":          "GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a very long header":        "GET / HTTP/1.1\r\nHost: localhost\r\nA: " + strings.Repeat("a", 64<<10) + "\r\n\r\n",
		"very many headers":         "GET / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("A: b\r\n", 10<<10) + "\r\n",
		"an upgrade with a body":    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx" + second,
		"a target without a slash":  "GET second HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a body of very many bytes": "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n" + strings.Repeat("a", 100<<10),
	} {
		c, err := net.Dial("tcp", tcp)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, text) // the server may end it before
		c.SetReadDeadline(time.Now().Add(time.Minute))
		got, err := io.ReadAll(c)
		if os.IsTimeout(err) {
			t.Errorf("%s: the connection stays: %q", name, got)
		}
		c.Close()
		if n := bytes.Count(got, []byte("HTTP/1.")); n > 1 || bytes.Contains(got, []byte("second")) || bytes.Contains(got, []byte(" 200 ")) || bytes.Contains(got, []byte(" 100 ")) {
			t.Errorf("%s: %d answers: %q", name, n, got)
		}
	}
}

// listenerAt passes for one at another address.
type listenerAt struct {
	net.Listener
	at net.Addr
}

func (l listenerAt) Addr() net.Addr { return l.at }

func everywhere(l net.Listener) net.Listener {
	return listenerAt{l, &net.TCPAddr{IP: net.IPv4zero, Port: 8923}}
}

// TestTokens: where others than this machine can ask, nothing but /healthz is
// answered by TCP without a token, whatever is wrong with the list of tokens.
func TestTokens(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tokens")
	const one, two = "0123456789abcdef", "another-token-of-32-characters.."
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file+".new", mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	s, said := newServer(montimer.Serve{TokenFile: file, BasePath: "/jobs"})
	tcp, unix := run(t, s, everywhere)
	ask := func(target string, headers ...string) (int, string, http.Header) {
		t.Helper()
		r, body := get(t, "tcp", tcp, "GET", target, headers...)
		return r.StatusCode, body, r.Header
	}
	for what, plant := range map[string]func(){
		"missing":           func() { os.Remove(file) },
		"empty":             func() { write("", 0o600) },
		"only comments":     func() { write("# none yet\n\n \n", 0o600) },
		"readable by all":   func() { write(one+"\n", 0o644) },
		"writable by all":   func() { write(one+"\n", 0o602) },
		"a token too short": func() { write(one+"\nshort\n", 0o600) },
		"a blank in one":    func() { write("0123456789 abcdef\n", 0o600) },
		"too large":         func() { write(strings.Repeat(one+"\n", 10000), 0o600) },
		"a directory":       func() { os.Remove(file); os.Mkdir(file, 0o700) },
	} {
		os.Remove(file)
		plant()
		for _, target := range []string{"/", "/v1/alerts", "/metrics", "/runs/x", "/assets/a.css", "/healthz/", "/healthz;x", "//healthz", "/jobs/", "/jobs"} {
			for _, header := range []string{"A: b", "Authorization: Bearer " + one, "Authorization: Bearer ", "Authorization: Basic Og=="} {
				if status, body, _ := ask(target, header); status != 503 || strings.Contains(body, file) {
					t.Errorf("%s: %s %s: %d %s", what, target, header, status, body)
				}
			}
		}
		if status, _, _ := ask("/healthz"); status != 200 {
			t.Errorf("%s: /healthz: %d", what, status)
		}
		if r, _ := get(t, "unix", unix, "GET", "/"); r.StatusCode != 200 {
			t.Errorf("%s: the Unix socket: %s", what, r.Status)
		}
	}
	os.Remove(file)
	write("# two of them\n"+one+"\n  "+two+"  \n", 0o640)
	for header, want := range map[string]int{
		"Authorization: Bearer " + one:                                 200,
		"authorization: bearer  " + two:                                200,
		"Authorization: Basic YW55Ym9keTowMTIzNDU2Nzg5YWJjZGVm":        200, // anybody:0123456789abcdef
		"Authorization: Basic OjAxMjM0NTY3ODlhYmNkZWY=":                200, // no name
		"Authorization: Basic MDEyMzQ1Njc4OWFiY2RlZjo=":                401, // the token as the name
		"Authorization: Bearer " + one + "\r\nAuthorization: Bearer x": 200,
		"Authorization: Bearer x\r\nAuthorization: Bearer " + one:      401,
		"A: b":                                  401,
		"Authorization: Bearer":                 401,
		"Authorization: Bearer ":                401,
		"Authorization: Bearer # two of them":   401,
		"Authorization: Bearer 0123456789abcde": 401,
		"Authorization: Bearer " + one + two:    401,
		"Authorization: Digest " + one:          401,
		"Authorization: " + one:                 401,
		"Cookie: token=" + one:                  401,
	} {
		status, body, h := ask("/v1/alerts?token="+one, header)
		if status != want || want == 401 && len(h.Values("WWW-Authenticate")) != 2 {
			t.Errorf("%s: %d %s %v", header, status, body, h)
		}
	}
	for target, want := range map[string]int{"/healthz": 200, "/jobs/healthz": 200, "/jobs/jobs/healthz": 401} {
		if status, _, _ := ask(target); status != want {
			t.Errorf("%s: %d", target, status)
		}
	}
	write(two+"\n", 0o600) // one token is taken back
	if status, _, _ := ask("/", "Authorization: Bearer "+one); status != 401 {
		t.Errorf("a token that was taken back: %d", status)
	}
	if log := said.String(); strings.Contains(log, one) || strings.Contains(log, two) {
		t.Error("the log has a token")
	}
}

// TestLoopback: on this machine alone no token is needed, unless there is a list.
func TestLoopback(t *testing.T) {
	t.Parallel()
	s, _ := newServer(montimer.Serve{})
	tcp, _ := run(t, s, nil)
	if r, _ := get(t, "tcp", tcp, "GET", "/"); r.StatusCode != 200 {
		t.Error(r.Status)
	}
	s, _ = newServer(montimer.Serve{})
	tcp, _ = run(t, s, everywhere)
	if r, _ := get(t, "tcp", tcp, "GET", "/"); r.StatusCode != 503 {
		t.Error("reachable from other machines without a list:", r.Status)
	}
	s, _ = newServer(montimer.Serve{TokenFile: "/nowhere"})
	tcp, _ = run(t, s, nil)
	if r, _ := get(t, "tcp", tcp, "GET", "/"); r.StatusCode != 503 {
		t.Error("a list that is missing:", r.Status)
	}
}

// TestAddress: by hand, the variables of the Python program say where to listen.
func TestAddress(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		settings, host, port string // "-": not set
		want                 string
	}{
		{"", "-", "-", "127.0.0.1:8923"},
		{"[::1]:80", "-", "-", "[::1]:80"},
		{"[::1]:80", "127.0.0.2", "-", "127.0.0.2:80"},
		{"", "::1", "1", "[::1]:1"},
		{"", "localhost", "65535", "localhost:65535"},
		{"", "-", "", `MONITORING_API_PORT: "" is not a port: write a number from 1 to 65535`},
		{"", "-", "http", `MONITORING_API_PORT: "http" is not a port`},
		{"", "-", "0", "MONITORING_API_PORT"}, {"", "-", "65536", "MONITORING_API_PORT"}, {"", "-", "-1", "MONITORING_API_PORT"}, {"", "-", " 80", "MONITORING_API_PORT"},
		{"", "", "-", `MONITORING_API_HOST: "" is not an IP address: write one such as 127.0.0.1`},
		{"", "evil example", "-", "MONITORING_API_HOST"},
	} {
		got, err := address(montimer.Serve{Listen: tc.settings}, func(name string) (string, bool) {
			value := map[string]string{"MONITORING_API_HOST": tc.host, "MONITORING_API_PORT": tc.port}[name]
			return value, value != "-"
		})
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, tc.want) {
			t.Errorf("%+v: %s", tc, got)
		}
	}
	l, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := listen(l.Addr().String()); err == nil || !strings.Contains(err.Error(), "address already in use: ss -ltnp shows the program") {
		t.Error(err)
	}
}
