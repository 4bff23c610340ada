package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/montimer/montimer"
)

// Latest is what the runs of a profile say of its state.
type Latest struct {
	Incident montimer.Incident // without Reported
	Running  montimer.Run      // the newest that is recorded as running
	Served   montimer.Run      // the last that was not skipped and has ended, by the timer or by hand
	// Least is the shortest of the newest good runs of the timer. So many of them
	// are at least that long that no percentile of Typical is less. 0: there are
	// too few among the newest runs.
	Least time.Duration
}

// latest asks for many profiles at once: to prepare a statement takes longer than
// to run it. Its conditions are those of incident. The + keeps SQLite to the index
// that has the runs in order, and where the last run is good, no other is read:
// each of its pages costs as much as a run. julianday is exact to 0.1 ms.
const latest = `
	WITH of AS (SELECT value AS profile FROM json_each(?1)),
	last AS MATERIALIZED (SELECT profile, (SELECT seq FROM montimer_runs r
		WHERE r.profile = of.profile AND +trigger = 'timer' AND +state <> 'running' ORDER BY seq DESC LIMIT 1) AS last FROM of),
	good AS MATERIALIZED (SELECT profile, last, CASE
		WHEN (SELECT state FROM montimer_runs WHERE seq = last) = 'ok' THEN last
		ELSE coalesce((SELECT max(seq) FROM montimer_runs r WHERE r.profile = last.profile AND trigger = 'timer' AND state = 'ok'), 0) END AS seq FROM last)
	SELECT profile, seq, last,
		CASE WHEN last > seq THEN (SELECT count(*) FROM montimer_runs r WHERE r.profile = good.profile AND trigger = 'timer' AND state IN ('failed', 'lost') AND r.seq > good.seq) END,
		CASE WHEN last > seq THEN (SELECT min(seq) FROM montimer_runs r WHERE r.profile = good.profile AND trigger = 'timer' AND state IN ('failed', 'lost') AND r.seq > good.seq) END,
		(SELECT seq FROM montimer_runs r WHERE r.profile = good.profile AND state = 'running' ORDER BY +seq DESC LIMIT 1),
		(SELECT seq FROM montimer_runs r WHERE r.profile = good.profile AND +state NOT IN ('running', 'skipped') ORDER BY seq DESC LIMIT 1),
		(SELECT CASE WHEN count(*) = ?2 THEN CAST(1000 * 86400 * min(julianday(ended_at) - julianday(started_at)) AS INTEGER) END FROM (
			SELECT started_at, ended_at FROM (SELECT trigger, state, started_at, ended_at FROM montimer_runs r WHERE r.profile = good.profile ORDER BY seq DESC LIMIT 2 * ?2)
			WHERE trigger = 'timer' AND state = 'ok' LIMIT ?2))
	FROM good`

// Latest returns the state of profiles, by their names; also of those that have
// no run.
func (s *Store) Latest(ctx context.Context, profiles []string) (map[string]Latest, error) {
	names, err := json.Marshal(profiles)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, latest, string(names), leastLong)
	if err != nil {
		return nil, s.explain("read the last runs", err)
	}
	type found struct {
		profile                                   string
		good, last, count, first, running, served *int64
		least                                     *int64
	}
	all, err := collect(rows, func(row scanner) (f found, err error) {
		err = row.Scan(&f.profile, &f.good, &f.last, &f.count, &f.first, &f.running, &f.served, &f.least)
		return f, err
	})
	if err != nil {
		return nil, s.explain("read the last runs", err)
	}
	var wanted []int64
	for _, f := range all {
		for _, seq := range []*int64{f.good, f.last, f.first, f.running, f.served} {
			if seq != nil {
				wanted = append(wanted, *seq)
			}
		}
	}
	runs, err := s.bySeq(ctx, wanted)
	if err != nil {
		return nil, s.explain("read the last runs", err)
	}
	of := make(map[string]Latest, len(all))
	run := func(seq *int64) montimer.Run {
		if seq == nil {
			return montimer.Run{}
		}
		return runs[*seq]
	}
	for _, f := range all {
		l := Latest{
			Incident: montimer.Incident{LastGood: run(f.good), Last: run(f.last), First: run(f.first)},
			Running:  run(f.running), Served: run(f.served),
		}
		if f.count != nil {
			l.Incident.Count = int(*f.count)
		}
		if f.least != nil {
			l.Least = max(0, time.Duration(*f.least)*time.Millisecond)
		}
		of[f.profile] = l
	}
	return of, nil
}

// bySeq returns runs by their number.
func (s *Store) bySeq(ctx context.Context, wanted []int64) (map[int64]montimer.Run, error) {
	slices.Sort(wanted)
	numbers, err := json.Marshal(slices.Compact(wanted))
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, "SELECT seq, "+runColumns+" FROM montimer_runs WHERE seq IN (SELECT value FROM json_each(?))", string(numbers))
	if err != nil {
		return nil, err
	}
	runs := map[int64]montimer.Run{}
	_, err = collect(rows, func(row scanner) (none struct{}, err error) {
		var seq int64
		r, err := scanRun(prefixed{row, &seq})
		runs[seq] = r
		return none, err
	})
	return runs, err
}

// prefixed is a row that has another column before those that are asked for.
type prefixed struct {
	row   scanner
	first any
}

func (p prefixed) Scan(into ...any) error { return p.row.Scan(append([]any{p.first}, into...)...) }

// leastLong is how many of mostTypical runs may be longer than their 95th
// percentile, or as long.
const leastLong = mostTypical - mostTypical*95/100

// At least leastTypical good runs say what is typical, and the newest mostTypical
// are enough.
const (
	leastTypical = 20
	mostTypical  = 300
)

// Typical returns the 95th percentile of the durations of good runs of a timer
// that began since a time; 0: there are too few.
func (s *Store) Typical(ctx context.Context, profile string, since time.Time) (time.Duration, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT started_at, ended_at FROM montimer_runs
		WHERE profile = ? AND trigger = 'timer' AND state = 'ok' ORDER BY seq DESC LIMIT ?`, profile, mostTypical)
	if err != nil {
		return 0, s.explain("read the durations of runs", err)
	}
	all, err := collect(rows, func(row scanner) (d time.Duration, err error) {
		var started, ended time.Time
		err = row.Scan(timeColumn{&started}, timeColumn{&ended})
		if started.Before(since) {
			return -1, err
		}
		return ended.Sub(started), err
	})
	all = slices.DeleteFunc(all, func(d time.Duration) bool { return d < 0 })
	if err != nil || len(all) < leastTypical {
		return 0, s.explain("read the durations of runs", err)
	}
	slices.Sort(all)
	return all[len(all)*95/100], nil
}
