package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// fill adds n alerts to the database of a directory, with indexes or not. Most are
// a minute younger than the one before; some have the time of another.
func fill(t testing.TB, dir string, n int, indexes bool) {
	t.Helper()
	s := open(t, dir, Options{})
	if !indexes {
		for _, line := range query(t, s, "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'montimer_alert_events_%'") {
			if _, err := s.db.Exec("DROP INDEX " + line); err != nil {
				t.Fatal(err)
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	tx, err := s.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	insert, err := tx.Prepare(`INSERT INTO alert_events (created_at, source, protocol, channel, severity, message, delivery_status, metadata_json)
		VALUES (?, ?, ?, ?, ?, ?, ?, '{}')`)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		at := i
		if random.IntN(50) == 0 {
			at = random.IntN(n)
		}
		pick := func(values ...any) any { return values[random.IntN(len(values))] }
		_, err := insert.Exec(formatTime(tick.Add(time.Duration(at)*time.Minute)), pick("protocol", "protocol", "protocol", "crash", "ops_error"),
			pick("aave", "aave", "morpho", "yearn", "", "rare"), pick("aave", "errors", ""), pick(nil, "LOW", "MEDIUM", "HIGH", "CRITICAL"),
			fmt.Sprintf("alert %d", i), pick("delivered", "delivered", "delivered", "failed", "generated"))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// reading opens the alerts of a directory until the test ends.
func reading(t testing.TB, dir string) *Events {
	t.Helper()
	e := NewEvents(dir, "")
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func ids(t testing.TB, e *Events, f EventFilter) (all []string) {
	t.Helper()
	if err := e.Page(t.Context(), f, func(e Event) error { all = append(all, fmt.Sprint(e.ID)); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPage: a page has what one query with a sort by id returns, whatever the order
// of times and whether or not there are indexes.
func TestPage(t *testing.T) {
	t.Parallel()
	const rows, filters = 12_000, 150
	for _, indexes := range []bool{true, false} {
		dir := t.TempDir()
		fill(t, dir, rows, indexes)
		e := reading(t, dir)
		oracle := open(t, dir, Options{ReadOnly: true})
		random := rand.New(rand.NewPCG(3, 4))
		filled := 0
		for range filters {
			f := randomFilter(random, rows)
			var c conditions
			c.ids(window{0, max(f.Before, 1)})
			if f.Before == 0 {
				c.args[0] = int64(1) << 62
			}
			for _, equal := range f.equal() {
				c.add(equal.column+" = ?", equal.value)
			}
			c.times("created_at", f)
			want := query(t, oracle, fmt.Sprintf("SELECT id FROM alert_events %s ORDER BY id DESC LIMIT %d", c.where(), f.Limit), c.args...)
			if got := ids(t, e, f); !slices.Equal(got, want) {
				t.Fatalf("indexes %t, %s: %d rows %.60v, want %d rows %.60v", indexes, c.where(), len(got), got, len(want), want)
			}
			if len(want) == f.Limit {
				filled++
			}
		}
		if filled < filters/10 || filled > filters*9/10 {
			t.Errorf("%d of %d pages were full", filled, filters)
		}
	}
}

func randomFilter(random *rand.Rand, rows int) (f EventFilter) {
	choose := func(to **string, chance int, values ...string) {
		if random.IntN(chance) == 0 {
			value := values[random.IntN(len(values))]
			*to = &value
		}
	}
	choose(&f.Protocol, 2, "aave", "rare", "", "unknown")
	choose(&f.Severity, 2, "HIGH", "LOW")
	choose(&f.Source, 4, "protocol", "crash")
	choose(&f.Channel, 4, "errors", "aave")
	choose(&f.Status, 4, "failed", "delivered")
	at := func() int { return random.IntN(rows*5/4) - rows/8 }
	from := at()
	if random.IntN(2) == 0 {
		f.From = formatTime(tick.Add(time.Duration(from) * time.Minute))
	}
	if random.IntN(2) == 0 {
		f.To = formatTime(tick.Add(time.Duration(max(at(), from+1)) * time.Minute))
	}
	if random.IntN(3) == 0 {
		f.Before = int64(1 + random.IntN(rows))
	}
	f.Limit = []int{1, 10, 100, 500}[random.IntN(4)]
	return f
}

// TestPagePlans: no page sorts, and none looks at rows that an index leaves out. The
// plans are those of all queries that pages of many filters have made.
func TestPagePlans(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, 3_000, true)
	e := reading(t, dir)
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		ids(t, e, randomFilter(random, 3_000))
	}
	for _, source := range []*string{nil, new("crash")} {
		if err := e.Latest(t.Context(), time.Now(), source, func(LatestEvent) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	asked := map[string]bool{}
	for range mostReaders {
		r := <-e.opened.free
		if r == nil {
			continue
		}
		for text := range r.prepared {
			asked[text] = true
		}
		defer func() { e.opened.free <- r }()
	}
	if len(asked) < mostPrepared/2 {
		t.Errorf("only %d queries were asked", len(asked))
	}
	s := open(t, dir, Options{ReadOnly: true})
	for text := range asked {
		plan := planOf(t, s, text)
		switch {
		case strings.Contains(plan, "TEMP B-TREE"):
			t.Errorf("sorts: %s\n%s", text, plan)
		case strings.Contains(plan, "SCAN alert_events") && !strings.Contains(text, "max("):
			t.Errorf("looks at all rows: %s\n%s", text, plan)
		}
	}
	for _, c := range []struct{ conditions, plan string }{
		{"id < ?", "USING INTEGER PRIMARY KEY (rowid<?)"},
		{"id < ? AND protocol = ? AND severity = ?", "USING INDEX montimer_alert_events_protocol_severity (protocol=? AND severity=? AND rowid<?)"},
		{"id < ? AND protocol = ?", "USING INDEX montimer_alert_events_protocol (protocol=? AND rowid<?)"},
		{"id < ? AND severity = ?", "USING INDEX montimer_alert_events_severity (severity=? AND rowid<?)"},
		{"id < ? AND source = ?", "USING INDEX montimer_alert_events_source (source=? AND rowid<?)"},
		{"id >= ? AND id < ? AND +created_at >= ? AND +created_at < ?", "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		{"id >= ? AND id < ? AND protocol = ? AND severity = ? AND +created_at >= ?", "(protocol=? AND severity=? AND rowid>? AND rowid<?)"},
	} {
		text := "SELECT " + eventWhole + " FROM alert_events WHERE " + c.conditions + " ORDER BY id DESC LIMIT ?"
		if plan := planOf(t, s, text); !strings.Contains(plan, c.plan) {
			t.Errorf("%s: %s", c.conditions, plan)
		}
	}
	bounds := "SELECT min(id), max(id) FROM alert_events WHERE created_at >= ? AND created_at < ? AND id < ?"
	if plan := planOf(t, s, bounds); !strings.Contains(plan, "USING COVERING INDEX") {
		t.Errorf("%s: %s", bounds, plan)
	}
}

func planOf(t testing.TB, s *Store, text string) string {
	t.Helper()
	args := make([]any, strings.Count(text, "?"))
	if strings.Contains(text, "?1") {
		args = make([]any, 3)
	}
	var lines []string
	rows, err := s.db.Query("EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	lines, err = collect(rows, func(row scanner) (line string, err error) {
		var id, parent, unused int
		return line, row.Scan(&id, &parent, &unused, &line)
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// TestLatestEvents: each protocol has its newest alert and the counts of a day and a week,
// also after another process has written.
func TestLatestEvents(t *testing.T) {
	t.Parallel()
	const rows = 20_000 // of a minute each: a fortnight
	for _, indexes := range []bool{true, false} {
		dir := t.TempDir()
		fill(t, dir, rows, indexes)
		e := reading(t, dir)
		writer := open(t, dir, Options{})
		now := tick.Add(rows*time.Minute + 20*time.Second)
		for round := range 3 {
			for _, source := range []*string{nil, new("crash"), nil} {
				want := query(t, writer, `SELECT protocol, max(id) FROM alert_events WHERE ?1 IS NULL OR source = ?1 GROUP BY protocol ORDER BY protocol`, source)
				var got []string
				err := e.Latest(t.Context(), now, source, func(l LatestEvent) error {
					got = append(got, fmt.Sprintf("%s|%d", l.Protocol, l.ID))
					for i, severity := range EventSeverities {
						for since, n := range map[time.Duration]int64{24 * time.Hour: l.Day[i], 7 * 24 * time.Hour: l.Week[i]} {
							counted := query(t, writer, `SELECT count(*) FROM alert_events
								WHERE protocol = ? AND coalesce(severity, '') = ? AND created_at >= ? AND (?4 IS NULL OR source = ?4)`,
								l.Protocol, severity, formatTime(now.Truncate(time.Minute).Add(-since)), source)
							if counted[0] != fmt.Sprint(n) {
								t.Errorf("%s %s in %v: %d, want %s", l.Protocol, severity, since, n, counted[0])
							}
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				equal(t, got, want)
			}
			if _, err := writer.db.Exec(`INSERT INTO alert_events (created_at, source, protocol, severity, message) VALUES (?, 'crash', ?, 'HIGH', '')`,
				formatTime(now), fmt.Sprint("new ", round)); err != nil {
				t.Fatal(err)
			}
		}
	}
}
