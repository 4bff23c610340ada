package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// InForce records the timetable of a profile, and the commit at that time, unless
// it is the last one recorded.
func (s *Store) InForce(ctx context.Context, profile string, t montimer.Timetable, commit string) error {
	err := s.write(ctx, quick, func(tx *sql.Tx) error {
		return do(ctx, tx, `
			INSERT INTO montimer_timetables (profile, since, calendar, zone, at_boot, every, jitter, catch_up, digest, git_commit)
			SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
			WHERE ?9 IS NOT (SELECT digest FROM montimer_timetables WHERE profile = ?1 ORDER BY id DESC LIMIT 1)`,
			profile, formatTime(t.Since), t.Calendar(), t.Local.String(), t.Boot, int64(t.Every), int64(t.Jitter), t.CatchUp, t.Digest(), commit)
	})
	return s.explain("record the timetable", err)
}

// Timetables returns the timetables of all profiles, or of one, in the order in
// which they came into force. Events without a zone whose zone this host does not
// know are read in local. A row that others have spoiled is left out.
func (s *Store) Timetables(ctx context.Context, profile string, local *time.Location) (map[string][]montimer.Timetable, error) {
	rows, err := s.db.QueryContext(ctx, `
		SELECT profile, since, calendar, zone, at_boot IS 1, every, jitter, catch_up IS 1
		FROM montimer_timetables WHERE ?1 = '' OR profile = ?1 ORDER BY id`, profile)
	if err != nil {
		return nil, s.explain("read the timetables", err)
	}
	type row struct {
		profile, calendar, zone string
		montimer.Timetable
	}
	all, err := collect(rows, func(scan scanner) (r row, err error) {
		err = scan.Scan(&r.profile, timeColumn{&r.Since}, &r.calendar, &r.zone, &r.Boot, &r.Every, &r.Jitter, &r.CatchUp)
		return r, err
	})
	of := map[string][]montimer.Timetable{}
	for _, r := range all {
		if r.Local, err = time.LoadLocation(r.zone); err != nil || r.zone == "Local" {
			r.Local = local
		}
		var spoiled error
		if r.Events, spoiled = parseEvents(r.calendar); spoiled == nil {
			of[r.profile] = append(of[r.profile], r.Timetable)
		}
	}
	return of, s.explain("read the timetables", err)
}

func parseEvents(text string) (events []calendar.Event, err error) {
	for line := range strings.Lines(text) {
		e, err := calendar.Parse(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}
