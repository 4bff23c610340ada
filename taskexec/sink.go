package taskexec

import (
	"io"
	"sync"
)

// TextSink writes each line as "task: text".
type TextSink struct {
	w   io.Writer
	mu  sync.Mutex
	buf []byte
}

// NewTextSink returns a sink that writes to w, one Write for each batch.
func NewTextSink(w io.Writer) *TextSink { return &TextSink{w: w} }

// Lines implements [Sink].
func (s *TextSink) Lines(task string, lines []Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = s.buf[:0]
	for _, l := range lines {
		s.buf = append(s.buf, task...)
		s.buf = append(s.buf, ": "...)
		s.buf = append(s.buf, l.Text...)
		s.buf = append(s.buf, '\n')
	}
	s.w.Write(s.buf)
}
