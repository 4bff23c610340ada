// Package journal writes the messages of a run and the output of its tasks to
// the systemd journal, by its native protocol, with fields to find them by, and
// reads the entries of a run. Read journal.go, handler.go and flush.go
// (writing), then reader.go, ending.go and follow.go (reading). The profile is no field
// here: the services have it from LogExtraFields=.
//
//	MONTIMER_RUN_ID   the run
//	MONTIMER_TASK     the task that the entry is about, or that printed it
//	MONTIMER_RESULT   how that task or, without one, the run ended
//	MESSAGE_ID        the kind of event, see messageIDs
package journal

import (
	"github.com/coreos/go-systemd/v22/journal"

	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// messageIDs identify the kinds of entries independently of their text
// (systemd.journal-fields(7)).
var messageIDs = map[string]string{
	taskexec.EventTaskStarted: "00c2fdbd940b42cfb1067ce0676e03ca",
	taskexec.EventTaskEnded:   "f2f9298cf88f4f93b645ed0c19b75c0b",
	taskexec.EventRunEnded:    "a54e9a8ca6c248a9a83d8a0df309ed9a",
	taskexec.EventFailure:     "76a8c68a86a045c095151287a12a50f2",
	taskexec.EventUnrecorded:  "26d7928382cc4dc89e6b0c9335004b3a",
	taskexec.EventLost:        "25674e43725e40b7a2986cf33683a2ea",
	taskexec.EventTrouble:     "c73491f3a21d4f5db6c614540c97015d",
}

// maxEntry is the size in bytes from which an entry takes no further line.
const maxEntry = 32 << 10

// Sink sends what the tasks of a run print. Lines that come at once share an
// entry; so a traceback stays whole and a flood does not drown the journal.
type Sink struct {
	RunID string
	Else  taskexec.Sink // takes what the journal does not

	send func(message string, priority journal.Priority, fields map[string]string) error
}

// NewSink returns a sink for the output of a run.
func NewSink(runID string, fallback taskexec.Sink) *Sink {
	return &Sink{runID, fallback, journal.Send}
}

// Lines implements [taskexec.Sink].
func (s *Sink) Lines(task string, lines []taskexec.Line) {
	for len(lines) > 0 {
		n := together(lines)
		fields := map[string]string{"SYSLOG_IDENTIFIER": identifier, "MONTIMER_RUN_ID": s.RunID, "MONTIMER_TASK": task}
		if err := s.send(message(task, lines[:n]), journal.Priority(lines[0].Priority), fields); err != nil {
			s.Else.Lines(task, lines[:n])
		}
		lines = lines[n:]
	}
}

const identifier = "montimer"

// together returns how many of the lines share an entry with the first.
func together(lines []taskexec.Line) int {
	size := 0
	for i, l := range lines {
		if i > 0 && (l.Priority != lines[0].Priority || size+len(l.Text) > maxEntry) {
			return i
		}
		size += len(l.Text)
	}
	return len(lines)
}

// message is the text of an entry, safe to show to people.
func message(task string, lines []taskexec.Line) string {
	var text []byte
	label := append(safetext.Append(nil, []byte(task)), ": "...)
	for i, l := range lines {
		if i > 0 {
			text = append(text, '\n')
		}
		text = safetext.Append(append(text, label...), l.Text)
	}
	return string(text)
}
