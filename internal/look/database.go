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

// readDatabase adds what the database has.
func readDatabase(ctx context.Context, stateDir string, f *view.Facts) error {
	s, err := store.Open(ctx, stateDir, store.Options{ReadOnly: true})
	if errors.Is(err, fs.ErrNotExist) { // nothing has run yet
		for i := range f.Profiles {
			f.Profiles[i].Recorded = true
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer s.Close()
	for i := range f.Profiles {
		if err := readProfile(ctx, s, &f.Profiles[i], f.Now); err != nil {
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
	return err
}

func readProfile(ctx context.Context, s *store.Store, p *view.ProfileFacts, now time.Time) (err error) {
	if p.Incident, err = s.Incident(ctx, p.Name); err != nil {
		return err
	}
	if p.Running, _, err = s.Running(ctx, p.Name); err != nil {
		return err
	}
	if p.Last, err = s.LastServed(ctx, p.Name); err != nil {
		return err
	}
	p.Recorded = true
	took := p.Last.Ended.Sub(p.Last.Started)
	if p.Running.ID != "" {
		took = now.Sub(p.Running.Started)
	}
	if took > brief {
		p.Typical, err = s.Typical(ctx, p.Name, now.AddDate(0, 0, -typicalDays))
	}
	return err
}
