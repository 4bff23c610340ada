package serve

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

// size returns the number for the normal run, or the one for the long run.
func size(sample, soak int) int {
	if testenv.Soak() {
		return soak
	}
	return sample
}

// flood keeps so many connections open: each sends a text, and then nothing more.
// One that the server closes is opened again.
func flood(t *testing.T, address string, n int, text string) (opened *atomic.Int64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if int(limit.Max) < n+2*maxConns+1000 {
		t.Skipf("%d connections need more than %d files", n, limit.Max)
	}
	opened = new(atomic.Int64)
	ctx, cancel := context.WithCancel(context.Background())
	var flooding sync.WaitGroup
	t.Cleanup(func() { cancel(); flooding.Wait() })
	for range n {
		flooding.Go(func() {
			for ctx.Err() == nil {
				c, err := net.Dial("tcp", address)
				if err != nil {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				opened.Add(1)
				io.WriteString(c, text) // it may be closed already
				stop := context.AfterFunc(ctx, func() { c.Close() })
				for err = nil; err == nil && ctx.Err() == nil; { // so slowly that it never takes an answer
					_, err = c.Read(make([]byte, 1))
					select {
					case <-ctx.Done():
					case <-time.After(time.Second):
					}
				}
				stop()
				c.Close()
			}
		})
	}
	for opened.Load() < int64(n) {
		time.Sleep(time.Millisecond)
	}
	return opened
}

// TestFloods: others are answered while very many connections of the same address
// send nothing, half a header, or take no answer; and memory stays bounded.
func TestFloods(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":          "",
		"half a header":    "GET / HTTP/1.1\r\nHost: localhost\r\nA: ",
		"half a long line": "GET /" + strings.Repeat("a", 8<<10),
		"large answers":    "GET /v1/medium HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a body":           "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("a", 4<<10),
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer(montimer.Serve{})
			tcp, _ := run(t, s, nil)
			var before runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			n := size(maxConns+100, 10_000)
			opened := flood(t, tcp, n, text)
			for range 20 {
				if r, body := get(t, "tcp", tcp, "GET", "/v1/alerts"); r.StatusCode != 200 {
					t.Fatalf("another client: %s %s", r.Status, body)
				}
			}
			s.conns.mutex.Lock()
			open, held := len(s.conns.open), s.conns.held
			s.conns.mutex.Unlock()
			var now runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&now)
			t.Logf("%d slow connections (%d opened), %d of them open here with %d bytes to send; the heap of server and clients grew by %d MiB",
				n, opened.Load(), open, held, (int64(now.HeapAlloc)-int64(before.HeapAlloc))>>20)
			if open > maxConns || held > maxHeld {
				t.Errorf("%d connections are open, which hold %d bytes", open, held)
			}
			// The flood, which is in this process, takes up to 20 KiB for each connection.
			if most := uint64(maxHeld + maxConns*64<<10 + n*20<<10 + 64<<20); now.HeapAlloc > before.HeapAlloc+most {
				t.Errorf("the heap has grown by %d MiB", (now.HeapAlloc-before.HeapAlloc)>>20)
			}
		})
	}
}

// TestFair: an address that floods cuts off only itself.
func TestFair(t *testing.T) {
	t.Parallel()
	c := newConns(10, 1000)
	c.dwell = 0
	dial := func(from string) *conn {
		near, far := net.Pipe()
		t.Cleanup(func() { near.Close(); far.Close() })
		return c.add(connFrom{near, &net.TCPAddr{IP: net.ParseIP(from), Port: 1}})
	}
	isOpen := func(n *conn) bool {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		_, open := c.open[n]
		return open
	}
	old := dial("192.0.2.1")
	working := dial("2001:db8::1")
	working.begin()
	var flooding []*conn
	for i := range 50 {
		flooding = append(flooding, dial(fmt.Sprintf("2001:db8::%x", i+2))) // one customer's network
	}
	late := dial("192.0.2.2")
	if !isOpen(old) || !isOpen(late) || !isOpen(working) {
		t.Error("another address, or a request under way, was cut off")
	}
	if isOpen(flooding[42]) || !isOpen(flooding[43]) || !isOpen(flooding[49]) || len(c.open) != 10 {
		t.Error("it is not the one that waited longest")
	}
	// Answers that nobody takes: those of the address with the most of them.
	small, a, b := flooding[49], flooding[48], flooding[47]
	old.hold(300)
	small.hold(10)
	a.hold(600)
	if !isOpen(a) || c.held != 910 {
		t.Error(c.held)
	}
	b.hold(200)
	if isOpen(small) || isOpen(a) || !isOpen(b) || !isOpen(old) || c.held != 500 {
		t.Error("held:", c.held)
	}
	b.end()
	old.end()
	if c.held != 0 {
		t.Error("held:", c.held)
	}
	a.hold(1 << 20) // it is closed already
	if c.held != 0 || len(c.open) != 8 {
		t.Error(c.held, len(c.open))
	}
	// Where all wait for their answers, there is still room for one more.
	for n := range c.open {
		n.begin()
	}
	for range 3 {
		dial("192.0.2.9").begin()
	}
	if len(c.open) != 10 {
		t.Error(len(c.open))
	}
}

type connFrom struct {
	net.Conn
	from net.Addr
}

func (c connFrom) RemoteAddr() net.Addr { return c.from }

// TestIdle: a server that ends when it is idle, and is started again by the next
// connection, loses none: as under systemd, which keeps the socket.
func TestIdle(t *testing.T) {
	t.Parallel()
	kept, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	file, err := kept.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	done := make(chan struct{})
	var starts atomic.Int64
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			l, err := net.FileListener(file)
			if err != nil {
				t.Error(err)
				return
			}
			s, _ := newServer(montimer.Serve{})
			s.Idle = time.Microsecond
			starts.Add(1)
			if err := s.Run(context.Background(), []net.Listener{l}); err != nil {
				t.Error(err)
			}
		}
	})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range size(100, 5000) {
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
				r, err := client.Get("http://" + kept.Addr().String() + "/v1/alerts")
				if err != nil || r.StatusCode != 200 {
					t.Error(err)
					return
				}
				r.Body.Close()
			}
		})
	}
	clients.Wait()
	close(done)
	running.Wait()
	t.Logf("%d starts", starts.Load())
	if starts.Load() < 5 {
		t.Error("it was never idle, so this proves little")
	}
}

// TestStop: a request under way is answered when the server is told to end.
func TestStop(t *testing.T) {
	t.Parallel()
	s, _ := newServer(montimer.Serve{})
	begun, goOn := make(chan struct{}), make(chan struct{})
	s.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-goOn
		io.WriteString(w, "whole")
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /v1/slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
	ctx, cancel := context.WithCancel(context.Background())
	ended, stopping := make(chan error, 1), make(chan struct{})
	s.Ended = func() error { close(stopping); return nil }
	go func() { ended <- s.Run(ctx, []net.Listener{l}) }()
	<-begun
	cancel()
	<-stopping
	select {
	case err := <-ended:
		t.Fatal("it ended with a request under way:", err)
	default:
	}
	close(goOn)
	got, err := io.ReadAll(c)
	if err != nil || !strings.HasSuffix(string(got), "\r\n\r\nwhole") || !strings.Contains(string(got), "\r\nConnection: close\r\n") {
		t.Errorf("%q, %v", got, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestActivated: a process gets the sockets of systemd, and one that is started by
// hand none.
func TestActivated(t *testing.T) {
	if os.Getenv("MONTIMER_TEST_ACTIVATED") != "" {
		all, err := Activated()
		for _, l := range all {
			fmt.Println(l.Addr().Network(), l.Addr())
		}
		if err != nil {
			fmt.Println(err)
		}
		os.Exit(0)
	}
	t.Parallel()
	if all, err := Activated(); all != nil || err != nil {
		t.Error(all, err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	unix, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	one, err := tcp.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	two, err := unix.(*net.UnixListener).File()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	for want, files := range map[string][]*os.File{
		"tcp " + tcp.Addr().String() + "\nunix " + unix.Addr().String() + "\n": {one, two},
		"listen at LISTEN_FD_3, which systemd has passed: ":                    {null},
	} {
		cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" -test.run='^TestActivated$'`, self)
		cmd.ExtraFiles = files
		cmd.Env = append(os.Environ(), "MONTIMER_TEST_ACTIVATED=1", fmt.Sprintf("LISTEN_FDS=%d", len(files)))
		if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%s, %v; want %s", out, err, want)
		}
	}
}
