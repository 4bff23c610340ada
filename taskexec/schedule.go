package taskexec

import "github.com/montimer/montimer"

// schedule says which task starts next: at most limit at once, the first in
// file order whose After have all ended. It has no side effects.
type schedule struct {
	limit   int
	after   [][]int     // of each task, those that end before it starts
	state   []taskState // of each task
	first   int         // no task before it is waiting
	running int
}

type taskState int

const (
	waiting taskState = iota
	running
	ended
)

func newSchedule(tasks []montimer.Task, limit int) *schedule {
	named := map[string][]int{}
	for i, t := range tasks {
		named[t.Name] = append(named[t.Name], i)
	}
	after := make([][]int, len(tasks))
	for i, t := range tasks {
		for _, name := range t.After { // tasks outside this run are not waited for
			after[i] = append(after[i], named[name]...)
		}
	}
	return &schedule{limit: max(limit, 1), after: after, state: make([]taskState, len(tasks))}
}

// start returns the index of a task to start now, if there is one. Tasks that
// wait for each other in a circle do not block: when nothing else can start,
// the first of them does.
func (s *schedule) start() (int, bool) {
	if s.running == s.limit {
		return 0, false
	}
	for s.first < len(s.state) && s.state[s.first] != waiting {
		s.first++
	}
	next := -1
	for i := s.first; i < len(s.state); i++ {
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

// ready reports whether all that task i comes after has ended.
func (s *schedule) ready(i int) bool {
	for _, j := range s.after[i] {
		if j != i && s.state[j] != ended {
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
