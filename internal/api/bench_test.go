package api

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/testenv"
)

const serveEnv = "MONTIMER_TEST_API"

// TestMain lets the test binary serve the alerts of a directory, as a process whose
// CPU time can be measured.
func TestMain(m *testing.M) {
	dir := os.Getenv(serveEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Println(listener.Addr().(*net.TCPAddr).Port)
		err = http.Serve(listener, New(Sources{Events: store.NewEvents(dir, "")}))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// BenchmarkPeers measures this API and a stand-in for the one before montimer, each
// as a process of its own over the same alerts, in turn: requests a second and CPU
// time by /proc/PID/stat. deploy/bench-api.sh runs it with a million alerts.
func BenchmarkPeers(b *testing.B) {
	rows, _ := strconv.Atoi(os.Getenv("ALERTS"))
	rounds, _ := strconv.Atoi(os.Getenv("ROUNDS"))
	rows, rounds = max(rows, 20_000), max(rounds, 1)
	interpreter := testenv.Python(b, "sqlite3")
	dir, oldDir := b.TempDir(), b.TempDir()
	old := filepath.Join(oldDir, store.FileName)
	manyAlerts(b, old, rows)
	if out, err := exec.Command("cp", old, filepath.Join(dir, store.FileName)).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	s, err := store.Open(b.Context(), dir, store.Options{})
	if err == nil {
		err = errors.Join(s.Init(b.Context()), s.Close())
	}
	if err != nil {
		b.Fatal(err)
	}
	self := exec.Command("/proc/self/exe")
	self.Env = append(os.Environ(), serveEnv+"="+dir)
	ours, python := start(b, self), start(b, exec.Command(interpreter, "testdata/standin.py", old))
	month := fmt.Sprintf("/v1/alerts?from=%s&to=%s", alertTime(rows/2).Format(time.RFC3339), alertTime(rows/2+30*24*60).Format(time.RFC3339))
	for _, c := range []struct {
		name, target string
		peer         bool
	}{
		{"page", "/v1/alerts?limit=100", true},
		{"cursor in the middle", fmt.Sprintf("/v1/alerts?limit=100&cursor=%d", rows/2), true},
		{"protocol and severity", "/v1/alerts?limit=100&protocol=protocol07&severity=CRITICAL", true},
		{"a month in the middle", month, true},
		{"a month up to now", fmt.Sprintf("/v1/alerts?from=%s", alertTime(rows-30*24*60).Format(time.RFC3339)), true},
		{"channel, rare", "/v1/alerts?channel=errors&protocol=protocol03", false},
		{"not delivered", "/v1/alerts?delivery_status=failed", false},
		{"one protocol, newest", "/v1/alerts?protocol=protocol07&limit=1", true},
		{"latest of 25 protocols", "/v1/alerts/latest", false},
	} {
		var of, peer []load
		for range rounds {
			of = append(of, ours.load(b, c.target))
			if c.peer {
				peer = append(peer, python.load(b, c.target))
			}
		}
		line := fmt.Sprintf("%-24s %s", c.name, middle(of))
		if c.peer {
			line += fmt.Sprintf("   stand-in %s   × %.1f rps, × %.1f CPU", middle(peer), middle(of).rps/middle(peer).rps, middle(peer).cpu/middle(of).cpu)
		}
		fmt.Println(line)
	}
	fmt.Printf("%-24s %.1f MiB   stand-in %.1f MiB\n", "most memory (VmHWM)", ours.memory(b), python.memory(b))
	for b.Loop() {
	}
}

// alertTime is when the i-th alert was made, one a minute.
func alertTime(i int) time.Time {
	return time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Minute)
}

// manyAlerts makes a database as the tasks do, with alerts of 25 protocols up to now.
func manyAlerts(b *testing.B, path string, rows int) {
	b.Helper()
	shared, err := os.ReadFile("../store/schema/shared.sql")
	if err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, text := range []string{"PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF", string(shared), fmt.Sprintf(`
		WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d - 1)
		INSERT INTO alert_events (created_at, source, protocol, channel, severity, message, plain_text, silent, delivery_status, delivered_at, metadata_json)
		SELECT strftime('%%Y-%%m-%%dT%%H:%%M:%%S', %d + i * 60, 'unixepoch') || '.' || printf('%%06d', i %% 1000000) || 'Z',
			CASE i %% 5 WHEN 0 THEN 'crash' ELSE 'protocol' END, printf('protocol%%02d', i * 7919 %% 25), CASE i %% 97 WHEN 0 THEN 'errors' ELSE 'pegs' END,
			CASE i / 3 %% 5 WHEN 0 THEN NULL WHEN 1 THEN 'LOW' WHEN 2 THEN 'MEDIUM' WHEN 3 THEN 'HIGH' ELSE 'CRITICAL' END,
			'*Alert ' || i || '* [position](https://example.org/0x' || printf('%%040x', i * 7919) || ') ' || char(128680) || ' the rate of a vault has changed by 1.234567 percent since the last run of the task',
			i %% 2, 0, CASE i %% 101 WHEN 0 THEN 'failed' ELSE 'delivered' END, NULL, '{"block": ' || i || ', "change": 1.5, "vault": "0x' || printf('%%040x', i) || '"}'
		FROM n`, rows, alertTime(0).Unix()), "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := db.Exec(text); err != nil {
			b.Fatalf("%.60s: %v", text, err)
		}
	}
}

// peer is a server that is a process.
type peer struct {
	address string
	pid     int
}

func start(b *testing.B, cmd *exec.Cmd) peer {
	b.Helper()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return peer{"127.0.0.1:" + strings.TrimSpace(port), cmd.Process.Pid}
}

// load is what a server did: requests a second, and CPU time of a request in µs.
type load struct{ rps, cpu float64 }

func (l load) String() string { return fmt.Sprintf("%7.0f/s %8.0f µs", l.rps, l.cpu) }

// middle returns the medians.
func middle(all []load) load {
	rps, cpu := make([]float64, len(all)), make([]float64, len(all))
	for i, l := range all {
		rps[i], cpu[i] = l.rps, l.cpu
	}
	slices.Sort(rps)
	slices.Sort(cpu)
	return load{rps[len(rps)/2], cpu[len(cpu)/2]}
}

// load asks a server for two seconds with four clients, and at least 40 times.
func (p peer) load(b *testing.B, target string) load {
	b.Helper()
	const clients, least = 4, 40
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	get := func() {
		r, err := client.Get("http://" + p.address + target)
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
			r.Body.Close()
		}
		if err != nil || r.StatusCode != http.StatusOK {
			b.Error(target, r, err)
		}
	}
	get() // what it keeps
	var n atomic.Int64
	before, began := p.cpu(b), time.Now()
	ctx, cancel := context.WithTimeout(b.Context(), 2*time.Second)
	defer cancel()
	done := make(chan struct{})
	for range clients {
		go func() {
			for ctx.Err() == nil || n.Load() < least {
				get()
				n.Add(1)
			}
			done <- struct{}{}
		}()
	}
	for range clients {
		<-done
	}
	took := time.Since(began).Seconds()
	return load{float64(n.Load()) / took, (p.cpu(b) - before) * 1e6 / float64(n.Load())}
}

// cpu returns the CPU time of the process so far, in seconds (proc(5): utime and
// stime, in ticks of 1/100 s).
func (p peer) cpu(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text)[strings.LastIndexByte(string(text), ')')+1:])
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return float64(user+system) / 100
}

// memory returns the largest resident size so far, in MiB.
func (p peer) memory(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	size, _ := strconv.Atoi(strings.Fields(rest)[0])
	return float64(size) / 1024
}

// BenchmarkPage is a page without a connection.
func BenchmarkPage(b *testing.B) {
	dir := b.TempDir()
	manyAlerts(b, filepath.Join(dir, store.FileName), 20_000)
	s, err := store.Open(b.Context(), dir, store.Options{})
	if err == nil {
		err = errors.Join(s.Init(b.Context()), s.Close())
	}
	if err != nil {
		b.Fatal(err)
	}
	handler := New(Sources{Events: events(b, dir)})
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		ctx, cancel := context.WithCancel(b.Context())
		handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/v1/alerts?limit=100", nil))
		cancel()
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
