package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/testenv"
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
		whole, _ := eventSelects()
		text := "SELECT " + whole + " FROM alert_events WHERE " + c.conditions + " ORDER BY id DESC LIMIT ?"
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

// TestLargeRows: a row that is too large neither breaks its page nor takes the
// memory of all.
func TestLargeRows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, 20, true)
	s := open(t, dir, Options{})
	for _, text := range []string{
		"UPDATE alert_events SET message = printf('%.*c', 3000000, 'x') WHERE id = 15",
		"UPDATE alert_events SET message = printf('%.*c', 1100000, 'y'), metadata_json = printf('%.*c', 40000, 'z') WHERE id = 5",
		"UPDATE alert_events SET protocol = 'large', message = CAST(x'00ff41' AS BLOB) WHERE id = 7",
		"UPDATE alert_events SET protocol = 'large', metadata_json = zeroblob(2000000) WHERE id = 8",
	} {
		if _, err := s.db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	e := reading(t, dir)
	found := map[int64]Event{}
	if err := e.Page(t.Context(), EventFilter{Limit: 100}, func(e Event) error { found[e.ID] = e; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(found) != 20 || found[20].Message != "alert 19" || found[15].Message != "(3000000 bytes)" || found[5].Message != "(1100000 bytes)" ||
		found[5].Metadata.String != "(40000 bytes)" || found[7].Message != "\x00\xffA" || found[8].Metadata.String != "(2000000 bytes)" || found[1].Message != "alert 0" {
		t.Errorf("%d rows: %.300v", len(found), found)
	}
	latest := ""
	if err := e.Latest(t.Context(), time.Now(), nil, func(l LatestEvent) error { latest += fmt.Sprint(l.ID, " "); return nil }); err != nil || !strings.Contains(latest, "8 ") {
		t.Errorf("latest: %s, %v", latest, err)
	}
}

// TestCancel: a request that has ended ends its query, which no index serves.
func TestCancel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, 100, true)
	s := open(t, dir, Options{})
	for range 8 { // 25,000 rows, of which a filter finds none
		if _, err := s.db.Exec("INSERT INTO alert_events (created_at, source, protocol, channel, message) SELECT created_at, source, 'p', 'c', message FROM alert_events LIMIT 50000"); err != nil {
			t.Fatal(err)
		}
	}
	e := reading(t, dir)
	protocol, channel := "p", "c"
	source := "none"
	f := EventFilter{Protocol: &protocol, Channel: &channel, Source: &source, Limit: 500}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Page(ctx, f, func(Event) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("ended before: %v", err)
	}
	f.Source = nil
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	n := 0
	err := e.Page(ctx, f, func(Event) error { n++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || n >= 500 {
		t.Errorf("ended meanwhile, after %d rows: %v", n, err)
	}
	if got := ids(t, e, EventFilter{Limit: 3}); len(got) != 3 {
		t.Errorf("afterwards: %v", got)
	}
}

// TestOtherFile: another database in the place of the one that is open is read from
// then on, and one that is made later is found.
func TestOtherFile(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	e := reading(t, dir)
	if err := e.Page(t.Context(), EventFilter{Limit: 1}, func(Event) error { return nil }); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	fill(t, dir, 3, true)
	if got := ids(t, e, EventFilter{Limit: 9}); len(got) != 3 {
		t.Errorf("made later: %v", got)
	}
	made, err := Open(t.Context(), other, Options{})
	if err == nil {
		_, err = made.db.Exec("INSERT INTO alert_events (created_at, source, protocol, message) VALUES ('', '', '', '')")
		err = errors.Join(err, made.Close())
	}
	if err == nil {
		err = os.Rename(filepath.Join(other, FileName), filepath.Join(dir, FileName))
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, FileName+suffix)))
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(t, e, EventFilter{Limit: 9}); len(got) != 1 {
		t.Errorf("replaced: %v", got)
	}
}

// TestExclusive: a database that another program has locked whole is busy, for all
// who wait at once.
func TestExclusive(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "sqlite3")
	dir := t.TempDir()
	python(t, dir)
	cmd := exec.Command("sqlite3", filepath.Join(dir, FileName))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(in, "PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; UPDATE alert_events SET silent = 0; SELECT 'held';")
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "held"; {
	}
	e := reading(t, dir)
	errs := make(chan error)
	for range 20 {
		go func() { errs <- e.Page(t.Context(), EventFilter{Limit: 1}, func(Event) error { return nil }) }()
	}
	for range 20 {
		if err := <-errs; !errors.Is(err, ErrBusy) {
			t.Errorf("while it is locked: %v", err)
		}
	}
	in.Close()
	cmd.Wait()
	for {
		err := e.Page(t.Context(), EventFilter{Limit: 1}, func(Event) error { return nil })
		if err == nil {
			break
		}
		if !errors.Is(err, ErrBusy) {
			t.Fatalf("once it is free: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestReadOnlyDirectory: who may write nothing in the directory reads the database
// nevertheless: while a writer lives, after it has ended, and after it was killed.
func TestReadOnlyDirectory(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "montimer") // that of the test is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	state := filepath.Join(dir, "state")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(state, 0o755)); err != nil {
		t.Fatal(err)
	}
	pages := func(when, want string) {
		t.Helper()
		for name, err := range map[string]error{"": os.Chmod(state, 0o555), FileName: os.Chmod(filepath.Join(state, FileName), 0o644)} {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		for _, suffix := range []string{"-wal", "-shm"} {
			_ = os.Chmod(filepath.Join(state, FileName+suffix), 0o644) // it may not be there
		}
		cmd := child("page", state)
		if os.Geteuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, err := cmd.Output()
		if err != nil || string(out) != want+"\n" {
			t.Errorf("%s: %s, %v, want %s", when, out, err, want)
		}
		if err := os.Chmod(state, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writer, err := Open(t.Context(), state, Options{})
	if err != nil {
		t.Fatal(err)
	}
	insert := func(s *Store) {
		t.Helper()
		if _, err := s.db.Exec("INSERT INTO alert_events (created_at, source, protocol, message) VALUES ('', '', '', '')"); err != nil {
			t.Fatal(err)
		}
	}
	insert(writer)
	pages("while a writer lives", "1 rows, 0 runs")
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	pages("after it has ended", "1 rows, 0 runs")
	killed := child("write", state)
	out, err := killed.StdoutPipe()
	if err == nil {
		err = killed.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && !strings.HasPrefix(lines.Text(), "ended"); {
	}
	killed.Process.Kill()
	killed.Wait()
	again, err := Open(t.Context(), state, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	runs, err := again.History(t.Context(), Filter{})
	if err != nil || len(runs) == 0 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	n := len(query(t, again, "SELECT id FROM alert_events"))
	again.Close()
	pages("after it was killed", fmt.Sprintf("%d rows, %d runs", n, len(runs)))
}

// pageAndSay reads a database by both ways.
func pageAndSay(dir string) error {
	e := NewEvents(dir, "")
	rows := 0
	err := e.Page(context.Background(), EventFilter{Limit: 1 << 20}, func(Event) error { rows++; return nil })
	if err != nil {
		return err
	}
	s, err := Open(context.Background(), dir, Options{ReadOnly: true})
	if err != nil {
		return err
	}
	runs, err := s.History(context.Background(), Filter{})
	if err = errors.Join(err, s.Close(), e.Close()); err == nil {
		err = fmt.Errorf("%d rows, %d runs", rows, len(runs))
	}
	return err
}
