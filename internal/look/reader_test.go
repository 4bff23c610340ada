package look

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

// TestBoard: of a profile that runs often a day is read, of another one a month, and
// each tick has the state that the history gives it.
func TestBoard(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h := montimer.Host{Checkout: dir, JobsFile: filepath.Join(dir, "jobs.yaml"), StateDir: dir, UnitDir: filepath.Join(dir, "units"), EnvFile: filepath.Join(dir, "env"), User: me.Username}
	const jobs = "profiles:\n  often: { cron: '0 * * * *', tasks: [{ name: t, command: 'true' }] }\n  rare: { cron: '5 4 * * *', tasks: [{ name: t, command: 'true' }] }\n"
	if err := os.WriteFile(h.JobsFile, []byte(jobs), 0o644); err != nil {
		t.Fatal(err)
	}
	r := &Reader{Host: h, Units: host.Source{Getenv: func(string) string { return "" }}}
	if b, err := r.Board(t.Context(), "often", ""); err != nil || len(b.Rows) != 1 || b.Rows[0].Bars != nil {
		t.Errorf("nothing has run yet: %+v, %v", b.Rows, err)
	}
	if alerts, err := r.Alerts(t.Context(), view.AlertAsk{Most: 1}); err != nil || alerts != nil {
		t.Errorf("nothing has run yet: %v, %v", alerts, err)
	}

	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	ids := map[string][]string{}
	for name, p := range map[string]struct {
		event  string
		since  time.Duration
		failed int // of the newest runs
	}{"often": {"hourly", 30 * time.Hour, 2}, "rare": {"04:05", 35 * 24 * time.Hour, 0}} {
		event, err := calendar.Parse(p.event)
		if err != nil {
			t.Fatal(err)
		}
		table := montimer.Timetable{Since: now.Add(-p.since), Events: []calendar.Event{event}, Local: time.Local}
		if err := s.InForce(t.Context(), name, table, ""); err != nil {
			t.Fatal(err)
		}
		var ticks []time.Time
		for at, ok := calendar.Next(table.Events, table.Since, time.Local); ok && at.Before(now); at, ok = calendar.Next(table.Events, at, time.Local) {
			ticks = append(ticks, at)
		}
		for i, at := range ticks {
			run := montimer.Run{
				ID: fmt.Sprintf("%s%026d", map[string]string{"often": "0f0f0f", "rare": "0a0a0a"}[name], i), Profile: name, Trigger: montimer.TriggerTimer, Scheduled: at,
				Started: at.Add(time.Second), Ended: at.Add(5 * time.Second), State: montimer.RunOK, Commit: "aaaa",
			}
			if i >= len(ticks)-p.failed {
				run.State, run.Commit = montimer.RunFailed, "cccc"
			}
			if i == len(ticks)-5 {
				continue // missed, or the host was off
			}
			ids[name] = append(ids[name], run.ID)
			if err := s.Finish(t.Context(), run, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.AddCommits(t.Context(), []montimer.Commit{{ID: "aaaa", Subject: "first"}, {ID: "bbbb", Subject: "second"}, {ID: "cccc", Subject: "third"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Enqueue(t.Context(), &montimer.Alert{Kind: montimer.AlertPage, Text: "something", Created: now}); err != nil {
		t.Fatal(err)
	}
	s.Close()

	b, err := r.Board(t.Context(), "", "")
	if err != nil || len(b.Rows) != 2 {
		t.Fatalf("%+v, %v", b, err)
	}
	if again, err := r.Board(t.Context(), "", ""); err != nil || time.Since(b.At) < fresh && !again.At.Equal(b.At) {
		t.Errorf("read again at once: %v and %v, %v", b.At, again.At, err)
	}
	for _, row := range b.Rows {
		if want := map[string]string{"often": view.Day, "rare": view.Month}[row.Name]; row.Span.Name != want {
			t.Errorf("%s: %s, want %s", row.Name, row.Span.Name, want)
		}
		got, want := drawn(row), recorded(t, r, row)
		if got != want { // a tick may have passed between
			again, err := r.board(t.Context(), row.Name, "")
			if err != nil {
				t.Fatal(err)
			}
			got, want = drawn(again.Rows[0]), recorded(t, r, again.Rows[0])
		}
		if got != want || len(row.Bars) < 3 || row.Took.P50 != 4*time.Second {
			t.Errorf("%s: %s, the history has %s; %+v", row.Name, got, want, row.Took)
		}
	}
	const change = "{From:aaaa To:cccc Subjects:[third second] More:false}"
	if c := b.Rows[0].Change; b.Rows[0].Name != "often" || c == nil || fmt.Sprintf("%+v", *c) != change {
		t.Errorf("%s changed by %+v", b.Rows[0].Name, c)
	}
	run, c, err := r.Run(t.Context(), ids["often"][len(ids["often"])-1])
	if err != nil || run.Profile != "often" || c == nil || fmt.Sprintf("%+v", *c) != change {
		t.Errorf("run %+v, %+v, %v", run, c, err)
	}
	if _, c, err := r.Run(t.Context(), ids["rare"][3]); err != nil || c == nil || c.From != c.To || c.Subjects != nil {
		t.Errorf("a run like the one before: %+v, %v", c, err)
	}
	if alerts, err := r.Alerts(t.Context(), view.AlertAsk{Most: 5}); err != nil || len(alerts) != 1 || alerts[0].Text != "something" {
		t.Errorf("%+v, %v", alerts, err)
	}
	if alerts, err := r.Alerts(t.Context(), view.AlertAsk{Most: 5, Severity: "HIGH"}); err != nil || alerts != nil {
		t.Errorf("%+v, %v", alerts, err)
	}
	var unknown *view.UnknownError
	if _, err := r.Board(t.Context(), "none", ""); !errors.As(err, &unknown) || len(unknown.Known) != 2 {
		t.Errorf("an unknown profile: %v", err)
	}
	if _, _, err := r.Run(t.Context(), "0123456789abcdef0123456789abcdef"); !errors.As(err, &unknown) {
		t.Errorf("an unknown run: %v", err)
	}
}

// drawn counts the ticks of a row by their states, recorded those of its history.
func drawn(row view.Row) string {
	n := map[timeline.State]int{}
	for _, bar := range row.Bars {
		for state, of := range bar.Count {
			n[state] += of
		}
	}
	return fmt.Sprint(n)
}

func recorded(t *testing.T, r *Reader, row view.Row) string {
	entries, _, _, err := r.History(t.Context(), row.Name, view.Filter{Since: row.Span.From})
	if err != nil {
		t.Fatal(err)
	}
	n := map[timeline.State]int{}
	for _, e := range entries {
		n[e.State] += e.Ticks
	}
	return fmt.Sprint(n)
}
