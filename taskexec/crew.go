package taskexec

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/montimer/montimer"
)

// crew runs the tasks of a run: as many workers as may run at once take one
// task after the other.
type crew struct {
	*run
	results chan int // indices of tasks as they end; it has room for all

	mu       sync.Mutex // held for all below and the run's record and progress
	schedule *schedule
	ended    sync.Cond // a task has
}

// tasks runs the tasks, and records what became of each as it ends. It returns
// when the last has: to record that may take longer.
func (r *run) tasks(ctx context.Context) (ended time.Time) {
	limited, cancel := withLimit(ctx, r.profile.Timeout)
	defer cancel()
	n := len(r.profile.Tasks)
	r.record.Tasks = notRun(r.profile.Tasks)
	var err error
	if r.stopper, err = newStopper(limited); err != nil {
		r.record.Reason = err.Error()
		return time.Now()
	}
	defer r.stopper.close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		r.record.Reason = err.Error()
		return time.Now()
	}
	defer null.Close()
	r.env, r.stdin = environ(r.Environ, r.profile.Env), int(null.Fd())
	c := &crew{
		run:      r,
		results:  make(chan int, n),
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
	for range left.Add(int64(max(1, min(c.schedule.limit, n)))) {
		go func() {
			GrowStack(5)
			c.work(limited)
			if left.Add(-1) == 0 {
				ended = time.Now()
				stopWatch() // a run that hangs in what is left of it must not look alive
				close(c.results)
				close(over)
			}
		}()
	}
	c.keepResults(ctx, over)
	return ended
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
		c.results <- i
		c.watch()
		c.ended.Broadcast()
	}
}

// together is the least time between two transactions for results: tasks that
// end sooner after each other share one.
const together = 10 * time.Millisecond

// keepResults records what becomes of tasks as they end, beside the run itself:
// a slow disk, or another program's lock on the database, holds up no task.
// over is closed when results is, so that nothing holds up the end of the run.
func (c *crew) keepResults(ctx context.Context, over <-chan struct{}) {
	var batch []montimer.TaskRun
	for first := range c.results {
		batch = append(batch[:0], c.result(first))
		for len(c.results) > 0 {
			batch = append(batch, c.result(<-c.results))
		}
		c.keep(ctx, func(ctx context.Context) error {
			err := c.Recorder.TaskEnded(ctx, c.record.ID, batch...)
			for _, t := range batch {
				if err == nil {
					c.recorded = append(c.recorded, t.Name)
				}
			}
			return err
		})
		select {
		case <-over:
		case <-time.After(together):
		}
	}
}

// result returns what became of a task.
func (c *crew) result(task int) montimer.TaskRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.record.Tasks[task]
}
