package serve

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// conns are the open connections. There is always room for one more: when there are
// too many, one of the address that has the most of them is closed, so that only a
// client that floods is cut off. It is the one that has waited longest for a request:
// a client that is of use sends one at once.
type conns struct {
	most     int           // connections
	mostHeld int           // bytes
	dwell    time.Duration // for a request to come, before others of the same address take the place

	mutex   sync.Mutex
	open    map[*conn]struct{}
	held    int         // bytes of answers that clients have not taken yet
	idle    *time.Timer // runs while there is no connection; nil: nobody waits for that
	idleFor time.Duration
}

// conn is one connection. What is below its address is under the mutex of all.
type conn struct {
	net.Conn
	all  *conns
	from netip.Prefix // zero: a Unix socket

	busy  bool      // its answer is being made
	since time.Time // so long it waits for its client: for a request, or to take an answer
	held  int       // bytes of that answer
}

func newConns(most, mostHeld int) *conns {
	return &conns{most: most, mostHeld: mostHeld, dwell: dwellTime, open: map[*conn]struct{}{}}
}

// whenIdle returns a channel that has a value once there was no connection for so
// long; 0: never.
func (c *conns) whenIdle(after time.Duration) <-chan struct{} {
	if after <= 0 {
		return nil
	}
	idle := make(chan struct{}, 1)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.idleFor = after
	c.idle = time.AfterFunc(after, func() {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		if len(c.open) == 0 && len(idle) == 0 {
			idle <- struct{}{}
		}
	})
	return idle
}

// add takes a connection in, and closes another one if there are too many.
func (c *conns) add(raw net.Conn) *conn {
	n := &conn{Conn: raw, all: c, from: addressOf(raw.RemoteAddr()), since: time.Now()}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.open[n] = struct{}{}
	if c.idle != nil {
		c.idle.Stop()
	}
	n.busy = true // not this one
	for len(c.open) > c.most {
		last := c.last(func(*conn) int { return 1 })
		if young := c.dwell - time.Since(last.since); !last.busy && young > 0 && last.from == n.from {
			// Those who come wait for those who came, else a flood of new connections
			// would cut off each before its request is read.
			c.mutex.Unlock()
			time.Sleep(young)
			c.mutex.Lock()
			continue
		}
		c.drop(last)
	}
	n.busy, n.since = false, time.Now()
	return n
}

// last returns the connection to close next, of the address with the highest sum of
// weights, which are positive for the connections that may be closed; there is one.
// The mutex is held.
func (c *conns) last(weight func(*conn) int) (last *conn) {
	sums := map[netip.Prefix]int{}
	for n := range c.open {
		sums[n.from] += weight(n)
	}
	for n := range c.open {
		switch {
		case weight(n) <= 0:
		case last == nil, sums[n.from] > sums[last.from],
			sums[n.from] == sums[last.from] && n.before(last):
			last = n
		}
	}
	return last
}

// before reports whether a connection is to be closed rather than another one.
func (n *conn) before(other *conn) bool {
	if n.busy != other.busy {
		return other.busy
	}
	return n.since.Before(other.since)
}

// drop closes a connection; the mutex is held.
func (c *conns) drop(n *conn) {
	if _, open := c.open[n]; !open {
		return
	}
	delete(c.open, n)
	c.held -= n.held
	n.held = 0
	if len(c.open) == 0 && c.idle != nil {
		c.idle.Reset(c.idleFor)
	}
	n.Conn.Close()
}

// Close implements [net.Conn].
func (n *conn) Close() error {
	n.all.mutex.Lock()
	defer n.all.mutex.Unlock()
	n.all.drop(n)
	return nil
}

// begin says that a request has come, hold that its answer of so many bytes is being
// sent, end that it was sent. They do nothing in tests without a connection.

func (n *conn) begin() { n.set(true, 0) }
func (n *conn) end()   { n.set(false, 0) }

// hold also closes connections of those who do not take their answers, if all answers
// together are too large.
func (n *conn) hold(bytes int) { n.set(false, bytes) }

func (n *conn) set(busy bool, held int) {
	if n == nil {
		return
	}
	c := n.all
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if _, open := c.open[n]; !open {
		return
	}
	c.held += held - n.held
	n.busy, n.since, n.held = busy, time.Now(), held
	for c.held > c.mostHeld {
		c.drop(c.last(func(n *conn) int { return n.held }))
	}
}

// addressOf returns what counts as one client: an IPv4 address, or a network of IPv6
// as a customer gets it.
func addressOf(a net.Addr) netip.Prefix {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	prefix, _ := ip.WithZone("").Prefix(bits) // no error: it has so many bits
	return prefix
}

// bounded accepts connections into conns.
type bounded struct {
	net.Listener
	in *conns
}

// Accept implements [net.Listener].
func (b bounded) Accept() (net.Conn, error) {
	raw, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return b.in.add(raw), nil
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// connOf returns the connection of a request; nil in tests without one.
func connOf(r *http.Request) *conn {
	n, _ := r.Context().Value(connKey{}).(*conn)
	return n
}
