package look

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
	"github.com/montimer/montimer/taskexec"
)

// Jobs reads jobs.yaml. The error is [jobsfile.ErrInvalid] if it has mistakes.
func (r *Reader) Jobs(ctx context.Context) (montimer.Jobs, error) {
	f, err := jobsfile.Read(ctx, r.Host, jobsfile.Options{})
	if err == nil {
		err = f.Err(strings.Clone)
	}
	return f.Jobs, err
}

// Monitoring reads monitoring.yaml.
func (r *Reader) Monitoring(context.Context) (jobs.Monitoring, error) {
	return jobsfile.ReadMonitoring(r.Host)
}

// counted is what metrics are made of.
type counted struct {
	view.Overview
	tallies []view.Tally
}

// Counted reads the state of the host, and counts the runs and ticks of the month.
func (r *Reader) Counted(ctx context.Context) (view.Overview, []view.Tally, error) {
	c, err := r.counted.get(ctx, func() (counted, error) {
		v, tallies, err := Counted(ctx, r.Host, r.Units, r.pastBoots(ctx))
		return counted{v, tallies}, errors.Join(err, ctx.Err())
	})
	return c.Overview, c.tallies, err
}

// mostJudged is how many ticks and runs of a profile are judged for one answer: one
// each ten seconds for a day.
const mostJudged = 10_000

// Timeline reads how the ticks of a profile ended in a time. The error is a
// [*view.UnknownError] if there is no such profile.
func (r *Reader) Timeline(ctx context.Context, profile string, from, to time.Time) (v view.Timeline, err error) {
	if err := r.judging.take(ctx); err != nil {
		return v, err
	}
	defer r.judging.give()
	now := time.Now()
	v = view.Timeline{Profile: profile, From: from.UTC(), To: to.UTC(), Stretches: []view.Stretch{}, NotSeen: []string{}}
	var past past
	s, err := store.Open(ctx, r.Host.StateDir, store.Options{ReadOnly: true, Instance: r.Host.Instance})
	if err == nil {
		defer closing(s, &err)
		past, err = readPast(ctx, s, profile, from, to, mostJudged)
	} else if errors.Is(err, fs.ErrNotExist) { // nothing has run yet
		err = nil
	}
	if err != nil {
		return v, err
	}
	if len(past.runs[profile]) == 0 && past.tables[profile] == nil {
		unseen, err := isKnown(ctx, r.Host, profile)
		if unseen != "" {
			v.NotSeen = append(v.NotSeen, "whether there is a profile "+profile+": "+unseen)
		}
		var unknown *taskexec.UnknownError
		if errors.As(err, &unknown) {
			err = &view.UnknownError{Err: err, Known: unknown.Known}
		}
		return v, err
	}
	err = past.each(ctx, r.Host.Instance, r.pastBoots(ctx), now, func(_ string, t timeline.History, until time.Time) {
		if until.After(to) {
			until = to
		}
		t.Most = mostJudged
		ticks, all := timeline.Ticks(t, past.since, until, now)
		if all.After(from) {
			v.Since = all.UTC()
		}
		v.Stretches = view.Stretches(ticks)
	})
	if err != nil {
		v.NotSeen = append(v.NotSeen, "systemd: "+err.Error())
	}
	return v, nil
}

// Runs reads runs, the newest first, each that failed with the tasks that did. The
// error is [store.ErrNoRun] if there is no run that they are to be before.
func (r *Reader) Runs(ctx context.Context, f store.Filter) (all []*view.Run, err error) {
	s, err := store.Open(ctx, r.Host.StateDir, store.Options{ReadOnly: true, Instance: r.Host.Instance})
	if errors.Is(err, fs.ErrNotExist) && f.Before == "" { // nothing has run yet
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer closing(s, &err)
	runs, err := s.History(ctx, f)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	all = make([]*view.Run, len(runs))
	for i, run := range runs {
		all[i] = view.RunOf(run, now)
		all[i].Profile = run.Profile
	}
	return all, addFailed(ctx, s, all)
}
