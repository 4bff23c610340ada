package store

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

func TestTimetables(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	table := func(since string, events ...string) montimer.Timetable {
		at, err := parseTime(since)
		if err != nil {
			t.Fatal(err)
		}
		table := montimer.Timetable{Since: at, Local: berlin, Jitter: 5 * time.Second, CatchUp: true}
		for _, text := range events {
			e, err := calendar.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			table.Events = append(table.Events, e)
		}
		return table
	}
	first := table("2026-05-01T00:00:00Z", "*-*-* 04:30", "Mon *-*-* 12:00 UTC")
	again := first
	again.Since = first.Since.AddDate(0, 1, 0)
	second := table("2026-07-01T00:00:00Z", "hourly")
	interval := montimer.Timetable{Since: first.Since, Local: time.UTC, Boot: true, Every: 10 * time.Second}
	for _, put := range []struct {
		profile string
		montimer.Timetable
	}{{"a", first}, {"b", interval}, {"a", again}, {"a", second}, {"a", first}} {
		if err := s.InForce(t.Context(), put.profile, put.Timetable, "c0ffee"); err != nil {
			t.Fatal(err)
		}
	}
	same := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
	got, err := s.Timetables(t.Context(), "", time.UTC)
	want := map[string][]montimer.Timetable{"a": {first, second, first}, "b": {interval}}
	if diff := cmp.Diff(want, got, same); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}

	execute(t, dir, "UPDATE montimer_timetables SET calendar = 'nonsense' WHERE id = 1; UPDATE montimer_timetables SET zone = 'Nowhere/Land' WHERE id = 3")
	got, err = s.Timetables(t.Context(), "a", time.UTC)
	second.Local = time.UTC
	if diff := cmp.Diff(map[string][]montimer.Timetable{"a": {second, first}}, got, same); diff != "" || err != nil {
		t.Errorf("spoiled rows: %v\n%s", err, diff)
	}
}

// Before version 9 only the reason of a skipped run said why it was.
func TestMigrationOfSkipCauses(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/schema/7.sql")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	causes := map[montimer.SkipCause]string{
		montimer.SkipPaused:   "paused until Mon 2026-11-30 12:00 UTC: disk (root)",
		montimer.SkipOverlap:  "the tick of 10:00:00, and one before it, came while run 1 was under way, from 09:00:00 to 10:01:00",
		montimer.SkipNotDue:   "nothing is due: this boot already had its run",
		montimer.SkipDisabled: "the profile is disabled",
		"":                    "something else",
	}
	for cause, reason := range causes {
		data = fmt.Appendf(data, "INSERT INTO montimer_runs (id, profile, trigger, attempt, started_at, state, reason) VALUES ('%s', '%[1]s', 'timer', 1, '2026-11-30T08:00:00.000000Z', 'skipped', '%s');\n", cause, reason)
	}
	execute(t, dir, string(data))
	s := open(t, dir, Options{})
	for cause := range causes {
		if run, err := s.Run(t.Context(), string(cause)); err != nil || run.Skip != cause {
			t.Errorf("%q: %+v, %v", cause, run, err)
		}
	}
}

// TestPruneTimetables: what a kept run may need stays.
func TestPruneTimetables(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	begin := time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)
	for day := range 4 {
		table := montimer.Timetable{Since: begin.AddDate(0, 0, day), Local: time.UTC, Every: time.Duration(day+1) * time.Minute}
		if err := s.InForce(t.Context(), "a", table, ""); err != nil {
			t.Fatal(err)
		}
		for n := range 2 {
			at := table.Since.Add(time.Duration(n+1) * time.Hour)
			run := montimer.Run{ID: fmt.Sprint(day, n), Profile: "a", Trigger: montimer.TriggerTimer, State: montimer.RunOK, Started: at, Ended: at}
			if err := s.Finish(t.Context(), run, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Prune(t.Context(), Keep{Days: 2}, 100); err != nil {
				t.Fatal(err)
			}
		}
	}
	equal(t, query(t, s, "SELECT DISTINCT substr(started_at, 1, 10) FROM montimer_runs ORDER BY 1"), []string{"2026-05-03", "2026-05-04"})
	equal(t, query(t, s, "SELECT substr(since, 1, 10) FROM montimer_timetables ORDER BY 1"), []string{"2026-05-03", "2026-05-04"})
}
