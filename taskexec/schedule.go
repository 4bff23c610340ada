package taskexec

import (
	"slices"

	"github.com/montimer/montimer"
)

// schedule says which task starts next: at most limit at once, the first in
// file order whose After have all ended. It decides and does nothing else.
type schedule struct {
	tasks   []montimer.Task
	limit   int
	state   []taskState // of each task
	running int
}

type taskState int

const (
	waiting taskState = iota
	running
	ended
)

func newSchedule(tasks []montimer.Task, limit int) *schedule {
	return &schedule{tasks: tasks, limit: max(limit, 1), state: make([]taskState, len(tasks))}
}

// start returns the index of a task to start now, if there is one. Tasks that
// wait for each other in a circle do not wait for ever: when nothing else can
// go on, the first of them starts.
func (s *schedule) start() (int, bool) {
	if s.running == s.limit {
		return 0, false
	}
	next := -1
	for i := range s.tasks {
		if s.state[i] != waiting {
			continue
		}
		if s.ready(i) {
			next = i
			break
		}
		if next < 0 && s.running == 0 {
			next = i
		}
	}
	if next < 0 {
		return 0, false
	}
	s.state[next] = running
	s.running++
	return next, true
}

// ready reports whether all that task i comes after has ended. What does not
// take part in this run holds up nothing.
func (s *schedule) ready(i int) bool {
	for j, t := range s.tasks {
		if j != i && s.state[j] != ended && slices.Contains(s.tasks[i].After, t.Name) {
			return false
		}
	}
	return true
}

// end notes that a started task has ended.
func (s *schedule) end(i int) {
	s.state[i] = ended
	s.running--
}
