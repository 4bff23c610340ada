package store

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// TestTypical: the 95th percentile of the good runs of the timer, if there are
// enough of them; and the last run of any kind that was not skipped.
func TestTypical(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	begin := time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)
	typical := func(since time.Time) time.Duration {
		d, err := s.Typical(t.Context(), "p", since)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	put := func(id string, at time.Time, took time.Duration, change func(*montimer.Run)) {
		run := montimer.Run{ID: id, Profile: "p", Trigger: montimer.TriggerTimer, State: montimer.RunOK, Started: at, Ended: at.Add(took)}
		change(&run)
		if err := s.Finish(t.Context(), run, nil); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 20 {
		equal(t, typical(begin), time.Duration(0))
		put(fmt.Sprint(n), begin.Add(time.Duration(n)*time.Hour), time.Duration(n+1)*time.Second, func(*montimer.Run) {})
	}
	equal(t, typical(begin), 20*time.Second)
	equal(t, typical(begin.Add(time.Hour)), time.Duration(0))
	later := begin.AddDate(0, 0, 1)
	put("failed", later, time.Hour, func(r *montimer.Run) { r.State = montimer.RunFailed })
	put("by hand", later, time.Hour, func(r *montimer.Run) { r.Trigger = montimer.TriggerManual })
	put("skipped", later, time.Hour, func(r *montimer.Run) { r.State, r.Skip = montimer.RunSkipped, montimer.SkipPaused })
	equal(t, typical(begin), 20*time.Second)
	latest, err := s.Latest(t.Context(), []string{"p", "other"})
	if err != nil || latest["p"].Served.ID != "by hand" || latest["p"].Least.Round(10*time.Millisecond) != 6*time.Second {
		t.Errorf("%+v, %v", latest["p"], err)
	}
	if other, ok := latest["other"]; !ok || !reflect.DeepEqual(other, Latest{}) {
		t.Errorf("another profile: %+v", latest)
	}
	// The first run ended an hour after the boot, the others later.
	if _, err := s.db.Exec("UPDATE montimer_runs SET ended_boottime = ?1 * CASE id WHEN '0' THEN 1 ELSE 3 END", int64(time.Hour)); err != nil {
		t.Fatal(err)
	}
	boots, err := s.BootRuns(t.Context(), begin, time.Time{})
	if err != nil || len(boots) != 1 || boots[0].Boot != Now().Boot || !boots[0].From.Equal(begin.Add(time.Second-time.Hour)) || !boots[0].To.Equal(later.Add(time.Hour)) {
		t.Errorf("%+v, %v", boots, err)
	}
}
