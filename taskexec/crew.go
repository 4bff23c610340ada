package taskexec

import (
	"context"
	"os"
	"sync"
	"sync/atomic"

	"github.com/montimer/montimer"
)

// crew runs the tasks of a run: as many workers as may run at once take one
// task after the other.
type crew struct {
	*run
	results chan montimer.TaskRun // as tasks end; it has room for all

	mu       sync.Mutex // held for all below and the run's record and progress
	schedule *schedule
	ended    sync.Cond // a task has
}

// tasks runs the tasks, and records what became of each as it ends.
func (r *run) tasks(ctx context.Context) {
	limited, cancel := withLimit(ctx, r.profile.Timeout)
	defer cancel()
	for _, t := range r.profile.Tasks {
		r.record.Tasks = append(r.record.Tasks, montimer.TaskRun{Name: t.Name, Status: montimer.TaskNotRun})
	}
	var err error
	if r.stopper, err = newStopper(limited); err != nil {
		r.record.Reason = err.Error()
		return
	}
	defer r.stopper.close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		r.record.Reason = err.Error()
		return
	}
	defer null.Close()
	r.env, r.stdin = environ(r.Environ, r.profile.Env), int(null.Fd())
	c := &crew{
		run:      r,
		results:  make(chan montimer.TaskRun, len(r.profile.Tasks)),
		schedule: newSchedule(r.profile.Tasks, r.profile.Parallel),
	}
	c.ended.L = &c.mu
	stopWatch := eachSecond(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.watch()
	})
	over := make(chan struct{})
	var left atomic.Int64 // workers; at least one, to say that it is over
	for range left.Add(int64(max(1, min(c.schedule.limit, len(r.profile.Tasks))))) {
		go func() {
			GrowStack(5)
			c.work(limited)
			if left.Add(-1) == 0 {
				stopWatch() // a run that hangs in what is left of it must not look alive
				close(c.results)
				close(over)
			}
		}()
	}
	r.keepResults(ctx, c.results, over)
}

// work runs tasks until there are none left to start, or ctx has ended.
func (c *crew) work(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ctx.Err() == nil {
		i, ok := c.schedule.start()
		if !ok && c.schedule.running == 0 {
			return
		}
		if !ok { // what is left comes after what runs
			c.ended.Wait()
			continue
		}
		task := c.profile.Tasks[i]
		c.progress.start(task.Name)
		c.watch()
		c.mu.Unlock()
		result := c.task(ctx, task)
		c.mu.Lock()
		c.schedule.end(i)
		c.record.Tasks[i] = result
		c.progress.end(result)
		c.results <- result
		c.watch()
		c.ended.Broadcast()
	}
}
