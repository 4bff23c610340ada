package taskexec

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"
	"unsafe"
)

const (
	// outletRoom bounds the queue, in bytes of memory. Tasks are not read from
	// while it is full; that slows those that print faster than the reader reads.
	outletRoom = 512 << 10

	// readerTimeout is how long a reader may take for one batch of lines; after
	// that, output is dropped.
	readerTimeout = 2 * time.Second

	// maxSpare bounds the batches that are kept for reuse, in bytes.
	maxSpare = 1 << 20
)

// An Outlet writes the messages of a run and the output of its tasks in its own
// goroutine, in order. If the reader blocks, such as a stopped journal, a pipe
// or a terminal, only that goroutine waits.
type Outlet struct {
	mu     sync.Mutex
	work   sync.Cond // signals a new batch, or closed
	queue  []batch
	size   int       // bytes in queue
	since  time.Time // when the current write began; zero: there is none
	missed int       // messages dropped
	closed bool
	spare  []batch
	idle   int           // bytes in spare
	done   chan struct{} // closed when all has been written, after Close
}

// batch is one entry of the queue: lines of a task, or a call of do.
type batch struct {
	do    func()
	sink  Sink
	task  string
	lines []lineMark
	text  []byte // of all lines
	size  int
}

// lineMark is a queued Line: short, since a flood has many.
type lineMark struct {
	size     int32
	priority int8
	partial  bool
}

// NewOutlet returns an Outlet. Its goroutine ends with Close.
func NewOutlet() *Outlet {
	o := &Outlet{done: make(chan struct{})}
	o.work.L = &o.mu
	go o.write()
	return o
}

// write writes the batches of the queue.
func (o *Outlet) write() {
	GrowStack(5)
	var lines []Line
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		for len(o.queue) == 0 && !o.closed {
			o.work.Wait()
		}
		if len(o.queue) == 0 {
			close(o.done)
			return
		}
		b := o.queue[0]
		o.queue[0] = batch{}
		o.queue = o.queue[1:]
		o.since = time.Now()
		o.mu.Unlock()
		if b.do != nil {
			b.do()
		} else {
			lines = b.appendLines(lines[:0])
			b.sink.Lines(b.task, lines)
		}
		o.mu.Lock()
		o.since = time.Time{}
		o.size -= b.size
		if n := b.capacity(); b.do == nil && o.idle+n <= maxSpare {
			o.spare, o.idle = append(o.spare, b), o.idle+n
		}
	}
}

// state reports whether the queue is full, and whether the reader is stuck. The
// caller holds the lock.
func (o *Outlet) state() (full, stuck bool) {
	return o.size >= outletRoom, !o.since.IsZero() && time.Since(o.since) > readerTimeout
}

// crowded reports whether to wait before more is added: the queue is full, but
// the reader is not stuck.
func (o *Outlet) crowded() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	full, stuck := o.state()
	return full && !stuck
}

// lines queues lines of a task for a sink; false: they are dropped, since the
// reader is stuck. The lines are copied.
func (o *Outlet) lines(sink Sink, task string, lines []Line) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if full, stuck := o.state(); full && stuck {
		return false
	}
	var b batch
	if n := len(o.spare); n > 0 {
		b, o.spare = o.spare[n-1], o.spare[:n-1]
		o.idle -= b.capacity()
	}
	b.sink, b.task = sink, task
	b.text, b.lines = slices.Grow(b.text[:0], int(size(lines))), slices.Grow(b.lines[:0], len(lines))
	for _, l := range lines {
		b.text = append(b.text, l.Text...)
		b.lines = append(b.lines, lineMark{int32(len(l.Text)), int8(l.Priority), l.Partial})
	}
	b.size = len(b.text) + len(lines)*int(unsafe.Sizeof(lineMark{}))
	o.add(b)
	return true
}

// capacity is how much memory a batch of lines takes, in bytes.
func (b batch) capacity() int { return cap(b.text) + cap(b.lines)*int(unsafe.Sizeof(lineMark{})) }

// appendLines appends the lines as a Sink takes them.
func (b batch) appendLines(lines []Line) []Line {
	rest := b.text
	for _, m := range b.lines {
		lines = append(lines, Line{rest[:m.size], int(m.priority), m.partial})
		rest = rest[m.size:]
	}
	return lines
}

// Do queues a call of f, which may wait for the reader. size is the memory that
// f holds, in bytes. Messages have four times the room of lines; beyond that
// they are dropped and counted.
func (o *Outlet) Do(size int, f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.size >= 4*outletRoom {
		o.missed++
		return
	}
	o.add(batch{do: f, size: size + 256})
}

func (o *Outlet) add(b batch) {
	o.queue = append(o.queue, b)
	o.size += b.size
	o.work.Signal()
}

// Close waits until all has been written, or the reader has been stuck for
// timeout. Nothing may be added after it.
func (o *Outlet) Close(timeout time.Duration) {
	o.mu.Lock()
	o.closed = true
	o.work.Signal()
	o.mu.Unlock()
	const step = 100 * time.Millisecond
	for waited := time.Duration(0); ; {
		select {
		case <-o.done:
			return
		case <-time.After(step):
		}
		o.mu.Lock()
		since := o.since
		o.mu.Unlock()
		if waited += step; waited > timeout && !since.IsZero() && time.Since(since) > timeout {
			return
		}
	}
}

// Writer returns a writer of whole texts to w.
func (o *Outlet) Writer(w io.Writer) io.Writer { return outletWriter{o, w} }

type outletWriter struct {
	outlet *Outlet
	w      io.Writer
}

func (w outletWriter) Write(p []byte) (int, error) {
	text := append([]byte(nil), p...)
	w.outlet.Do(len(text), func() { w.w.Write(text) })
	return len(p), nil
}

// Handler returns a handler of records that h handles.
func (o *Outlet) Handler(h slog.Handler) slog.Handler { return outletHandler{h, o} }

type outletHandler struct {
	slog.Handler
	outlet *Outlet
}

func (h outletHandler) Handle(ctx context.Context, r slog.Record) error {
	ctx, r = context.WithoutCancel(ctx), r.Clone()
	h.outlet.Do(len(r.Message), func() {
		if n := h.outlet.takeMissed(); n > 0 {
			h.Handler.Handle(ctx, slog.NewRecord(r.Time, slog.LevelWarn, fmt.Sprintf("messages left out, since the reader was stuck: %d", n), 0))
		}
		h.Handler.Handle(ctx, r)
	})
	return nil
}

func (o *Outlet) takeMissed() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, o.missed = o.missed, 0
	return n
}

func (h outletHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return outletHandler{h.Handler.WithAttrs(attrs), h.outlet}
}

func (h outletHandler) WithGroup(name string) slog.Handler {
	return outletHandler{h.Handler.WithGroup(name), h.outlet}
}
