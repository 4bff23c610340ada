package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// EventSeverities are those that Latest counts by; "": alerts that have none.
var EventSeverities = []string{"LOW", "MEDIUM", "HIGH", "CRITICAL", ""}

// LatestEvent is the newest alert of a protocol, and how many there were, by the
// place of their severity in EventSeverities.
type LatestEvent struct {
	Event
	Day, Week [5]int64
}

// mostProtocols bounds what is returned of a table whose protocols are no names.
const mostProtocols = 1000

// latestEvents finds the protocols by one look into an index for each, and counts in
// an index that has all that is asked for. A count is that of the week, and in the
// lower half that of the day. Of a source only (?3) they are the protocols that have
// any alert of it.
var latestEvents = sync.OnceValue(func() string {
	count := func(severity string) string {
		return `(SELECT (count(*) << 32) + coalesce(sum(created_at >= ?2), 0) FROM alert_events c
			WHERE c.protocol = p.name AND c.severity ` + severity + ` AND c.created_at >= ?1 AND (?3 IS NULL OR c.source = ?3))`
	}
	var counts []string
	for _, severity := range EventSeverities {
		if severity == "" {
			counts = append(counts, count("IS NULL"))
		} else {
			counts = append(counts, count("= '"+severity+"'"))
		}
	}
	return fmt.Sprintf(`WITH RECURSIVE p(name) AS (
			SELECT min(protocol) FROM alert_events
			UNION ALL SELECT (SELECT min(protocol) FROM alert_events n WHERE n.protocol > p.name) FROM p WHERE p.name IS NOT NULL LIMIT %d)
		SELECT %s, %s FROM p CROSS JOIN alert_events ON id = (
			SELECT id FROM alert_events l WHERE l.protocol = p.name AND (?3 IS NULL OR l.source = ?3) ORDER BY id DESC LIMIT 1)`,
		mostProtocols, "%s", strings.Join(counts, ", "))
})

// Latest calls yield for each protocol, by name, with its newest alert, and how many
// it had in the day and in the week before a time; with a source, only of that. In a
// database that nobody has written to since, the answer for the same minute is kept.
func (e *Events) Latest(ctx context.Context, now time.Time, source *string, yield func(LatestEvent) error) error {
	now = now.UTC().Truncate(time.Minute)
	return e.read(ctx, func(r *reader) error {
		all, err := r.latest(ctx, now, source)
		for _, one := range all {
			if err := yield(one); err != nil {
				return stopped{err}
			}
		}
		return err
	})
}

// keptLatest is what a reader knows already.
type keptLatest struct {
	version any // PRAGMA data_version: changes when another connection has written
	now     time.Time
	source  string
	all     []LatestEvent
}

func (r *reader) latest(ctx context.Context, now time.Time, source *string) ([]LatestEvent, error) {
	version, err := r.one(ctx, "PRAGMA data_version")
	if err != nil {
		return nil, err
	}
	asked := ""
	if source != nil {
		asked = "=" + *source
	}
	if k := r.kept; k.version == version && k.now.Equal(now) && k.source == asked {
		return k.all, nil
	}
	args := []any{formatTime(now.AddDate(0, 0, -7)), formatTime(now.AddDate(0, 0, -1)), source}
	whole, short := eventSelects()
	all, err := r.latestOf(ctx, whole, args)
	if tooLarge(err) {
		all, err = r.latestOf(ctx, short, args)
	}
	if err == nil {
		r.kept = keptLatest{version, now, asked, all}
	}
	return all, err
}

func (r *reader) latestOf(ctx context.Context, columns string, args []any) (all []LatestEvent, err error) {
	rows, err := r.query(ctx, fmt.Sprintf(latestEvents(), columns), args)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var values [13]any
	var counts [5]int64
	into := make([]any, 0, len(values)+len(counts))
	for i := range values {
		into = append(into, &values[i])
	}
	for i := range counts {
		into = append(into, &counts[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		l := LatestEvent{Event: eventOf(&values)}
		for i, n := range counts {
			l.Week[i], l.Day[i] = n>>32, n&(1<<32-1)
		}
		all = append(all, l)
	}
	return all, errors.Join(rows.Err(), rows.Close())
}
