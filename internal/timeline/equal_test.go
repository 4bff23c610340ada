package timeline_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

// TestEqual looks at the host of TestYear on many days of its year, and holds that
// status, history, the metrics and the report say the same, in what they write, and
// that it is what really happened by then: every 14th day, and twice a day in what
// is rare. A soak looks ten times as often, at six years.
func TestEqual(t *testing.T) {
	t.Parallel()
	seeds, pause, hours := uint64(1), 331*time.Hour+37*time.Minute, 12
	if testenv.Soak() {
		seeds, pause, hours = 6, 31*time.Hour+37*time.Minute, 4
	}
	overdue := map[string]int{}
	for seed := range seeds {
		w := newWorld(seed, seed%2 == 0)
		next := w.now.AddDate(0, 0, 3)
		w.watch = func() {
			rare := (!w.timer || w.paused || w.stands()) && w.now.Minute() == 29 && w.now.Hour()%hours == 1
			if !w.up || w.now.Before(next) && !rare {
				return
			}
			next = w.now.Add(pause)
			for _, fault := range w.compare(overdue) {
				t.Errorf("seed %d, %s: %s", seed, w.now, fault)
			}
		}
		w.live()
	}
	t.Logf("overdue: %v", overdue)
	if overdue["0"] < 20 || overdue["1"] < 5 {
		t.Errorf("overdue: %v proves little", overdue)
	}
}

// compare returns what is not equal now.
func (w *world) compare(overdue map[string]int) (faults []string) {
	expect := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			faults = append(faults, fmt.Sprintf("%s: %v, not %v", what, got, want))
		}
	}
	month := time.Date(w.now.Year(), w.now.Month(), 1, 0, 0, 0, 0, time.UTC)
	ticks := w.ticks
	first, _ := slices.BinarySearchFunc(ticks, month, time.Time.Compare)
	known := w.since(month)

	// History, as its JSON has it.
	history := w.entries(known, month)
	states, want := map[timeline.State]int{}, map[timeline.State]int{}
	var newest view.Entry
	for _, e := range history {
		states[e.State] += e.Ticks
		if e.Run != nil && e.State != timeline.Skipped && e.State != timeline.Paused && (newest.Run == nil || e.Run.Started.After(newest.Run.Started)) {
			newest = e
		}
	}
	delete(states, "") // runs by hand have no tick
	for _, at := range ticks[first:] {
		want[w.truth[at]]++
	}
	for _, s := range timeline.States {
		expect("history, ticks "+string(s), states[s], want[s])
	}

	// Status, as its JSON has it, for the same facts.
	overview := w.overview(known)
	var p struct {
		Last   struct{ Run string } `json:"last_run"`
		Failed int                  `json:"failed_runs"`
		State  view.ProfileState    `json:"state"`
	}
	recode(overview.Profiles[0], &p)
	if newest.Run != nil {
		expect("status, the last run", p.Last.Run, newest.Run.ID)
	}
	expect("status, failed runs", p.Failed, w.failures())
	missing := w.timer && w.stands()
	expect("status, overdue", p.State == view.Overdue, missing && !w.paused && w.failures() == 0)

	// The metrics, as text. The newest tick does not count yet.
	from := max(0, first-1)
	settled := map[timeline.State]int{}
	for _, at := range ticks[from:max(from, len(ticks)-1)] {
		settled[w.truth[at]]++
	}
	since := view.CountersSince(w.now)
	tally := view.Count("p", view.Settled(only(timeline.Ticks(known, ticks[from], w.now, w.now)), since), known.Runs, since)
	metrics := sample(view.Metrics(overview, []view.Tally{tally}, view.Build{}))
	for _, s := range view.NoRun {
		expect("metrics, ticks "+string(s), metrics[fmt.Sprintf(`montimer_ticks_missed_total{profile="p",reason="%s"}`, s)], settled[s])
	}
	for _, s := range view.Ended {
		expect("metrics, runs "+string(s), metrics[fmt.Sprintf(`montimer_runs_total{profile="p",state="%s"}`, s)], w.ended(s, month))
	}
	now := metrics[`montimer_profile_overdue{profile="p"}`]
	expect("metrics, overdue", now, map[bool]string{true: "1", false: "0"}[!w.paused && (!w.timer || missing)])
	overdue[now]++

	// The report of the same time.
	tally = view.Count("p", only(timeline.Ticks(known, month, w.now, w.now)), known.Runs, month)
	words := view.Report(overview, []view.Tally{tally}, month, w.now)[1]
	for s, text := range map[timeline.State]string{timeline.Missed: `, (\d+) missed(,|$)`, timeline.HostDown: `(\d+) missed while the host was off`} {
		expect("report, ticks "+string(s), number(text, words), want[s])
	}
	failed := w.ended(montimer.RunFailed, month) + w.ended(montimer.RunLost, month) + w.ended(montimer.RunInterrupted, month)
	expect("report, runs", number(`(\d+) runs?`, words), failed+w.ended(montimer.RunOK, month))
	expect("report, failed", number(`(\d+) failed`, words), failed)
	return faults
}

// since returns what would be read for a month: with the runs of the days before.
func (w *world) since(month time.Time) timeline.History {
	h := w.history
	i, _ := slices.BinarySearchFunc(h.Runs, month.AddDate(0, 0, -8), func(r montimer.Run, at time.Time) int { return r.Started.Compare(at) })
	h.Runs = h.Runs[i:]
	return h
}

// entries returns the history, through its JSON.
func (w *world) entries(h timeline.History, since time.Time) (all []view.Entry) {
	runs := slices.DeleteFunc(slices.Clone(h.Runs), func(r montimer.Run) bool { return r.Started.Before(since) })
	recode(view.Entries("p", only(timeline.Ticks(h, since, w.now, w.now)), runs, w.now), &all)
	return all
}

// overview is made of the facts that systemd and the database would give.
func (w *world) overview(h timeline.History) view.Overview {
	p := view.ProfileFacts{
		Name: "p", Jobs: &montimer.Profile{Name: "p", Enabled: true}, Recorded: true,
		Timer: &view.Timer{
			Timetable: w.history.Timetables[len(w.history.Timetables)-1], Load: "loaded", ServiceLoad: "loaded",
			Active: map[bool]string{true: "active", false: "inactive"}[w.timer], ActiveSince: w.activated,
		},
	}
	if w.scheduled.After(w.activated) { // when the files of the timer changed
		p.Timer.Changed = w.scheduled
	}
	for _, r := range h.Runs {
		switch {
		case r.State == montimer.RunRunning:
			p.Running = r
			continue
		case r.State != montimer.RunSkipped:
			p.Last = r
		}
		if r.Trigger != montimer.TriggerTimer {
			continue
		}
		switch p.Incident.Last = r; r.State {
		case montimer.RunOK:
			p.Incident = montimer.Incident{LastGood: r, Last: r}
		case montimer.RunFailed, montimer.RunLost:
			if p.Incident.Count++; p.Incident.Count == 1 {
				p.Incident.First = r
			}
		}
	}
	if w.paused {
		p.Pause = montimer.Pause{Until: w.now.Add(time.Hour)}
	}
	return view.Of(view.Facts{Now: w.now, Boot: w.history.Boots[w.boot].From, Target: "active", Profiles: []view.ProfileFacts{p}})
}

// failures is how many runs of the timer have failed or died since the last good
// one: by the ticks, which is another way than overview's.
func (w *world) failures() (n int) {
	for _, r := range slices.Backward(w.history.Runs) {
		if r.Scheduled.IsZero() {
			continue
		}
		switch w.truth[r.Scheduled] {
		case timeline.OK:
			return n
		case timeline.Failed:
			if r.State == montimer.RunFailed {
				n++
			}
		case timeline.Lost:
			n++
		}
	}
	return n
}

// stands reports whether a tick has been missed since the timer was started, its
// schedule was changed and anything was recorded.
func (w *world) stands() bool {
	last := w.activated
	if w.scheduled.After(last) {
		last = w.scheduled
	}
	for _, r := range w.history.Runs[max(0, len(w.history.Runs)-20):] {
		for _, at := range []time.Time{r.Scheduled, r.Started} {
			if r.Trigger == montimer.TriggerTimer && at.After(last) {
				last = at
			}
		}
	}
	for _, at := range slices.Backward(w.ticks) {
		if !at.After(last) {
			break
		}
		if w.truth[at] == timeline.Missed {
			return true
		}
	}
	return false
}

// ended counts the runs of a state that ended since a time.
func (w *world) ended(state montimer.RunState, since time.Time) (n int) {
	for _, e := range w.over {
		if e.state == state && !e.at.Before(since) {
			n++
		}
	}
	return n
}

// recode turns a value into JSON and back.
func recode(from, into any) {
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		panic(err)
	}
}

// sample reads the text format.
func sample(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok && name != "#" {
			values[name] = value
		}
	}
	return values
}

// number returns the number that a pattern finds in a text; 0: it finds none.
func number(pattern, text string) int {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

func only(ticks []timeline.Tick, _ time.Time) []timeline.Tick { return ticks }
