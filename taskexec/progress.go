package taskexec

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
)

// Progress is the state of a run under way. It is only valid during the call
// that gets it.
type Progress struct {
	Waiting string    // for what, before the first task
	Total   int       // tasks
	Ended   int       // tasks
	Failed  int       // of them
	Running []Running // in the order in which they started
}

// Running is a task under way.
type Running struct {
	Name  string
	Since time.Time
}

func (p *Progress) start(name string) {
	p.Waiting = ""
	p.Running = append(p.Running, Running{name, time.Now()})
}

func (p *Progress) end(t montimer.TaskRun) {
	if i := slices.IndexFunc(p.Running, func(r Running) bool { return r.Name == t.Name }); i >= 0 {
		p.Running = slices.Delete(p.Running, i, i+1)
	}
	if p.Ended++; t.Status.IsFailure() {
		p.Failed++
	}
}

// String returns it as text: "2/27 tasks, running aave (41s)".
func (p Progress) String() string {
	if p.Waiting != "" {
		return "waiting for " + p.Waiting
	}
	text := fmt.Sprintf("%d/%d tasks", p.Ended, p.Total)
	var running []string
	for _, r := range p.Running {
		running = append(running, fmt.Sprintf("%s (%v)", r.Name, time.Since(r.Since).Truncate(time.Second)))
	}
	if running != nil {
		text += ", running " + strings.Join(running, ", ")
	}
	return text
}
