package taskexec

import (
	"io"
	"sync"

	"github.com/montimer/montimer/internal/safetext"
)

// TextSink writes each line as "task: text", safe to show to people.
type TextSink struct {
	w      io.Writer
	levels bool
	mu     sync.Mutex
	buf    []byte
}

// NewTextSink returns a sink that writes to w, one Write for each batch. With
// levels, each line begins with its priority as <N>, which the journal reads
// from the stderr of a service.
func NewTextSink(w io.Writer, levels bool) *TextSink { return &TextSink{w: w, levels: levels} }

// Lines implements [Sink].
func (s *TextSink) Lines(task string, lines []Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = s.buf[:0]
	label := append(safetext.Append(nil, []byte(task)), ": "...)
	for _, l := range lines {
		if s.levels {
			s.buf = append(s.buf, '<', byte('0'+l.Priority), '>')
		}
		s.buf = append(s.buf, label...)
		s.buf = safetext.Append(s.buf, l.Text)
		s.buf = append(s.buf, '\n')
	}
	s.w.Write(s.buf)
}

// Priorities of a line, as in syslog(3).
const (
	priorityErr  = 3
	priorityInfo = 6
)

// priority reads the prefix <0> to <7> of sd-daemon(3) and returns the rest. A
// task gets err at most: its output must not page for emergencies of the
// machine.
func priority(line []byte) (int, []byte) {
	if len(line) < 3 || line[0] != '<' || line[1] < '0' || line[1] > '7' || line[2] != '>' {
		return priorityInfo, line
	}
	return max(int(line[1]-'0'), priorityErr), line[3:]
}
