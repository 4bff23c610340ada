package taskexec

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/proc"
)

// pool runs the tasks of a run: as many workers as tasks may run at once take
// one task after the other.
type pool struct {
	*run
	results chan int // indices of tasks as they end; it has room for all

	mu       sync.Mutex // guards the fields below and the run's record and progress
	schedule *schedule
	ended    sync.Cond // signals that a task has ended
}

// tasks runs the tasks, and records the result of each as it ends. ended is
// when the last one did: to record that may take longer.
func (r *run) tasks(ctx context.Context) (ended time.Time) {
	limited, cancel := withLimit(ctx, r.profile.Timeout)
	defer cancel()
	n := len(r.profile.Tasks)
	r.record.Tasks = notRun(r.profile.Tasks)
	release, err := r.prepareTasks(limited)
	if err != nil {
		r.record.Reason = err.Error()
		return time.Now()
	}
	defer release()
	p := &pool{
		run:      r,
		results:  make(chan int, n),
		schedule: newSchedule(r.profile.Tasks, r.profile.Parallel),
	}
	p.ended.L = &p.mu
	stopWatch := eachSecond(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.watch()
	})
	over := make(chan struct{})
	p.startWorkers(limited, n, func() {
		ended = time.Now()
		stopWatch() // a run that hangs after its tasks must not look alive
		close(p.results)
		close(over)
	})
	p.keepResults(ctx, over)
	return ended
}

// prepareTasks opens what all tasks share.
func (r *run) prepareTasks(ctx context.Context) (release func(), err error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	if r.stopper, err = proc.NewStopper(ctx); err != nil {
		null.Close()
		return nil, err
	}
	r.env, r.stdin = environ(r.Environ, r.profile.Env), int(null.Fd())
	return func() {
		r.stopper.Close()
		null.Close()
	}, nil
}

// startWorkers starts as many workers as n tasks need, at least one; the last of
// them that ends calls done.
func (p *pool) startWorkers(ctx context.Context, n int, done func()) {
	var left atomic.Int64
	for range left.Add(int64(max(1, min(p.schedule.limit, n)))) {
		go func() {
			GrowStack(5)
			p.work(ctx)
			if left.Add(-1) == 0 {
				done()
			}
		}()
	}
}

// work runs tasks until there are none left to start, or ctx has ended.
func (p *pool) work(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ctx.Err() == nil {
		i, ok := p.schedule.start()
		if !ok && p.schedule.running == 0 {
			return
		}
		if !ok { // the rest waits for running tasks
			p.ended.Wait()
			continue
		}
		task := p.profile.Tasks[i]
		p.progress.start(task.Name)
		p.watch()
		p.mu.Unlock()
		result := p.task(ctx, task)
		p.mu.Lock()
		p.schedule.end(i)
		p.record.Tasks[i] = result
		p.progress.end(result)
		p.results <- i
		p.watch()
		p.ended.Broadcast()
	}
}

// together is the least time between two transactions for results: tasks that
// end sooner after each other share one.
const together = 10 * time.Millisecond

// keepResults records the results of tasks as they end, in its own goroutine: a
// slow disk, or another program's lock on the database, delays no task. over is
// closed with results, so that the end of the run does not wait for the next
// batch.
func (p *pool) keepResults(ctx context.Context, over <-chan struct{}) {
	var batch []montimer.TaskRun
	for first := range p.results {
		batch = append(batch[:0], p.result(first))
		for len(p.results) > 0 {
			batch = append(batch, p.result(<-p.results))
		}
		p.keep(ctx, func(ctx context.Context) error {
			err := p.Recorder.TaskEnded(ctx, p.record.ID, batch...)
			for _, t := range batch {
				if err == nil {
					p.recorded = append(p.recorded, t.Name)
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

// result returns the result of a task.
func (p *pool) result(task int) montimer.TaskRun {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.record.Tasks[task]
}

// GrowStack grows the stack of the calling goroutine to kib KiB. A stack that
// grows while it is deep is copied, and the runtime then reads tables all over
// the program for each function on it: some MiB of pages that would stay in
// memory for the whole run.
//
//go:noinline
func GrowStack(kib int) (n byte) {
	var room [1 << 10]byte
	if kib > 1 {
		n = GrowStack(kib - 1)
	}
	return n + room[kib]
}
