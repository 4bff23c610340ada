package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/diff"
	"github.com/montimer/montimer/internal/explain"
	"github.com/montimer/montimer/internal/imports"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/listing"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/view"
)

// TestJSONForms holds what every command writes with --output json to the rules
// above [console.JSONLines].
func TestJSONForms(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 30, 8, 0, 0, 0, berlin)
	text := "profiles:\n  p: {cron: 5 * * * *, timezone: Europe/Berlin, jitter: 5m}\n  q: {every: 1h 30m}\n  off: {cron: 5 * * * *, enabled: false}\n"
	j, _ := jobs.Decode("jobs.yaml", []byte(text), jobs.Options{Local: berlin, Now: now})
	if len(j.Profiles) != 3 {
		t.Fatalf("%d profiles", len(j.Profiles))
	}
	_, mistakes := jobs.Decode("jobs.yaml", []byte("profiles: {p: {cron: 61 * * * *}}"), jobs.Options{Local: berlin, Now: now})
	explainer := explain.Explainer{Zone: "Europe/Berlin", Location: berlin, From: now, N: 2}
	compared := func(profiles []montimer.Profile) diff.Comparison {
		h := anyHost()
		h.UnitDir = t.TempDir()
		units, err := compiler.Render(h, montimer.Jobs{Profiles: profiles})
		if err != nil {
			t.Fatal(err)
		}
		c, err := diff.Compare(t.Context(), h, units, nil, timer.Clock{Now: now, Local: berlin})
		if err != nil || (len(c.Schedules) > 0) != (len(profiles) > 0) {
			t.Fatalf("%d schedules, %v", len(c.Schedules), err)
		}
		return c
	}

	var tested []string
	for command, write := range map[string][]func(io.Writer) error{
		"compile": {
			func(w io.Writer) error { return jobs.WriteJSON(w, nil) },
			func(w io.Writer) error { return jobs.WriteJSON(w, mistakes) },
			func(w io.Writer) error { return compared(nil).WriteJSON(w) },
			func(w io.Writer) error { return compared(j.Profiles).WriteJSON(w) },
		},
		"import crontab": {func(w io.Writer) error {
			o := imports.Options{Source: "c", Dialect: cron.Crontab, Zone: "Europe/Berlin", Location: berlin, Now: now}
			found, err := imports.Crontab("# a\n\nMAILTO=me\n30 2 * * * x\n61 2 * * * x\n", o)
			return errors.Join(err, console.JSONLines(w, found.JSON()))
		}},
		"import timers": {func(w io.Writer) error {
			o := imports.Options{Source: "d", Zone: "Europe/Berlin", Location: berlin, Now: now}
			found, err := imports.Timers(map[string]string{"a.timer": "[Timer]\nOnCalendar=2:30\n", "a.service": "[Service]\nExecStart=/x\n", "b.timer": ""}, o)
			if err == nil {
				err = found.Deliver(w, io.Discard, imports.Delivery{Format: "json"})
			}
			if errors.Is(err, imports.ErrRefused) {
				err = nil
			}
			return err
		}},
		"explain": {
			func(w io.Writer) error { return explain.JSONPrinter(w)(explainer.Explain("crontab", "30 4 * * *")) },
			func(w io.Writer) error { return explain.JSONPrinter(w)(explainer.Explain("crontab", "@reboot")) },
			func(w io.Writer) error { return explain.JSONPrinter(w)(explainer.Explain(explain.Systemd, "nonsense")) },
			func(w io.Writer) error { return explain.JSONPrinter(w)(explainer.Schedule(j.Profiles[1].Schedule)) },
		},
		"list": {func(w io.Writer) error {
			live := view.ProfileFacts{Name: "p", Jobs: &j.Profiles[0], Timer: &view.Timer{Load: "loaded", Active: "active", Next: now, DropIns: []string{"x"}}}
			rows, _ := listing.Profiles(view.Of(view.Facts{Now: now, Profiles: []view.ProfileFacts{live}}), j.Profiles)
			none, _ := listing.Profiles(view.Of(view.Facts{Now: now}), j.Profiles)
			return console.JSONLines(w, append(rows, none...))
		}},
		"status": {func(w io.Writer) error {
			p := view.ProfileFacts{
				Name: "p", Recorded: true, Timer: &view.Timer{Load: "loaded", Active: "active", Next: now},
				Last:     montimer.Run{ID: "1", State: montimer.RunFailed, Scheduled: now, Started: now, Ended: now},
				Pause:    montimer.Pause{Until: now.Add(time.Hour)},
				Incident: montimer.Incident{Count: 1, First: montimer.Run{ID: "1", Started: now}, LastGood: montimer.Run{ID: "0", Started: now}},
			}
			return console.JSONLines(w, []view.Overview{view.Of(view.Facts{Now: now, Profiles: []view.ProfileFacts{p}, Outbox: []montimer.Alert{{Created: now}}}), view.Of(view.Facts{Now: now})})
		}},
		"doctor": {func(w io.Writer) error {
			return console.JSONLines(w, []view.Checkup{
				view.CheckupOf("", "h", now, nil, false),
				view.CheckupOf("two", "h", now, []view.Finding{{ID: "x", Status: view.CheckFault, Text: "t", Why: "w", Fix: "f"}, {ID: "y", Status: view.NotChecked, Text: "t"}}, false),
			})
		}},
		"history": {func(w io.Writer) error {
			run := montimer.Run{ID: "1", State: montimer.RunOK, Scheduled: now, Started: now, Ended: now}
			ticks := []timeline.Tick{{At: now, State: timeline.OK, Run: run}, {At: now, State: timeline.Missed}, {At: now, State: timeline.Missed}}
			return console.JSONLines(w, view.Entries("p", ticks, nil, now))
		}},
		"logs": {func(w io.Writer) error {
			return console.JSONLines(w, []view.LogEntry{{At: now.UTC(), Profile: "p", Run: "1", Task: "t", Result: "ok", Message: "one"}, {At: now.UTC()}})
		}},
		"state list": {
			func(w io.Writer) error {
				return console.JSONLines(w, view.StateNamespaces([]montimer.StateNamespace{{Name: "cache-id.txt", Keys: 2, Updated: now}, {Name: "n"}}))
			},
			func(w io.Writer) error {
				return console.JSONLines(w, view.StateValues([]montimer.StateValue{{Namespace: "n", Key: "k", Value: "v", Updated: now}, {Namespace: "n", Key: "k"}}))
			},
		},
		"state get": {func(w io.Writer) error {
			return console.JSONLines(w, view.StateValues([]montimer.StateValue{{Namespace: "n", Key: "k", Updated: now}}))
		}},
		"notify pending": {func(w io.Writer) error {
			return console.JSONLines(w, notify.PendingAlerts([]montimer.Alert{{ID: 1, Created: now, NextTry: now}, {ID: 2, Created: now}}))
		}},
	} {
		for i, write := range write {
			var out bytes.Buffer
			if err := write(&out); err != nil {
				t.Fatal(err)
			}
			for dec := json.NewDecoder(&out); dec.More(); {
				var v any
				if err := dec.Decode(&v); err != nil {
					t.Fatal(err)
				}
				for _, fault := range jsonFaults("", v) {
					t.Errorf("%s, form %d: %s", command, i, fault)
				}
			}
		}
		tested = append(tested, command)
	}
	for _, command := range withJSON(grammar(t).Node) {
		if !slices.Contains(tested, command) {
			t.Errorf("%s writes JSON that no test looks at", command)
		}
	}
}

// withJSON returns the commands below a node that have --output json.
func withJSON(n *kong.Node) (commands []string) {
	for _, f := range n.Flags {
		if f.Name == "output" && strings.Contains(f.Enum, "json") {
			commands = append(commands, strings.TrimPrefix(n.Path(), "montimer "))
		}
	}
	for _, c := range n.Children {
		commands = append(commands, withJSON(c)...)
	}
	return commands
}

var (
	snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	span  = regexp.MustCompile(`^[0-9.]+ ?(us|ms|s|min|h|d|w|month|y)\b`)
)

// jsonFaults returns what is against the rules in a value.
func jsonFaults(name string, v any) (faults []string) {
	switch v := v.(type) {
	case nil:
		faults = append(faults, name+" is null")
	case map[string]any:
		for key, e := range v {
			if !snake.MatchString(key) {
				faults = append(faults, key+" is not in snake_case")
			}
			faults = append(faults, jsonFaults(key, e)...)
		}
	case []any:
		for _, e := range v {
			faults = append(faults, jsonFaults(name, e)...)
		}
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil && (!strings.HasSuffix(v, "Z") || at.IsZero()) {
			faults = append(faults, fmt.Sprintf("%s: %s is not in UTC, or is no time", name, v))
		}
		if d, err := calendar.ParseSpan(v); name != "expression" && err == nil && span.MatchString(v) {
			faults = append(faults, fmt.Sprintf("%s: %q is %v and no number of seconds", name, v, d))
		}
	}
	return faults
}
