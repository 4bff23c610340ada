package look

import (
	"context"
	"fmt"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/view"
)

// Compare reads the alerts of another system that ran the same jobs.yaml, from its
// database, and matches those of this host with them; profile "": of all. notes say
// what could not be compared.
func Compare(ctx context.Context, h montimer.Host, old, profile string, since, until time.Time) (c view.Comparison, notes []string, err error) {
	s, err := store.Open(ctx, h.StateDir, store.Options{ReadOnly: true, Instance: h.Instance})
	if err != nil {
		return c, nil, err
	}
	defer s.Close()
	j := view.Jobs{Instance: h.Instance, Local: time.Local}
	if j.Timetables, err = s.Timetables(ctx, "", time.Local); err != nil {
		return c, nil, err
	}
	file, err := jobsfile.Read(ctx, h, jobsfile.Options{})
	switch {
	case err != nil:
		notes = append(notes, "not seen: jobs.yaml, which says which profile checks a protocol: "+err.Error())
	case jobs.HasErrors(file.Diagnostics):
		notes = append(notes, "not seen: which profile checks a protocol: jobs.yaml has mistakes: "+h.Instance.Command("compile --check"))
	default:
		j.Profiles = file.Jobs.Profiles
	}
	newer, spoiled, err := s.Events(ctx, since)
	if err != nil {
		return c, nil, err
	}
	older, spoiledOld, err := store.EventsOf(ctx, old, since)
	if err != nil {
		return c, nil, err
	}
	for _, in := range []struct {
		name string
		rows int
	}{{old, spoiledOld}, {h.StateDir, spoiled}} {
		if in.rows > 0 {
			notes = append(notes, fmt.Sprintf("not compared: alerts without a time in created_at, in %s: %d", in.name, in.rows))
		}
	}
	return j.Compare(older, newer, profile, since, until), notes, nil
}
