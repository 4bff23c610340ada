package view

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timeline"
)

// A morning of one profile: two good runs, three ticks while the host was off and
// a late run for them, a failed run, a tick during that, a run by hand, and a start
// for which nothing was due.
func morning() []Entry {
	run := func(id, started string, state montimer.RunState) montimer.Run {
		return montimer.Run{ID: id, Trigger: montimer.TriggerTimer, State: state, Started: at(started), Ended: at(started).Add(time.Minute)}
	}
	failed := run("4", "05:10", montimer.RunFailed)
	failed.Reason = "the disk is full"
	byHand := run("5", "08:30", montimer.RunOK)
	byHand.Trigger = montimer.TriggerManual
	notDue := run("6", "08:40", montimer.RunSkipped)
	notDue.Skip = montimer.SkipNotDue
	ticks := []timeline.Tick{
		{At: at("00:00"), State: timeline.OK, Run: run("1", "00:00", montimer.RunOK)},
		{At: at("01:00"), State: timeline.OK, Run: run("2", "01:00", montimer.RunOK)},
		{At: at("02:00"), State: timeline.HostDown, Instead: "4"},
		{At: at("03:00"), State: timeline.HostDown, Instead: "4"},
		{At: at("04:00"), State: timeline.HostDown, Instead: "4"},
		{At: at("05:00"), State: timeline.Failed, Run: failed, Late: 10 * time.Minute, CatchUp: true},
		{At: at("06:00"), State: timeline.Skipped, Instead: "4"},
	}
	return Entries("p", ticks, []montimer.Run{failed, byHand, notDue}, at("09:00"))
}

func shown(entries []Entry) (lines []string) {
	for _, e := range entries {
		lines = append(lines, strings.TrimSpace(e.At.Format("15:04 ")+e.Words()+" "+e.Note()))
	}
	return lines
}

func TestHistory(t *testing.T) {
	t.Setenv("TZ", "UTC")
	find := func(f Filter) map[string]bool {
		found := map[string]bool{}
		for _, e := range morning() {
			if e.Run != nil && f.OfTasks() {
				found[e.Run.ID] = f.Finds(montimer.TaskRun{Name: "disk", StderrTail: "no space left"}) ||
					e.Run.ID == "4" && f.Finds(montimer.TaskRun{Name: "mail"})
			}
		}
		return found
	}
	all := []string{
		"08:30 ok (by hand)",
		"06:00 skipped during run 4",
		"05:00 failed 10 min late; the disk is full",
		"02:00 host down × 3 until Fri 05-01 04:00:00; run 4 was started later for it",
		"01:00 ok",
		"00:00 ok",
	}
	for _, tt := range []struct {
		name   string
		filter Filter
		want   []string
		more   int
	}{
		{"all", Filter{}, all, 0},
		{"the newest two", Filter{Most: 2}, all[:2], 4},
		{"of some states, and how many more there are", Filter{Most: 1, States: []timeline.State{timeline.OK}}, all[:1], 2},
		{"a part of the day", Filter{Since: at("02:00"), Until: at("06:00")}, all[2:4], 0},
		{"a task", Filter{Task: "mail"}, all[2:3], 0},
		{"a text of the output", Filter{Match: regexp.MustCompile("space left$")}, []string{all[0], all[2], all[4], all[5]}, 0},
		{"a text of the reason", Filter{Match: regexp.MustCompile("disk is")}, all[2:3], 0},
		{"a text of a task's output", Filter{Task: "mail", Match: regexp.MustCompile(".")}, nil, 0},
	} {
		got, more := tt.filter.Choose(morning(), find(tt.filter))
		if diff := cmp.Diff(tt.want, shown(got)); diff != "" || more != tt.more {
			t.Errorf("%s: %d more\n%s", tt.name, more, diff)
		}
	}
}

func TestAsk(t *testing.T) {
	now := at("12:00")
	for _, tt := range []struct {
		ask   Ask
		since time.Time
		err   string
	}{
		{Ask{Since: "2h"}, at("10:00"), ""},
		{Ask{Since: "2026-04-30"}, at("00:00").AddDate(0, 0, -1), ""},
		{Ask{Since: "2026-04-30 13:30", Until: "1h"}, at("13:30").AddDate(0, 0, -1), ""},
		{Ask{Since: "yesterday"}, time.Time{}, "--since: \"yesterday\" is neither a time span (2h, 30d) nor a date"},
		{Ask{Since: "1h30"}, time.Time{}, "--since: "},
		{Ask{Since: "2h", Until: "noon"}, time.Time{}, "--until: "},
		{Ask{Since: "2h", States: []string{"bad"}}, time.Time{}, `--state: "bad" is none of failed, lost, missed, host_down`},
		{Ask{Since: "2h", Grep: "("}, time.Time{}, "--grep: "},
		{Ask{Since: "1h", Until: "2h"}, time.Time{}, "--since: 2026-05-01 11:00:00 is not before 2026-05-01 10:00:00, so nothing can match"},
		{Ask{Since: "2099-01-01"}, time.Time{}, "--since: "},
		{Ask{Since: "2h", Most: -1}, time.Time{}, "-n: "},
	} {
		f, err := tt.ask.Filter(now)
		switch {
		case tt.err == "" && (err != nil || !f.Since.Equal(tt.since)):
			t.Errorf("%+v: %v, %v", tt.ask, f.Since, err)
		case tt.err != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.err)):
			t.Errorf("%+v: %v", tt.ask, err)
		}
	}
	f, err := Ask{Since: "2h", Failed: true, Missed: true}.Filter(now)
	if want := []timeline.State{timeline.Failed, timeline.Lost, timeline.Missed, timeline.HostDown, timeline.Unknown}; err != nil || !cmp.Equal(f.States, want) {
		t.Errorf("%v, %v", f.States, err)
	}
}
