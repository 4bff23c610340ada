package taskexec

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer/internal/safetext"
)

const (
	bufferSize = 128 << 10 // of a stream
	pieceSize  = 32 << 10  // a longer line is passed on in pieces
	batchLines = 2048      // lines passed on at once
)

// A Sink takes the output of tasks, as it comes. It is called from several
// goroutines at once. It drops errors: there is no other output.
type Sink interface {
	// Lines takes the next lines of a task. It must not keep them or their Text.
	Lines(task string, lines []Line)
}

// Line is a line of valid UTF-8 without its newline, or a piece of one.
type Line struct {
	Text     []byte
	Priority int  // of syslog(3), 3 to 7: from the prefix <N>, else 6
	Partial  bool // the line goes on in the next Line
}

// stream is a [proc.Output] that turns what a task writes to one pipe into lines, in constant memory.
type stream struct {
	task     string
	sink     Sink
	outlet   *Outlet // queues the calls of sink; nil: it is called at once
	allowed  *allowance
	redactor *safetext.Redactor
	tail     tail
	buf      [bufferSize]byte
	held     int  // bytes of buf that do not end a line yet
	flooded  bool // the pipe has been made larger
	lines    []Line
	inLine   bool // the next line continues the one before
	priority int  // of that
}

// reset makes s ready for another task.
func (s *stream) reset(task string, allowed *allowance) {
	s.allowed = allowed
	s.task, s.tail, s.held, s.flooded, s.inLine = task, tail{}, 0, false, false
}

// Waits reports whether to leave output in the pipes for now.
func (s *stream) Waits() bool { return s.outlet != nil && s.outlet.crowded() }

// Read reads once, and reports whether there may be more to come.
func (s *stream) Read(fd int) bool {
	space := s.space()
	n, err := unix.Read(fd, space)
	if err != nil {
		return err == unix.EINTR || err == unix.EAGAIN
	}
	if n == len(space) && !s.flooded {
		s.flooded = true
		flooded(fd)
	}
	s.took(n)
	return n > 0
}

// flooded makes a pipe as large as an ordinary user may (pipe(7)), so that its
// writer blocks less often. An error does not matter.
func flooded(pipe int) {
	const maxPipe = 1 << 20 // bytes
	_, _ = unix.FcntlInt(uintptr(pipe), unix.F_SETPIPE_SZ, maxPipe)
}

// space returns the free part of buf; it is never empty.
func (s *stream) space() []byte { return s.buf[s.held:] }

// took passes on the lines that the next n bytes complete.
func (s *stream) took(n int) {
	end := s.held + n
	switch newline := bytes.LastIndexByte(s.buf[s.held:end], '\n'); {
	case newline >= 0:
		s.pass(end, s.held+newline+1, false)
	case end == len(s.buf):
		s.pass(end, s.redactor.Cut(s.buf[:], runeStart(s.buf[:], pieceSize)), true)
	default:
		s.held = end
	}
}

// End passes on the rest.
func (s *stream) End() { s.pass(s.held, s.held, false) }

// pass emits the first n of the end bytes in the buffer, and holds the others.
func (s *stream) pass(end, n int, partial bool) {
	if n > 0 {
		s.emit(s.buf[:n], partial)
	}
	s.held = copy(s.buf[:], s.buf[n:end])
}

// emit passes on the lines of block. partial: its last line goes on.
func (s *stream) emit(block []byte, partial bool) {
	block = s.redactor.Bytes(block)
	if !utf8.Valid(block) {
		block = bytes.ToValidUTF8(block, []byte("\uFFFD"))
	}
	for more := true; more; {
		var line []byte
		line, block, more = bytes.Cut(block, []byte{'\n'})
		if !more && len(line) == 0 {
			break // the block ended with a newline
		}
		for len(line) > pieceSize {
			n := runeStart(line, pieceSize)
			s.add(line[:n], true)
			line = line[n:]
		}
		s.add(line, !more && partial)
	}
	s.flush()
}

func (s *stream) add(text []byte, partial bool) {
	if !s.inLine {
		s.priority, text = priority(text)
	}
	s.inLine = partial
	if s.lines = append(s.lines, Line{text, s.priority, partial}); len(s.lines) == batchLines {
		s.flush()
	}
}

func (s *stream) flush() {
	if len(s.lines) == 0 {
		return
	}
	s.tail.add(s.lines)
	switch {
	case s.allowed != nil && !s.allowed.take(s.lines):
	case s.outlet == nil:
		s.sink.Lines(s.task, s.lines)
	case !s.outlet.lines(s.sink, s.task, s.lines):
		s.allowed.unread.add(s.lines)
	}
	s.lines = s.lines[:0]
}

// runeStart returns the last place at or before n where b can be cut without
// cutting a code point.
func runeStart(b []byte, n int) int {
	for i := n; i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			return i
		}
	}
	return n
}
