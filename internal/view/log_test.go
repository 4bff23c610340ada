package view_test

import (
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/view"
)

const runID = "0123456789abcdef0123456789abcdef"

// TestLogWords: words that contradict each other are refused, not ignored.
func TestLogWords(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	some := 7
	for _, tt := range []struct {
		words view.LogWords
		want  view.LogAsk
		fails string
	}{
		{view.LogWords{What: "p"}, view.LogAsk{Profile: "p", Most: 100}, ""},
		{view.LogWords{What: "p", Most: new(int)}, view.LogAsk{Profile: "p"}, ""},
		{view.LogWords{What: "p", Follow: true}, view.LogAsk{Profile: "p", Follow: true, Most: 10}, ""},
		{view.LogWords{What: "p", Since: "2h"}, view.LogAsk{Profile: "p", Since: at.Add(-2 * time.Hour)}, ""},
		{view.LogWords{What: "p", Since: "2026-11-01", Until: "2026-11-02 10:00", Most: &some},
			view.LogAsk{Profile: "p", Since: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC), Most: 7}, ""},
		{view.LogWords{What: strings.ToUpper(runID), Task: "t"}, view.LogAsk{Run: runID, Task: "t"}, ""},
		{view.LogWords{What: runID, Failed: true, Most: &some}, view.LogAsk{Run: runID, Failed: true, Most: 7}, ""},
		{view.LogWords{What: runID, Since: "2h"}, view.LogAsk{}, "--since selects entries of a profile"},
		{view.LogWords{What: runID, Until: "2h"}, view.LogAsk{}, "--until selects entries of a profile"},
		{view.LogWords{What: "p", Since: "yesterday"}, view.LogAsk{}, `--since: "yesterday" is neither`},
		{view.LogWords{What: "p", Follow: true, Failed: true}, view.LogAsk{}, "--follow shows what is to come"},
		{view.LogWords{What: "p", Follow: true, Until: "2h"}, view.LogAsk{}, "--follow has no end"},
		{view.LogWords{What: runID, Follow: true, Most: &some}, view.LogAsk{}, "-n with --follow"},
		{view.LogWords{What: "p", Failed: true, Task: "t"}, view.LogAsk{}, "--failed selects tasks"},
	} {
		got, err := tt.words.Ask(at)
		switch {
		case tt.fails == "" && (err != nil || got != tt.want):
			t.Errorf("%+v: %+v, %v", tt.words, got, err)
		case tt.fails != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.fails)):
			t.Errorf("%+v: %v, not %s", tt.words, err, tt.fails)
		}
	}
	negative := -1
	if _, err := (view.LogWords{What: "p", Most: &negative}).Ask(at); err == nil {
		t.Error("-n -1 is taken")
	}
}

// TestLogText: every line has its time, and none can move the cursor.
func TestLogText(t *testing.T) {
	t.Parallel()
	e := view.LogEntry{At: time.Date(2026, 11, 30, 12, 0, 0, 0, time.Local), Message: "aave: one\naave: \x1b[2J\rsystemd: forged"}
	text := func() string {
		var b strings.Builder
		if err := e.Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if got, want := text(), "Mon 11-30 12:00:00 aave: one\nMon 11-30 12:00:00 aave: \\x1b[2J\\x0dsystemd: forged\n"; got != want {
		t.Errorf("%q", got)
	}
	e.Systemd, e.Message = true, "Failed."
	if got, want := text(), "Mon 11-30 12:00:00 systemd: Failed.\n"; got != want {
		t.Errorf("%q", got)
	}
}

// TestNoLog: a log without entries says why, and which command leads on.
func TestNoLog(t *testing.T) {
	t.Parallel()
	begins := time.Date(2026, 11, 30, 12, 0, 0, 0, time.Local)
	before, after := montimer.Run{ID: runID, Started: begins.Add(-time.Hour)}, montimer.Run{ID: runID, Started: begins.Add(time.Hour)}
	byHand := after
	byHand.Trigger = montimer.TriggerManual
	ofRun, ofProfile := view.LogAsk{Run: runID}, view.LogAsk{Profile: "p", Since: begins}
	history := "montimer history " + runID
	for want, none := range map[string]view.NoLog{
		"there is no journal of system services on this host":                                              {LogAsk: ofRun},
		"sudo montimer logs p, or join the group":                                                          {LogAsk: ofProfile, Exists: true},
		"nothing failed in run " + runID:                                                                   {LogAsk: ofRun, NoneFailed: true},
		"no run with this ID is on record":                                                                 {LogAsk: ofRun},
		"the run began earlier, at 2026-11-30 11:00:00; its tasks and the end of their output: " + history: {LogAsk: ofRun, Last: before},
		"started by hand at 2026-11-30 13:00:00, and the terminal had its log":                             {LogAsk: ofRun, Last: byHand},
		"it began at 2026-11-30 13:00:00; its tasks and the end of their output: " + history:               {LogAsk: ofRun, Last: after},
		`of task "t"; its tasks: ` + history:                                                               {LogAsk: view.LogAsk{Run: runID, Task: "t"}, Last: after},
		"which begins at 2026-11-30 12:00:00 and is kept in memory only (journald.conf(5), Storage=), has no entry of p since 2026-11-30 12:00:00; it has not run yet: montimer status p": {LogAsk: ofProfile, Volatile: true},
		"its last run began at 2026-11-30 13:00:00: " + history:                         {LogAsk: ofProfile, Last: after},
		"has no failed run of p; no failed run is on record either":                     {LogAsk: view.LogAsk{Profile: "p", Failed: true}},
		"has no failed run of p; its last run that failed began at 2026-11-30 11:00:00": {LogAsk: view.LogAsk{Profile: "p", Failed: true}, Last: before},
		"whether there was a run is not known: the database: permission denied":         {LogAsk: ofProfile, NoRecord: "the database: permission denied"},
		"montimer --instance x history " + runID:                                        {LogAsk: ofRun, Instance: "x", Last: after},
	} {
		if !strings.HasPrefix(want, "there is no journal") {
			none.Exists, none.Begins = true, begins
			none.Readable = !strings.Contains(want, "sudo")
		}
		if got := none.Why(); !strings.Contains(got, want) {
			t.Errorf("%s\nis not in\n%s", want, got)
		}
	}
}
