package page

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

// host is a host as package look would read it.
type host struct {
	facts   view.Facts
	past    map[string]timeline.History
	changes map[string]*view.Change
	tasks   map[string][]montimer.TaskRun // by run
	alerts  []view.Alert
	err     error
}

func (h *host) Board(_ context.Context, profile, span string) (view.Board, error) {
	f, spans := h.facts, map[string]view.Span{}
	var known []string
	for _, p := range f.Profiles {
		known = append(known, p.Name)
		name := span
		if name == "" {
			if name = view.Month; p.Often(f.Now, 0) {
				name = view.Day
			}
		}
		spans[p.Name] = view.SpanOf(name, f.Now)
	}
	if profile != "" {
		f.Profiles = slices.DeleteFunc(slices.Clone(f.Profiles), func(p view.ProfileFacts) bool { return p.Name != profile })
		if len(f.Profiles) == 0 {
			return view.Board{}, &view.UnknownError{Err: fmt.Errorf("unknown profile %q", profile), Known: known}
		}
	}
	return view.BoardOf(f, h.past, spans, h.changes), h.err
}

func (h *host) History(_ context.Context, profile string, f view.Filter) ([]view.Entry, int, []string, error) {
	t := h.past[profile]
	ticks, _ := timeline.Ticks(t, f.Since, h.facts.Now, h.facts.Now)
	entries := view.Entries(profile, ticks, t.Runs, h.facts.Now)
	for _, e := range entries {
		if e.Run != nil && e.Run.State == montimer.RunFailed {
			e.Run.Tasks = view.Tasks(h.tasks[e.Run.ID])
		}
	}
	found := map[string]bool{}
	for id, tasks := range h.tasks {
		found[id] = slices.ContainsFunc(tasks, f.Finds)
	}
	chosen, more := f.Choose(entries, found)
	var notes []string
	if len(chosen) == 0 {
		notes = append(notes, f.Nothing(profile))
	}
	return chosen, more, notes, nil
}

func (h *host) Run(_ context.Context, id string) (*view.Run, *view.Change, error) {
	for name, t := range h.past {
		for _, r := range t.Runs {
			if r.ID == id {
				v := view.RunOf(r, h.facts.Now)
				v.Profile, v.Tasks = name, view.Tasks(h.tasks[id])
				v.Log, v.Journal = "montimer logs "+id, "journalctl _SYSTEMD_INVOCATION_ID="+id
				return v, h.changes[name], nil
			}
		}
	}
	return nil, nil, &view.UnknownError{Err: errors.New("no run " + id + " is recorded")}
}

func (h *host) Alerts(_ context.Context, ask view.AlertAsk) (all []view.Alert, err error) {
	for _, a := range h.alerts {
		if (ask.Severity == "" || ask.Severity == a.Severity) && (ask.Protocol == "" || ask.Protocol == a.Protocol) && (ask.Before == 0 || a.ID < ask.Before) && len(all) < ask.Most {
			all = append(all, a)
		}
	}
	return all, nil
}

// night is when the fixture is looked at: 02:14:07.
var night = time.Date(2026, 5, 4, 2, 14, 7, 0, time.Local)

// events reads calendar events.
func events(lines ...string) (all []calendar.Event) {
	for _, line := range lines {
		e, err := calendar.Parse(line)
		if err != nil {
			panic(err)
		}
		all = append(all, e)
	}
	return all
}

const (
	goodCommit = "4f0c2a9d1b7e4f0c2a9d1b7e4f0c2a9d1b7e4f0c"
	badCommit  = "b81d03c55a2fb81d03c55a2fb81d03c55a2fb81d"
)

// add adds a profile that has run at each tick of the last days, unless how changes
// a run or takes it away. ago is how old the tick is.
func (h *host) add(name, schedule, words string, days int, took time.Duration, how func(r *montimer.Run, ago time.Duration) (ran bool)) *view.ProfileFacts {
	now := h.facts.Now
	day := func(n float64) time.Time { return now.Add(-time.Duration(n * 24 * float64(time.Hour))) }
	table := montimer.Timetable{Since: day(float64(days)), Events: events(schedule), Local: time.Local}
	t := timeline.History{Timetables: []montimer.Timetable{table}, Boots: []timeline.Boot{
		{ID: "a", From: day(60), To: day(20)}, {ID: "b", From: day(18.5), To: day(12), ToIsEnd: true}, {ID: "c", From: day(9), To: now, ToIsEnd: true},
	}}
	p := view.ProfileFacts{Name: name, Recorded: true, Jobs: &montimer.Profile{Name: name, Enabled: true, Schedule: montimer.Schedule{Words: words}}}
	next, _ := calendar.Next(table.Events, now, time.Local)
	p.Timer = &view.Timer{Timetable: table, Load: "loaded", Active: "active", Sub: "waiting", ServiceLoad: "loaded", ActiveSince: table.Since, Next: next}
	n := 0
	for at, ok := calendar.Next(table.Events, table.Since, time.Local); ok && !at.After(now); at, ok = calendar.Next(table.Events, at, time.Local) {
		n++
		r := montimer.Run{
			ID: fmt.Sprintf("%08x%024x", len(h.facts.Profiles), n), Profile: name, Trigger: montimer.TriggerTimer, Scheduled: at, Attempt: 1,
			Started: at.Add(time.Second), State: montimer.RunOK, Commit: goodCommit, Host: "vps1",
		}
		r.Ended = r.Started.Add(took + took*time.Duration(n*7919%40)/100)
		up := slices.ContainsFunc(t.Boots, func(b timeline.Boot) bool { return !at.Before(b.From) && at.Before(b.To) })
		if !up || how != nil && !how(&r, now.Sub(at)) {
			continue
		}
		t.Runs = append(t.Runs, r)
		i := &p.Incident
		switch r.State {
		case montimer.RunOK:
			*i = montimer.Incident{LastGood: r}
		case montimer.RunFailed, montimer.RunLost:
			if i.Count++; i.Count == 1 {
				i.First = r
			}
			h.tasks[r.ID] = []montimer.TaskRun{
				{Name: "prices", Status: montimer.TaskOK, Attempts: 1, Started: r.Started, Duration: took / 2, StdoutTail: "42 prices are current"},
				{
					Name: "oracle", Status: montimer.TaskFailed, ExitCode: 1, Attempts: 2, Started: r.Started.Add(took / 2), Duration: took / 2,
					StderrTail: "Traceback (most recent call last):\n  File \"oracle.py\", line 31, in main\nKeyError: 'decimals'",
				},
			}
		case montimer.RunRunning:
			p.Running = r
			continue
		}
		i.Last = r
		if r.State != montimer.RunSkipped {
			p.Last = r
		}
	}
	h.past[name] = t
	h.facts.Profiles = append(h.facts.Profiles, p)
	return &h.facts.Profiles[len(h.facts.Profiles)-1]
}

func newHost() *host {
	return &host{
		facts: view.Facts{Host: "vps1", Now: night, Boot: night.AddDate(0, 0, -9), Target: "active"},
		past:  map[string]timeline.History{}, changes: map[string]*view.Change{}, tasks: map[string][]montimer.TaskRun{},
	}
}

// wellHost is one on which all is well.
func wellHost() *host {
	h := newHost()
	h.add("hourly", "hourly", "every hour, on the hour", 40, 40*time.Second, nil)
	h.add("prices", "*:0/10", "every 10 minutes", 2, 4*time.Second, nil)
	h.add("report", "03:30", "every day at 03:30", 40, 3*time.Minute, nil)
	return h
}

// badHost is one at night with all that can happen.
func badHost() *host {
	h := newHost()
	failed := func(r *montimer.Run) { r.State = montimer.RunFailed }
	h.add("hourly", "hourly", "every hour, on the hour", 40, 40*time.Second, func(r *montimer.Run, ago time.Duration) bool {
		switch {
		case ago < 3*time.Hour:
			failed(r)
			r.Commit = badCommit
		case ago > 11*time.Hour && ago < 12*time.Hour:
			r.State, r.Skip, r.Reason = montimer.RunSkipped, montimer.SkipOverlap, "it came while another run was under way"
		}
		return true
	})
	h.changes["hourly"] = &view.Change{From: goodCommit, To: badCommit, Subjects: []string{"Read the decimals from the oracle", "Bump web3 to 7.4"}}
	h.add("prices", "*:0/10", "every 10 minutes", 2, 4*time.Second, func(r *montimer.Run, ago time.Duration) bool {
		switch {
		case ago > 20*time.Hour && ago < 21*time.Hour, ago > 8*time.Hour && ago < 8*time.Hour+15*time.Minute:
			failed(r)
		case ago > 14*time.Hour && ago < 14*time.Hour+12*time.Minute:
			r.State, r.Reason = montimer.RunLost, "killed by the kernel"
		case ago > 4*time.Hour && ago < 6*time.Hour:
			return false // missed
		}
		return true
	})
	h.add("ledger", "0/6:05", "every 6 hours, at 5 minutes past", 40, 12*time.Minute, func(r *montimer.Run, ago time.Duration) bool {
		if ago < 3*time.Hour {
			r.State, r.Ended = montimer.RunRunning, time.Time{}
		}
		return true
	})
	h.add("report", "03:30", "every day at 03:30", 40, 3*time.Minute, func(r *montimer.Run, ago time.Duration) bool {
		if ago > 5*24*time.Hour && ago < 6*24*time.Hour {
			failed(r)
		}
		return true
	})
	h.add("backup", "Sun 01:15", "every Sunday at 01:15", 40, 20*time.Minute, nil)
	pause := h.add("sweep", "*:0/30", "every 30 minutes", 3, 9*time.Second, func(r *montimer.Run, ago time.Duration) bool {
		if ago < 5*time.Hour {
			r.State, r.Skip, r.Reason = montimer.RunSkipped, montimer.SkipPaused, "paused until 08:00"
		}
		return true
	})
	pause.Pause = montimer.Pause{Since: night.Add(-5 * time.Hour), Until: night.Truncate(time.Hour).Add(6 * time.Hour), Reason: "the node is being moved", By: "ana"}
	h.facts.Checkout = &view.Checkout{Commit: badCommit, Subject: "Read the decimals from the oracle"}
	h.facts.Findings = []view.Finding{{Text: "no heartbeat is set: nobody notices when this host is gone", Fix: "montimer doctor"}}
	for i, text := range []string{
		"*automation: hourly*\n1 of 2 tasks failed\noracle: exit 1\nKeyError: 'decimals'", "Large withdrawal: 1,204,331 USDC from vault 0x5f…e1", "Utilisation of the lending market is 97.2 %",
	} {
		h.alerts = append(h.alerts, view.Alert{
			ID: int64(812 - i), Created: night.Add(-time.Duration(i*47+14) * time.Minute).UTC().Format("2006-01-02T15:04:05.000000Z"), Text: text, Status: montimer.Delivered,
			Protocol: []string{"automation", "aave", "morpho"}[i], Source: []string{"automation_digest", "protocol", "protocol"}[i], Severity: []string{"", "HIGH", "MEDIUM"}[i],
		})
	}
	return h
}

// hostileHost is one of which every text that others write is an attack.
func hostileHost() *host {
	evil := `"><script>pwned=1</script><img src=x onerror=pwned=1><b class=evil onclick=pwned=1 style=position:fixed>` + "\x1b[31m\x00\u202e\u2028\xff" + `</title></svg></style>javascript:pwned=1 {{.}} &lt; 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0 `
	evil += strings.Repeat("W", 1<<20)
	h := badHost()
	f := &h.facts
	f.Host = evil
	f.Checkout = &view.Checkout{Commit: evil, Subject: evil}
	f.Findings = []view.Finding{{Text: evil, Fix: evil, Attention: true}, {Text: evil, Fix: evil}}
	f.NotSeen = []string{evil}
	h.changes["hourly"] = &view.Change{From: evil, To: "javascript:pwned=1", Subjects: []string{evil}}
	for i := range f.Profiles {
		p := &f.Profiles[i]
		p.Pause.Reason, p.Pause.By, p.Jobs.Schedule.Words = evil, evil, evil
	}
	for _, t := range h.past {
		for i := range t.Runs {
			t.Runs[i].Reason, t.Runs[i].Host, t.Runs[i].Commit = evil, evil, evil
		}
	}
	for id := range h.tasks {
		h.tasks[id] = []montimer.TaskRun{{Name: evil, Status: montimer.TaskStatus(evil), Error: evil, StdoutTail: evil, StderrTail: evil + strings.Repeat("\n.", 1<<10)}}
	}
	for i := range h.alerts {
		h.alerts[i] = view.Alert{
			ID: int64(i + 1), Created: evil, Source: evil, Protocol: evil, Channel: evil, Severity: evil, Text: evil, Status: montimer.DeliveryStatus(evil), Error: evil,
		}
	}
	return h
}
