package view

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// at reads a time of 2026-05-01.
func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", "2026-05-01 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

// well is a profile that runs each hour, as all is well at 12:30.
func well(name string) ProfileFacts {
	hourly, err := calendar.Parse("hourly")
	if err != nil {
		panic(err)
	}
	last := montimer.Run{ID: "r12", Profile: name, Trigger: montimer.TriggerTimer, State: montimer.RunOK, Scheduled: at("12:00"), Started: at("12:00"), Ended: at("12:01")}
	return ProfileFacts{
		Name: name,
		Jobs: &montimer.Profile{Name: name, Enabled: true, Schedule: montimer.Schedule{Words: "every hour, on the hour"}},
		Timer: &Timer{
			Timetable: montimer.Timetable{Events: []calendar.Event{hourly}, Local: time.UTC},
			Load:      "loaded", Active: "active", Sub: "waiting", ServiceLoad: "loaded", ActiveSince: at("01:00"), Next: at("13:00"),
		},
		Recorded: true, Last: last,
		Incident: montimer.Incident{Last: last, LastGood: last},
	}
}

func failed(n int, first, last montimer.RunState) montimer.Incident {
	return montimer.Incident{
		Count:    n,
		LastGood: montimer.Run{ID: "good", Started: at("09:00"), Commit: "aaaaaaaaaa"},
		First:    montimer.Run{ID: "bad", Started: at("10:00"), State: first, Commit: "bbbbbbbbbb"},
		Last:     montimer.Run{ID: "last", Trigger: montimer.TriggerTimer, Scheduled: at("12:00"), Started: at("12:00"), Ended: at("12:01"), State: last},
	}
}

// TestProfile holds the state of a profile, and what is said of it.
func TestProfile(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*ProfileFacts)
		state  ProfileState
		note   string // a part of it
	}{
		{"all is well", func(*ProfileFacts) {}, OK, ""},
		{"it fails", func(p *ProfileFacts) { p.Incident = failed(3, montimer.RunFailed, montimer.RunFailed) }, Failing,
			"failed since 2 h ago (3 runs), first with commit bbbbbbb: montimer history p --failed"},
		{"its last run died", func(p *ProfileFacts) { p.Incident = failed(1, montimer.RunLost, montimer.RunLost) }, Lost, "died without a result since 2 h ago"},
		{"it fails and is paused", func(p *ProfileFacts) {
			p.Incident = failed(1, montimer.RunFailed, montimer.RunFailed)
			p.Pause = montimer.Pause{Until: at("18:00"), Reason: "disk", By: "root"}
		}, Failing, ""},
		{"its timer is masked", func(p *ProfileFacts) { p.Timer.Load, p.Timer.Active = "masked", "inactive" }, Masked, "systemctl unmask montimer-job-p.timer"},
		{"its service is masked", func(p *ProfileFacts) { p.Timer.ServiceLoad = "masked" }, Masked, "systemctl unmask montimer-job-p.service"},
		{"it is not compiled", func(p *ProfileFacts) { p.Timer.Load, p.Timer.Active = "not-found", "inactive" }, NotCompiled, "montimer apply"},
		{"a drop-in spoils it", func(p *ProfileFacts) { p.Timer.Load, p.Timer.Active = "bad-setting", "inactive" }, Refused, "systemctl status montimer-job-p.timer"},
		{"its timer is stopped", func(p *ProfileFacts) { p.Timer.Active = "inactive" }, Stopped, "systemctl start montimer-job-p.timer"},
		{"two ticks are over", func(p *ProfileFacts) {
			p.Incident.Last.Scheduled, p.Incident.Last.Started, p.Incident.Last.Ended = at("10:00"), at("10:00"), at("10:01")
		}, Overdue, "no run since 90 min ago"},
		{"it has never run, and was to", func(p *ProfileFacts) { p.Incident, p.Last = montimer.Incident{}, montimer.Run{} }, Overdue, "no run since 12 h ago"},
		{"it was started after its tick", func(p *ProfileFacts) {
			p.Incident, p.Last, p.Timer.ActiveSince = montimer.Incident{}, montimer.Run{}, at("12:10")
		}, New, "has not run yet"},
		{"its schedule has changed since its last run", func(p *ProfileFacts) {
			p.Incident.Last.Scheduled, p.Incident.Last.Started, p.Incident.Last.Ended = at("02:00"), at("02:00"), at("02:01")
			p.Timer.Changed = at("12:10")
		}, OK, ""},
		{"a tick is over since its schedule has changed", func(p *ProfileFacts) {
			p.Incident.Last.Scheduled, p.Incident.Last.Started, p.Incident.Last.Ended = at("02:00"), at("02:00"), at("02:01")
			p.Timer.Changed = at("11:10")
		}, Overdue, "no run since 30 min ago"},
		{"a long run", func(p *ProfileFacts) {
			p.Running = montimer.Run{ID: "now", Trigger: montimer.TriggerTimer, State: montimer.RunRunning, Scheduled: at("11:00"), Started: at("11:00")}
			p.Incident.Last.Scheduled, p.Incident.Last.Started = at("10:00"), at("10:00")
		}, Running, "for 90 min"},
		{"far longer than usual", func(p *ProfileFacts) { p.Typical = 15 * time.Second }, Slow, "4.0 × its usual 15 s"},
		{"not far longer than usual", func(p *ProfileFacts) { p.Typical = 20 * time.Second }, OK, ""},
		{"it is paused", func(p *ProfileFacts) {
			p.Pause = montimer.Pause{Until: at("18:00"), Reason: "disk", By: "root"}
		}, Paused, "disk (root)"},
		{"it is disabled", func(p *ProfileFacts) { p.Jobs.Enabled, p.Timer.Active, p.Timer.Load = false, "inactive", "not-found" }, Disabled, ""},
		{"the database cannot be read", func(p *ProfileFacts) { p.Recorded, p.Incident, p.Last = false, montimer.Incident{}, montimer.Run{} }, Unseen, ""},
		{"systemd cannot be asked", func(p *ProfileFacts) { p.Timer = nil }, OK, ""},
		{"a run by hand failed", func(p *ProfileFacts) { p.Last.Trigger, p.Last.State = montimer.TriggerManual, montimer.RunFailed }, OK, "started by hand: failed"},
	} {
		p := well("p")
		tt.change(&p)
		f := Facts{Now: at("12:30"), Boot: at("00:30"), Target: "active", Profiles: []ProfileFacts{p}}
		v := Of(f)
		if got := v.Profiles[0]; got.State != tt.state || !strings.Contains(got.Note, tt.note) || v.Attention != tt.state.NeedsPerson() {
			t.Errorf("%s: %s, %q, a person is needed: %t", tt.name, got.State, got.Note, v.Attention)
		}
	}
}

func TestVerdict(t *testing.T) {
	bad := well("bad")
	bad.Incident = failed(2, montimer.RunFailed, montimer.RunFailed)
	late := well("late")
	late.Incident, late.Last = montimer.Incident{}, montimer.Run{}
	alert := montimer.Alert{Created: at("12:00"), Error: "429 Too Many Requests"}
	fresh := montimer.Alert{Created: at("12:29")}
	for _, tt := range []struct {
		name    string
		f       Facts
		verdict string
		needed  bool
	}{
		{"all is well", Facts{Profiles: []ProfileFacts{well("b"), well("a")}}, "all well: 2 profiles, next a in 30 min", false},
		{"one profile", Facts{Profiles: []ProfileFacts{bad}}, "needs you: bad failing", true},
		{"the worst first", Facts{Profiles: []ProfileFacts{well("a"), late, bad}}, "2 of 3 need you: bad failing, late overdue", true},
		{"an alert waits", Facts{Profiles: []ProfileFacts{well("a")}, Outbox: []montimer.Alert{alert}},
			"needs you: 1 alert waits, the oldest from 30 min ago: 429 Too Many Requests", true},
		{"an alert is being sent", Facts{Profiles: []ProfileFacts{well("a")}, Outbox: []montimer.Alert{fresh}}, "all well: 1 profile, next a in 30 min", false},
		{"backups fail", Facts{Profiles: []ProfileFacts{well("a")}, Backup: &Backup{Trouble: "backups fail: the disk is full"}}, "needs you: backups fail: the disk is full", true},
		{"no backup yet", Facts{Profiles: []ProfileFacts{well("a")}, Backup: &Backup{Trouble: "no backup has been made yet", New: true}}, "all well: 1 profile, next a in 30 min", false},
		{"units lag", Facts{Profiles: []ProfileFacts{well("a")}, Lagging: []string{"x"}}, "all well: 1 profile, next a in 30 min", false},
		{"all is stopped", Facts{Profiles: []ProfileFacts{well("a")}, Target: "inactive"}, "needs you: all timers are stopped: montimer.target is inactive", true},
		{"not all can be seen", Facts{Profiles: []ProfileFacts{well("a")}, NotSeen: []string{"the database"}},
			"nothing wrong, as far as can be seen: 1 profile, next a in 30 min", false},
		{"nothing", Facts{}, "no profiles", false},
		{"nothing can be seen", Facts{NotSeen: []string{"jobs.yaml"}}, "no profiles, as far as can be seen", false},
	} {
		tt.f.Now, tt.f.Boot = at("12:30"), at("00:30")
		if v := Of(tt.f); v.Verdict != tt.verdict || v.Attention != tt.needed {
			t.Errorf("%s: %q, a person is needed: %t", tt.name, v.Verdict, v.Attention)
		}
	}
}

// TestJSON holds the names that programs read.
func TestJSON(t *testing.T) {
	p := well("p")
	p.Incident = failed(3, montimer.RunFailed, montimer.RunFailed)
	text, err := json.Marshal(Of(Facts{Instance: "two", Host: "h", Version: "0.1.0", Now: at("12:30"), Boot: at("00:30"), Profiles: []ProfileFacts{p}, Lagging: []string{"x"}}))
	want := `{"instance":"two","host":"h","version":"0.1.0","at":"2026-05-01T12:30:00Z","verdict":"needs you: p failing","needs_attention":true,` +
		`"profiles":[{"profile":"p","state":"failing","note":"failed since 2 h ago (3 runs), first with commit bbbbbbb: montimer --instance two history p --failed",` +
		`"schedule":"every hour, on the hour","last_run":{"run":"r12","state":"ok","trigger":"timer","scheduled":"2026-05-01T12:00:00Z",` +
		`"started":"2026-05-01T12:00:00Z","ended":"2026-05-01T12:01:00Z","duration_seconds":60},"last_good":"2026-05-01T09:00:00Z",` +
		`"failing_since":"2026-05-01T10:00:00Z","failed_runs":3,"first_bad_commit":"bbbbbbbbbb","next":"2026-05-01T13:00:00Z","missed":0,"behind":false}],` +
		`"findings":[{"text":"1 unit lags behind jobs.yaml","fix":"montimer --instance two apply","needs_attention":false}],` +
		`"outbox":{"pending":0},"not_seen":[]}`
	if string(text) != want || err != nil {
		t.Errorf("%v\n%s\nwant\n%s", err, text, want)
	}
}

// TestSync: a sync that keeps failing needs a person, one that is late does not yet.
func TestSync(t *testing.T) {
	for name, tt := range map[string]struct {
		change    func(*Facts)
		notes     string // a part
		attention bool
	}{
		"well":             {func(f *Facts) { f.Synced, f.SyncedBy = at("12:20"), at("11:30") }, "checkout: cccc read the oracle, synced 10 min ago", false},
		"late":             {func(f *Facts) { f.Synced, f.SyncedBy = at("09:30"), at("11:30") }, "note: the checkout was last synced 3 h ago: montimer sync", false},
		"not due yet":      {func(f *Facts) { f.Synced = at("01:00") }, "synced 12 h ago", false},
		"never, and fails": {func(f *Facts) { f.SyncFails = "git sync keeps failing" }, "note: git sync keeps failing: montimer sync", true},
	} {
		f := Facts{Now: at("12:30"), Boot: at("00:30"), Target: "active", Profiles: []ProfileFacts{well("p")}, Checkout: &Checkout{Commit: "cccc", Subject: "read the oracle"}}
		tt.change(&f)
		v := Of(f)
		if text := v.Notes(0); !strings.Contains(text, tt.notes) || v.Attention != tt.attention || strings.Contains(text, "last synced") != (name == "late") {
			t.Errorf("%s: %s", name, text)
		}
		for line := range strings.Lines(v.Notes(40)) {
			if len(line) > 41 && (strings.HasPrefix(line, "note: ") || strings.HasPrefix(line, " ")) {
				t.Errorf("%s: wider than the terminal: %q", name, line)
			}
		}
		if f.Checkout.Synced != (time.Time{}) {
			t.Errorf("%s: the facts were changed", name)
		}
	}
}
