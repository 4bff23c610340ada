package tick

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/view"
)

// A Report says what ran on a host in a day or a week.
type Report struct {
	Host   montimer.Host
	Units  host.Source // for which host units are made
	Period montimer.ReportPeriod
	Boots  []journal.Boot // those of the journal, as far as they can be read
}

// Now returns the lines of the report up to now.
func (r Report) Now(ctx context.Context) ([]string, error) {
	now := time.Now()
	return r.lines(ctx, now.Add(-r.Period.Length()), now)
}

// Store stores the report of the last period in the outbox. done says that it has
// been stored before, and until when it goes.
func (r Report) Store(ctx context.Context) (done string, err error) {
	if err := host.MakeStateDir(r.Host.StateDir); err != nil {
		return "", fmt.Errorf("make the state directory: %w", err)
	}
	box, err := store.Open(ctx, r.Host.StateDir, store.Options{Instance: r.Host.Instance})
	if err != nil {
		return "", err
	}
	defer box.Close()
	reported, err := box.Reported(ctx)
	if err != nil {
		return "", err
	}
	now := time.Now()
	from, to := r.Period.Window(reported, now)
	lines, err := r.lines(ctx, from, to)
	if err != nil {
		return "", err
	}
	alert := notify.Formatter{Instance: r.Host.Instance, Host: host.Hostname()}.Report(string(r.Period)+" report", lines)
	if stored, err := box.Report(ctx, alert, to, now); err != nil || stored {
		return "", err
	}
	return fmt.Sprintf("the %s report until %s has been stored already", r.Period, to.Local().Format("Mon 2006-01-02 15:04")), nil
}

func (r Report) lines(ctx context.Context, from, to time.Time) ([]string, error) {
	facts, err := look.Host(ctx, r.Host, r.Units, "")
	if err != nil {
		return nil, err
	}
	v := view.Of(facts)
	tallies, err := look.Window(ctx, r.Host, v, r.Boots, from, to)
	switch {
	case errors.Is(err, fs.ErrNotExist): // nothing has run yet
		tallies = []view.Tally{}
	case err != nil:
		v.NotSeen = append(v.NotSeen, "the runs: "+err.Error())
	}
	return view.Report(v, tallies, from, to), nil
}
