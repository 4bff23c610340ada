package listing

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/view"
)

// TestLive: a profile runs next when the loaded timer says, or not at all; the times
// of jobs.yaml are shown only where no timer is known, and that is said.
func TestLive(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	j, _ := jobs.Decode("jobs.yaml", []byte("profiles:\n  a: {cron: 5 * * * *}\n  off: {cron: 5 * * * *, enabled: false}\n"), jobs.Options{Local: time.UTC, Now: now})
	a, off := &j.Profiles[0], &j.Profiles[1]
	live := func(load, state string) *view.Timer {
		return &view.Timer{Load: load, Active: state, ServiceLoad: "loaded", Next: now.Add(30 * time.Minute)}
	}
	idle := func(p *montimer.Profile) view.ProfileFacts {
		return view.ProfileFacts{Name: p.Name, Jobs: p, Timer: live("not-found", "inactive")}
	}
	with := func(facts view.Facts, a, off view.ProfileFacts) view.Facts {
		facts.Now, facts.Profiles = now, append(facts.Profiles, a, off)
		return facts
	}
	overridden := live("loaded", "active")
	overridden.DropIns = []string{"/etc/systemd/system/x.conf"}
	gone := view.Facts{Profiles: []view.ProfileFacts{{Name: "gone", Timer: live("loaded", "active")}}}
	for name, tt := range map[string]struct {
		facts          view.Facts
		next, schedule string // of a
		timer          Timer
		notes          string
	}{
		"live":    {with(view.Facts{}, view.ProfileFacts{Name: "a", Jobs: a, Timer: live("loaded", "active")}, idle(off)), "12:30", "every hour at minute 5", "active", ""},
		"stopped": {with(view.Facts{}, view.ProfileFacts{Name: "a", Jobs: a, Timer: live("loaded", "inactive")}, idle(off)), "stopped", "never runs: systemctl start montimer-job-a.timer", "stopped", ""},
		"masked":  {with(view.Facts{}, view.ProfileFacts{Name: "a", Jobs: a, Timer: live("masked", "inactive")}, idle(off)), "masked", "never runs: systemctl unmask montimer-job-a.timer", "masked", ""},
		"refused": {with(view.Facts{}, view.ProfileFacts{Name: "a", Jobs: a, Timer: live("bad-setting", "inactive")}, idle(off)), "refused", "systemctl status montimer-job-a.timer", "refused", ""},
		"all stopped": {with(view.Facts{Target: "inactive"}, view.ProfileFacts{Name: "a", Jobs: a, Timer: live("loaded", "inactive")}, idle(off)), "stopped", "never runs",
			"stopped", "all timers are stopped: montimer.target is inactive: systemctl start montimer.target"},
		"overridden": {with(view.Facts{}, view.ProfileFacts{Name: "a", Jobs: a, Timer: overridden}, idle(off)), "12:30", "overridden by /etc/systemd/system/x.conf", "active", ""},
		"behind": {with(view.Facts{Lagging: []string{"montimer-job-a.timer"}}, view.ProfileFacts{Name: "a", Jobs: a, Timer: live("loaded", "active")}, idle(off)), "12:30",
			"the timer has another schedule: montimer apply", "active", "1 unit lags behind jobs.yaml: montimer apply"},
		"paused": {with(view.Facts{}, view.ProfileFacts{Name: "a", Jobs: a, Timer: live("loaded", "active"), Pause: montimer.Pause{Until: now.Add(time.Hour), Reason: "\x1b[2J"}}, idle(off)),
			"paused", `\x1b[2J`, "active", ""},
		"not compiled":     {with(gone, idle(a), idle(off)), "not compiled", "has no timer: montimer apply", "not_compiled", ""},
		"none compiled":    {with(view.Facts{}, idle(a), idle(off)), "12:05", "every hour at minute 5", "not_compiled", "no profile has a timer: the times are those of jobs.yaml; next: montimer apply"},
		"systemd is gone":  {with(view.Facts{NotSeen: []string{"systemd: no bus"}}, view.ProfileFacts{Name: "a", Jobs: a}, view.ProfileFacts{Name: "off", Jobs: off}), "12:05", "every hour at minute 5", "unknown", "not seen: systemd: no bus\nsystemd could not be asked: the times are those of jobs.yaml"},
		"nothing was seen": {view.Facts{Now: now}, "12:05", "every hour at minute 5", "unknown", "systemd could not be asked: the times are those of jobs.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, notes := Profiles(view.Of(tt.facts), j.Profiles)
			_, cells := Table(rows)
			if rows[0].Timer != tt.timer || !strings.Contains(cells[0][1], tt.next) || !strings.Contains(cells[0][3], tt.schedule) {
				t.Errorf("%s: %q", rows[0].Timer, cells[0])
			}
			if cells[1][1] != "disabled" {
				t.Errorf("a profile that is disabled: %q", cells[1])
			}
			if got := strings.Join(notes, "\n"); got != tt.notes {
				t.Errorf("notes: %s", got)
			}
			if at := slices.IndexFunc(rows, func(r Profile) bool { return r.Name == "gone" }); (at >= 0) != (name == "not compiled") ||
				at >= 0 && (!strings.Contains(cells[at][1], "12:30") || cells[at][3] != "not in jobs.yaml") {
				t.Errorf("a profile that only has units: %q", cells)
			}
		})
	}
}
