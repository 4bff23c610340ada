package timeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// at reads a time of 2026-05-01, or of the day that it names.
func at(s string) time.Time {
	layout := "2006-01-02 15:04:05"
	if len(s) == len("15:04") {
		s = "2026-05-01 " + s + ":00"
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		panic(err)
	}
	return t
}

func events(texts ...string) (all []calendar.Event) {
	for _, text := range texts {
		e, err := calendar.Parse(text)
		if err != nil {
			panic(err)
		}
		all = append(all, e)
	}
	return all
}

func run(id, scheduled, started, ended string, state montimer.RunState) montimer.Run {
	r := montimer.Run{ID: id, Trigger: montimer.TriggerTimer, Attempt: 1, Started: at(started), State: state}
	if scheduled != "" {
		r.Scheduled = at(scheduled)
	}
	if ended != "" {
		r.Ended = at(ended)
	}
	return r
}

// show writes ticks as a table of the day: time, state, run, what stands for it.
func show(ticks []Tick) string {
	var b strings.Builder
	for _, t := range ticks {
		fmt.Fprintf(&b, "%s %s", t.At.UTC().Format("15:04"), t.State)
		if t.Run.ID != "" {
			fmt.Fprintf(&b, " %s", t.Run.ID)
		}
		if t.CatchUp {
			fmt.Fprintf(&b, " late %s", t.Late)
		}
		if t.Instead != "" {
			fmt.Fprintf(&b, " instead %s", t.Instead)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

var day = Boot{ID: "b", From: at("00:00"), To: at("20:00")}

func TestTicks(t *testing.T) {
	hourly := montimer.Timetable{Since: at("00:00"), Events: events("*:00"), Local: time.UTC}
	skipped := run("s", "04:00", "04:30", "04:30", montimer.RunSkipped)
	skipped.Skip = montimer.SkipOverlap
	waited := run("w", "01:00", "01:00", "02:10", montimer.RunSkipped)
	waited.Skip = montimer.SkipOverlap
	notDue := run("n", "03:00", "03:30", "03:30", montimer.RunSkipped)
	notDue.Skip = montimer.SkipNotDue
	served := run("n", "02:00", "02:30", "02:30", montimer.RunSkipped)
	served.AlreadyServed, served.Skip, served.Attempt = true, montimer.SkipNotDue, 2
	paused := run("p", "03:00", "03:00", "03:00", montimer.RunSkipped)
	paused.Skip = montimer.SkipPaused
	byHand := run("m", "", "02:30", "03:30", montimer.RunOK)
	byHand.Trigger = montimer.TriggerManual
	again := run("2", "02:00", "02:10", "02:20", montimer.RunOK)
	again.Attempt = 2
	off := []Boot{{ID: "a", From: at("00:00"), To: at("01:30"), ToIsEnd: true}, {ID: "b", From: at("04:10"), To: at("20:00")}}
	cut := []Boot{{ID: "a", From: at("00:00"), To: at("01:30")}, {ID: "b", From: at("04:10"), To: at("20:00")}}

	for name, c := range map[string]struct {
		h        History
		now      string
		expected string
	}{
		"nothing is known before the first schedule": {
			History{Timetables: []montimer.Timetable{{Since: at("03:30"), Events: hourly.Events, Local: time.UTC}}, Boots: []Boot{day}}, "04:30",
			"04:00 missed\n",
		},
		"the states of runs": {
			History{Timetables: []montimer.Timetable{hourly}, Boots: []Boot{day}, Runs: []montimer.Run{
				run("1", "01:00", "01:00", "01:10", montimer.RunOK), run("2", "02:00", "02:00", "02:01", montimer.RunFailed),
				paused, run("4", "04:00", "04:00", "04:01", montimer.RunLost), run("5", "05:00", "05:00", "", montimer.RunRunning),
			}}, "06:30",
			"00:00 missed\n01:00 ok 1\n02:00 failed 2\n03:00 paused p\n04:00 lost 4\n05:00 running 5\n06:00 skipped instead 5\n",
		},
		"a tick that may still be served": {
			History{Timetables: []montimer.Timetable{{Since: at("00:30"), Events: hourly.Events, Local: time.UTC, Jitter: 10 * time.Minute}}, Boots: []Boot{day}}, "02:10",
			"01:00 missed\n",
		},
		"ticks during a run, of which one is recorded": {
			History{Timetables: []montimer.Timetable{hourly}, Boots: []Boot{day}, Runs: []montimer.Run{
				run("0", "00:00", "00:00", "00:01", montimer.RunOK), run("1", "01:00", "01:00", "04:30", montimer.RunOK), skipped,
			}}, "04:45",
			"00:00 ok 0\n01:00 ok 1\n02:00 skipped instead 1\n03:00 skipped instead 1\n04:00 skipped s instead 1\n",
		},
		"a tick before systemd has started the run of the one before": {
			History{Timetables: []montimer.Timetable{{Since: at("00:30"), Events: hourly.Events, Local: time.UTC}}, Boots: []Boot{day}, Runs: []montimer.Run{
				run("1", "01:00", "02:01", "02:02", montimer.RunOK), run("3", "03:00", "03:00", "03:01", montimer.RunOK),
			}}, "03:30",
			"01:00 ok 1 late 1h1m0s\n02:00 skipped instead 1\n03:00 ok 3\n",
		},
		"a run that a power cut ended, and that was found lost in the next boot": {
			History{Timetables: []montimer.Timetable{hourly}, Boots: off, Runs: []montimer.Run{
				run("0", "00:00", "00:00", "00:01", montimer.RunOK), run("1", "01:00", "01:00", "05:01", montimer.RunLost), run("5", "05:00", "05:00", "05:01", montimer.RunOK),
			}}, "05:30",
			"00:00 ok 0\n01:00 lost 1\n02:00 host_down\n03:00 host_down\n04:00 host_down\n05:00 ok 5\n",
		},
		"a lost run of a boot that only runs prove": {
			History{Timetables: []montimer.Timetable{hourly}, Boots: []Boot{{ID: "a", From: at("00:00"), To: at("00:01")}, {ID: "b", From: at("04:10"), To: at("20:00")}}, Runs: []montimer.Run{
				run("0", "00:00", "00:00", "00:01", montimer.RunOK), run("1", "01:00", "01:00", "05:01", montimer.RunLost), run("5", "05:00", "05:00", "05:01", montimer.RunOK),
			}}, "05:30",
			"00:00 ok 0\n01:00 lost 1\n02:00 unknown\n03:00 unknown\n04:00 unknown\n05:00 ok 5\n",
		},
		"ticks while one waited that was skipped in the end": {
			History{Timetables: []montimer.Timetable{{Since: at("00:30"), Events: hourly.Events, Local: time.UTC}}, Boots: []Boot{day}, Runs: []montimer.Run{waited}}, "03:30",
			"01:00 skipped w\n02:00 skipped instead w\n03:00 missed\n",
		},
		"a missed tick before one that was served a moment ago": {
			History{Timetables: []montimer.Timetable{{Since: at("00:30"), Events: events("*:*"), Local: time.UTC, Jitter: 5 * time.Minute}}, Boots: []Boot{day}, Runs: []montimer.Run{
				run("1", "00:32", "00:32", "00:32", montimer.RunOK),
			}}, "00:33",
			"00:30 missed\n00:31 missed\n00:32 ok 1\n",
		},
		"a paused tick during a run": {
			History{Timetables: []montimer.Timetable{{Since: at("02:30"), Events: hourly.Events, Local: time.UTC}}, Boots: []Boot{day}, Runs: []montimer.Run{byHand, paused}}, "03:45",
			"03:00 paused p\n",
		},
		"a run by hand": {
			History{Timetables: []montimer.Timetable{{Since: at("02:30"), Events: hourly.Events, Local: time.UTC}}, Boots: []Boot{day}, Runs: []montimer.Run{byHand}}, "03:45",
			"03:00 skipped instead m\n",
		},
		"a second attempt": {
			History{Timetables: []montimer.Timetable{{Since: at("01:30"), Events: hourly.Events, Local: time.UTC}}, Boots: []Boot{day}, Runs: []montimer.Run{
				run("1", "02:00", "02:00", "02:01", montimer.RunInterrupted), again, served,
			}}, "02:45",
			"02:00 ok 2 late 10m0s\n",
		},
		"a late run stands for the ticks while the host was off": {
			History{Timetables: []montimer.Timetable{hourly}, Boots: off, Runs: []montimer.Run{
				run("0", "00:00", "00:00", "00:01", montimer.RunOK), run("1", "01:00", "01:00", "01:01", montimer.RunOK), run("4", "04:00", "04:11", "04:12", montimer.RunOK),
			}}, "04:45",
			"00:00 ok 0\n01:00 ok 1\n02:00 host_down instead 4\n03:00 host_down instead 4\n04:00 ok 4 late 11m0s\n",
		},
		"nothing is late without catch_up": {
			History{Timetables: []montimer.Timetable{{Since: at("01:30"), Events: hourly.Events, Local: time.UTC}}, Boots: []Boot{day}, Runs: []montimer.Run{notDue}}, "03:45",
			"02:00 missed\n03:00 missed\n",
		},
		"the end of a boot is not known": {
			History{Timetables: []montimer.Timetable{{Since: at("00:30"), Events: hourly.Events, Local: time.UTC}}, Boots: cut}, "05:30",
			"01:00 missed\n02:00 unknown\n03:00 unknown\n04:00 unknown\n05:00 missed\n",
		},
		"the journal of a container has another boot id": {
			History{Timetables: []montimer.Timetable{{Since: at("00:30"), Events: hourly.Events, Local: time.UTC}}, Boots: Boots(
				Boot{"kernel", at("00:00"), at("05:30"), true}, Boot{"journal", at("00:10"), at("02:30"), true},
			)}, "03:30",
			"01:00 missed\n02:00 missed\n03:00 missed\n",
		},
		"a pause that no run has met": {
			History{Timetables: []montimer.Timetable{{Since: at("00:30"), Events: hourly.Events, Local: time.UTC}}, Boots: []Boot{day}, Pauses: []Pause{{at("01:30"), at("03:00")}}}, "03:30",
			"01:00 missed\n02:00 paused\n03:00 missed\n",
		},
		"a run that does not know its tick": {
			History{Timetables: []montimer.Timetable{{Since: at("00:30"), Events: hourly.Events, Local: time.UTC}}, Boots: []Boot{day}, Runs: []montimer.Run{run("1", "", "02:00", "02:05", montimer.RunOK)}}, "03:30",
			"01:00 missed\n02:00 ok 1\n03:00 missed\n",
		},
		"a change of the schedule": {
			History{Timetables: []montimer.Timetable{hourly, {Since: at("01:30"), Events: events("*:45"), Local: time.UTC}, {Since: at("03:00")}}, Boots: []Boot{day}}, "06:00",
			"00:00 missed\n01:00 missed\n01:45 missed\n02:45 missed\n",
		},
		"at boot": {
			History{Timetables: []montimer.Timetable{{Since: at("00:00"), Boot: true}}, Boots: append(slices.Clone(off), Boot{ID: "c", From: at("21:00"), To: at("22:00")}), Runs: []montimer.Run{
				run("1", "", "04:11", "04:12", montimer.RunFailed),
			}}, "22:00",
			"00:00 missed\n04:10 failed 1\n21:00 missed\n",
		},
		"an interval": {
			History{Timetables: []montimer.Timetable{{Since: at("00:00"), Every: 30 * time.Minute}}, Boots: off, Runs: []montimer.Run{
				run("1", "", "00:30", "00:31", montimer.RunOK), run("2", "", "01:00", "01:10", montimer.RunFailed),
				run("3", "", "04:40", "04:41", montimer.RunOK), run("4", "", "05:10", "06:55", montimer.RunOK), run("5", "", "06:56", "06:57", montimer.RunOK),
			}}, "08:00",
			"00:30 ok 1\n01:00 failed 2\n01:30 host_down\n02:00 host_down\n02:30 host_down\n03:00 host_down\n03:30 host_down\n04:00 host_down\n" +
				"04:40 ok 3\n05:10 ok 4\n06:56 ok 5\n07:26 missed\n07:56 missed\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			ticks, _ := Ticks(c.h, at("00:00"), at("23:59"), at(c.now))
			if got := show(ticks); got != c.expected {
				t.Errorf("got\n%swant\n%s", got, c.expected)
			}
		})
	}
}

func TestSpans(t *testing.T) {
	ticks := []Tick{
		{At: at("01:00"), State: OK}, {At: at("02:00"), State: OK}, {At: at("03:00"), State: HostDown}, {At: at("04:00"), State: HostDown},
		{At: at("05:00"), State: Skipped, Instead: "1"}, {At: at("06:00"), State: Skipped, Instead: "2"},
		{At: at("07:00"), State: Paused, Run: montimer.Run{Reason: "a"}}, {At: at("08:00"), State: Paused, Run: montimer.Run{Reason: "b"}},
	}
	var got []string
	for _, s := range Spans(ticks) {
		got = append(got, fmt.Sprintf("%s %s-%s %d", s.State, s.From.Format("15"), s.To.Format("15"), len(s.Ticks)))
	}
	want := []string{"ok 01-02 2", "host_down 03-04 2", "skipped 05-05 1", "skipped 06-06 1", "paused 07-07 1", "paused 08-08 1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestBoots(t *testing.T) {
	got := Boots(
		Boot{"b", at("05:00"), at("06:00"), false}, Boot{"a", at("01:00"), at("02:00"), false},
		Boot{"a", at("00:59"), at("03:00"), true}, Boot{"b", at("05:01"), at("09:00"), false}, Boot{"c", at("08:00"), at("10:00"), true},
	)
	want := []Boot{{"a", at("00:59"), at("03:00"), true}, {"b", at("05:00"), at("09:00"), false}, {"c", at("08:00"), at("10:00"), true}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
