package store

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/montimer/montimer"
)

// play records the runs of a profile, one tick after the other. A letter is a
// run: o ok, f failed and reported, q failed and quiet, l lost, i interrupted,
// s skipped, r still running; in capitals one by hand. Its id is its place.
func play(t testing.TB, s *Store, profile, history string) {
	t.Helper()
	for n, letter := range history {
		run := timerRun(fmt.Sprintf("%s%d", profile, n), n)
		run.Profile = profile
		if letter < 'a' {
			run.Trigger, letter = montimer.TriggerManual, letter+'a'-'A'
		}
		run.State = map[rune]montimer.RunState{
			'o': montimer.RunOK, 'f': montimer.RunFailed, 'q': montimer.RunFailed, 'l': montimer.RunLost,
			'i': montimer.RunInterrupted, 's': montimer.RunSkipped, 'r': montimer.RunRunning,
		}[letter]
		run.Ended = run.Started.Add(time.Second)
		var alert *montimer.Alert
		if letter == 'f' {
			alert = &montimer.Alert{RunID: run.ID, Text: run.ID}
		}
		var err error
		switch letter {
		case 's':
			err = s.Skip(t.Context(), run)
		case 'r':
			_, err = s.Begin(t.Context(), run)
		default:
			err = s.Finish(t.Context(), run, alert)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestIncident(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	for i, test := range []struct {
		history           string
		count             int
		first, good, told string // ids
	}{
		{"", 0, "", "", ""},
		{"o", 0, "", "0", ""},
		{"oo", 0, "", "1", ""},
		{"f", 1, "0", "", "0"},
		{"of", 1, "1", "0", "1"},
		{"ofqfq", 4, "1", "0", "3"},
		{"qq", 2, "0", "", ""},
		{"ffo", 0, "", "2", ""},
		{"ffol", 1, "3", "2", ""},
		{"osisf", 1, "4", "0", "4"},
		{"ofr", 1, "1", "0", "1"},
		{"ofOF", 1, "1", "0", "1"},
		{"FOo", 0, "", "2", ""},
	} {
		profile := fmt.Sprintf("p%d-", i)
		play(t, s, profile, test.history)
		got, err := s.Incident(t.Context(), profile)
		if err != nil {
			t.Fatal(err)
		}
		id := func(place string) string {
			if place == "" {
				return ""
			}
			return profile + place
		}
		if got.Count != test.count || got.First.ID != id(test.first) || got.LastGood.ID != id(test.good) || got.Reported.ID != id(test.told) {
			t.Errorf("%q: count %d, first %q, last good %q, told %q; want %+v",
				test.history, got.Count, got.First.ID, got.LastGood.ID, got.Reported.ID, test)
		}
		latest, err := s.Latest(t.Context(), []string{"none", profile})
		if got.Reported = (montimer.Run{}); err != nil || !reflect.DeepEqual(latest[profile].Incident, got) {
			t.Errorf("%q: %+v, %v; the incident is %+v", test.history, latest[profile].Incident, err, got)
		}
	}
}

// TestReported holds that a run with a dropped alert was not reported, nor were
// those folded into it; one with a pruned row was.
func TestReported(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		settle func(s *Store, a []montimer.Alert) error
		told   string
	}{
		{"waiting", func(*Store, []montimer.Alert) error { return nil }, "a3"},
		{"sent", func(s *Store, a []montimer.Alert) error { return s.Delivered(t.Context(), a[2], "", tick) }, "a3"},
		{"given up", func(s *Store, a []montimer.Alert) error {
			return s.Drop(t.Context(), a[2], montimer.DeliveryFailed, "x")
		}, "a2"},
		{"debug", func(s *Store, a []montimer.Alert) error { return s.Drop(t.Context(), a[2], montimer.SkippedDebug, "") }, "a2"},
		{"nowhere to go", func(s *Store, a []montimer.Alert) error {
			return errors.Join(s.Drop(t.Context(), a[2], montimer.SkippedCredentials, ""), s.Drop(t.Context(), a[1], montimer.SkippedCredentials, ""))
		}, "a1"},
		{"none", func(s *Store, a []montimer.Alert) (err error) {
			for _, a := range a {
				err = errors.Join(err, s.Drop(t.Context(), a, montimer.DeliveryFailed, ""))
			}
			return err
		}, ""},
		{"folded", func(s *Store, a []montimer.Alert) error { return s.Fold(t.Context(), a[1], a[2:]) }, "a3"},
		{"folded into what was given up", func(s *Store, a []montimer.Alert) error {
			return errors.Join(s.Fold(t.Context(), a[1], a[2:]), s.Drop(t.Context(), a[1], montimer.DeliveryFailed, ""))
		}, "a1"},
		{"pruned", func(s *Store, a []montimer.Alert) error {
			_, err := s.db.Exec("DELETE FROM alert_events")
			return errors.Join(s.Drop(t.Context(), a[2], montimer.DeliveryFailed, ""), err)
		}, "a3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir(), Options{})
			play(t, s, "a", "offf")
			alerts, err := s.Pending(t.Context())
			if err == nil {
				err = test.settle(s, alerts)
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Incident(t.Context(), "a")
			if err != nil || got.Reported.ID != test.told || got.Count != 3 {
				t.Errorf("told %q of %d, want %q: %v", got.Reported.ID, got.Count, test.told, err)
			}
		})
	}
}

func TestLastOfTimer(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	for i, test := range []struct{ history, last string }{
		{"", ""}, {"r", ""}, {"F", ""}, {"o", "0"}, {"os", "1"}, {"ofOr", "1"}, {"i", "0"},
	} {
		profile := fmt.Sprintf("p%d-", i)
		play(t, s, profile, test.history)
		run, ended, ok, err := s.LastOfTimer(t.Context(), profile)
		if err != nil {
			t.Fatal(err)
		}
		if ok != (test.last != "") || ok && run.ID != profile+test.last {
			t.Errorf("%q: %+v, %t", test.history, run, ok)
		}
		if !ok || run.State == montimer.RunSkipped {
			continue
		}
		now := Now()
		if ended.Boot != now.Boot || ended.Boot == "" || ended.Since > now.Since || now.Since-ended.Since > time.Minute {
			t.Errorf("%q ended at %+v, now it is %+v", test.history, ended, now)
		}
	}
}

func TestRunning(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	play(t, s, "other", "r")
	for i, test := range []struct{ history, running string }{
		{"", ""}, {"of", ""}, {"orf", "1"}, {"rR", "1"},
	} {
		profile := fmt.Sprintf("p%d-", i)
		play(t, s, profile, test.history)
		latest, err := s.Latest(t.Context(), []string{profile})
		run := latest[profile].Running
		if ok := run.ID != ""; err != nil || ok != (test.running != "") || ok && run.ID != profile+test.running {
			t.Errorf("%q: %+v, %v", test.history, run, err)
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	play(t, s, "a", "ofo")
	play(t, s, "b", "sf")
	for _, test := range []struct {
		name   string
		filter Filter
		want   []string
	}{
		{"all", Filter{}, []string{"b1", "b0", "a2", "a1", "a0"}},
		{"limit", Filter{Limit: 2}, []string{"b1", "b0"}},
		{"profile", Filter{Profile: "a"}, []string{"a2", "a1", "a0"}},
		{"failed", Filter{State: montimer.RunFailed}, []string{"b1", "a1"}},
		{"since", Filter{Since: tick.Add(time.Minute)}, []string{"b1", "a2", "a1"}},
		{"all of it", Filter{Profile: "a", State: montimer.RunOK, Since: tick, Limit: 1}, []string{"a2"}},
	} {
		runs, err := s.History(t.Context(), test.filter)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range runs {
			ids = append(ids, r.ID)
		}
		if diff := cmp.Diff(test.want, ids, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ history, left string }{
		{"", ""},
		{"o", "0"},
		{"oooo", "3"},
		{"offff", "0 1 4"},
		{"ffff", "0 3"},
		{"fofoff", "3 4 5"},
		{"ofOs", "0 1 3"},
		{"rsss", "0 3"},
		{"oFFF", "0 3"},
		{"qqqo", "3"},
	} {
		t.Run(test.history, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir(), Options{})
			play(t, s, "", test.history)
			before, err := s.Incident(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.db.Exec("INSERT INTO montimer_days VALUES ('2026-11-30', 1000)"); err != nil {
				t.Fatal(err)
			}
			var gone int64
			for range 2 * len(test.history) {
				n, err := s.Prune(t.Context(), Keep{Days: 1}, 1)
				if err != nil || n > 1 {
					t.Fatal(n, err)
				}
				gone += n
			}
			equal(t, query(t, s, "SELECT coalesce(group_concat(id, ' '), '') FROM (SELECT id FROM montimer_runs ORDER BY seq)"), []string{test.left})
			after, err := s.Incident(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			after.Count, after.Reported, before.Count, before.Reported = 0, montimer.Run{}, 0, montimer.Run{}
			equal(t, after, before)
		})
	}

	s := open(t, t.TempDir(), Options{})
	play(t, s, "", "oooo")
	if err := s.TaskEnded(t.Context(), "1", montimer.TaskRun{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec("INSERT INTO montimer_days VALUES ('2026-11-30', 3)"); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Prune(t.Context(), Keep{Days: 1}, 100); n != 2 || err != nil {
		t.Errorf("pruned %d, %v; want the two of before", n, err)
	}
	equal(t, query(t, s, "SELECT count(*) FROM montimer_task_runs"), []string{"0"})
}

// TestPruneWrongClock records three runs a day, and holds that no clock that is
// wrong takes more of the history than the days on which it was wrong, that what
// it has recorded is pruned later, and that the fewest are kept.
func TestPruneWrongClock(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	keep := Keep{Days: 10, Runs: 12}
	for name, tt := range map[string]struct {
		wrong func(n int) time.Duration // by how much the clock is wrong in the n-th run
		fewer int                       // runs that are left then, than with a clock that is right
	}{
		"right":                        {func(int) time.Duration { return 0 }, 0},
		"one run in 100 days":          {once(100 * day), 3},
		"one run in ten years":         {once(3653 * day), 3},
		"one run in 1970":              {once(-20_000 * day), 3},
		"one run in 290 years":         {once(290 * 365 * day), 3},
		"ten years ahead from then on": {func(n int) time.Duration { return 3653 * day * time.Duration(n/50) }, 3},
		"ten years back from then on":  {func(n int) time.Duration { return -3653 * day * time.Duration(n/50) }, 3},
		"anything at any time":         {func(n int) time.Duration { return time.Duration(n*7919%1000) * 10 * day }, 18},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir(), Options{})
			fewest := 1000
			for n := range 90 {
				at := tick.Add(time.Duration(n) * 8 * time.Hour).Add(tt.wrong(n))
				run := montimer.Run{ID: fmt.Sprint(n), Profile: "p", Trigger: montimer.TriggerTimer, Scheduled: at, Started: at, Ended: at, State: montimer.RunOK}
				if err := s.Finish(t.Context(), run, nil); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Prune(t.Context(), keep, 500); err != nil {
					t.Fatal(err)
				}
				if left := count(t, s, "montimer_runs"); n >= 45 {
					fewest = min(fewest, left)
				}
			}
			if want := 28 - tt.fewer; fewest < want-1 || fewest < keep.Runs {
				t.Errorf("%d runs were left, want %d", fewest, want)
			}
			if left := count(t, s, "montimer_runs"); left > 30+3 {
				t.Errorf("%d runs are never pruned", left)
			}
			if days := count(t, s, "montimer_days"); days > keep.Runs+1 {
				t.Errorf("%d days are never pruned", days)
			}
		})
	}
}

// once is a clock that is wrong in the 50th run alone.
func once(by time.Duration) func(int) time.Duration {
	return func(n int) time.Duration {
		if n == 50 {
			return by
		}
		return 0
	}
}

// count returns how many rows a table has.
func count(t *testing.T, s *Store, table string) int {
	t.Helper()
	n, err := strconv.Atoi(query(t, s, "SELECT count(*) FROM "+table)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
