package look

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/view"
)

// brief is the duration up to which no run counts as slow: the durations of
// earlier ones are then not read.
const brief = time.Second

// typicalDays is over how many days the usual duration of a run is taken.
const typicalDays = 30

// readDatabase adds what the database has, and calls more with it.
func readDatabase(ctx context.Context, stateDir string, f *view.Facts, more func(*store.Store, view.Facts)) (err error) {
	s, err := store.Open(ctx, stateDir, store.Options{ReadOnly: true, Instance: f.Instance})
	if errors.Is(err, fs.ErrNotExist) { // nothing has run yet
		if err := store.Deleted(f.Instance, stateDir); err != nil {
			return err
		}
		for i := range f.Profiles {
			f.Profiles[i].Recorded = true
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer closing(s, &err)
	names := make([]string, len(f.Profiles))
	for i, p := range f.Profiles {
		names[i] = p.Name
	}
	latest, err := s.Latest(ctx, names)
	if err != nil {
		return err
	}
	for i := range f.Profiles {
		if err := addRuns(ctx, s, &f.Profiles[i], latest[f.Profiles[i].Name], f.Now); err != nil {
			return err
		}
	}
	if f.Outbox, err = s.Pending(ctx); err != nil {
		return err
	}
	commit, err := s.LastCommit(ctx)
	if commit.ID != "" {
		f.Checkout = &view.Checkout{Commit: commit.ID, Subject: commit.Subject}
	}
	if err == nil && more != nil {
		more(s, *f)
	}
	return err
}

// closing closes a database, and says so if what was read of it may be wrong.
func closing(s *store.Store, err *error) {
	if closed := s.Close(); *err == nil {
		*err = closed
	}
}

// addRuns adds what the last runs of a profile say and, if the last may have taken
// far longer than usual, how long is usual.
func addRuns(ctx context.Context, s *store.Store, p *view.ProfileFacts, l store.Latest, now time.Time) (err error) {
	p.Incident, p.Running, p.Last, p.Recorded = l.Incident, l.Running, l.Served, true
	took := p.Last.Ended.Sub(p.Last.Started)
	if p.Running.ID != "" {
		took = now.Sub(p.Running.Started)
	}
	if took > brief && (l.Least == 0 || took > view.SlowFactor*l.Least) {
		p.Typical, err = s.Typical(ctx, p.Name, now.AddDate(0, 0, -typicalDays))
	}
	return err
}
