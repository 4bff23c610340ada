package taskexec

import (
	"context"

	"github.com/montimer/montimer"
)

// scribe records what becomes of the tasks of a run as they end, beside the run
// itself: a slow disk, or another program's lock on the database, holds up no
// task. What ends meanwhile is recorded at once.
type scribe struct {
	ended chan montimer.TaskRun
	done  chan struct{}
}

// newScribe returns a scribe for a run of at most that many tasks. Until it is
// closed, nobody else may use the run's record.
func (r *run) newScribe(ctx context.Context, tasks int) scribe {
	s := scribe{make(chan montimer.TaskRun, tasks), make(chan struct{})}
	go func() {
		defer close(s.done)
		for first := range s.ended {
			batch := []montimer.TaskRun{first}
			for len(s.ended) > 0 {
				batch = append(batch, <-s.ended)
			}
			r.keep(ctx, func(ctx context.Context) error {
				err := r.Recorder.TaskEnded(ctx, r.record.ID, batch...)
				for _, t := range batch {
					if err == nil {
						r.recorded = append(r.recorded, t.Name)
					}
				}
				return err
			})
		}
	}()
	return s
}

// close returns when all has been recorded that will be.
func (s scribe) close() {
	close(s.ended)
	<-s.done
}
