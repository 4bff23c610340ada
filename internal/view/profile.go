package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/timeline"
)

// SlowFactor is how much longer than typical a slow run takes, by a second at
// least.
const SlowFactor = 3

// profile returns what is shown of a profile.
func (f Facts) profile(p ProfileFacts) Profile {
	v := Profile{
		Name: p.Name, Failed: p.Incident.Count, LastGood: p.Incident.LastGood.Started.UTC(), Recorded: p.Recorded, Loaded: p.Timer != nil,
	}
	if p.Jobs != nil {
		v.Schedule = p.Jobs.Schedule.Words
	}
	switch {
	case p.Running.ID != "":
		v.Last = RunOf(p.Running, f.Now)
	default:
		v.Last = RunOf(p.Last, f.Now)
	}
	if p.Incident.Count > 0 {
		v.Since = p.Incident.First.Started.UTC()
		if good := p.Incident.LastGood.Commit; good != "" && p.Incident.First.Commit != good {
			v.FirstBad = p.Incident.First.Commit
		}
	}
	if !p.Pause.Until.IsZero() {
		v.Pause = &Pause{p.Pause.Until.UTC(), p.Pause.Reason, p.Pause.By}
	}
	if p.Timer != nil && p.Timer.Active == "active" {
		v.Next, v.DropIns = p.Timer.Next.UTC(), p.Timer.DropIns
		if p.Timer.Next.IsZero() { // while its service runs, systemd has none
			next, _ := calendar.Next(p.Timer.Events, f.Now, p.Timer.Local)
			v.Next = next.UTC()
		}
	}
	v.Typical = p.Typical.Seconds()
	v.Missed, v.Overdue, v.Judged = f.missed(p)
	if v.Blocked, v.Fix = f.blocked(p); v.Blocked != "" {
		v.Judged = true
	}
	v.Behind = slices.Contains(f.Lagging, f.Instance.Timer(p.Name))
	v.State, v.Note = f.state(p, v)
	if v.Note == "" && len(v.DropIns) > 0 {
		v.Note = "its timer is overridden by " + strings.Join(v.DropIns, ", ")
	}
	return v
}

// IsOverdue reports whether a run is missing, or none will come. During a pause
// none is expected.
func (p Profile) IsOverdue() bool { return p.Pause == nil && (p.Missed > 0 || p.Blocked != "") }

// missed returns how many ticks the running timer has missed since its last run,
// and when the first of them was; known is false if that cannot be said.
func (f Facts) missed(p ProfileFacts) (n int, first time.Time, known bool) {
	if p.Timer == nil || !p.Recorded {
		return 0, first, !p.Pause.Until.IsZero()
	}
	if p.Timer.Active != "active" || !p.Pause.Until.IsZero() {
		return 0, first, true
	}
	t := p.Timer.Timetable
	t.Since = p.Timer.ActiveSince
	if t.Since.IsZero() || f.Boot.IsZero() {
		return 0, first, false
	}
	if p.Timer.Changed.After(t.Since) { // what was due before is not known
		t.Since = p.Timer.Changed
	}
	runs := []montimer.Run{p.Incident.Last}
	if p.Running.ID != "" {
		runs = append(runs, p.Running)
	}
	for _, r := range runs {
		for _, at := range []time.Time{r.Scheduled, r.Started} {
			if r.Trigger == montimer.TriggerTimer && at.After(t.Since) {
				t.Since = at
			}
		}
	}
	h := timeline.History{
		Timetables: []montimer.Timetable{t}, Runs: runs,
		Boots: []timeline.Boot{{From: f.Boot, To: f.Now, ToIsEnd: true}},
	}
	ticks, all := timeline.Ticks(h, t.Since, f.Now.Add(time.Second), f.Now)
	for _, tick := range ticks {
		if tick.State == timeline.Missed {
			if n++; n == 1 {
				first = tick.At
			}
		}
	}
	if all.After(t.Since) && n > 0 { // more than a million: the first one came right after that
		first = t.Since
	}
	return n, first.UTC(), true
}

func (p ProfileFacts) enabled() bool { return p.Jobs == nil || p.Jobs.Enabled }

// blocked returns the state that keeps a profile from ever being started, and why;
// "": none.
func (f Facts) blocked(p ProfileFacts) (ProfileState, string) {
	timer, t := f.Instance.Timer(p.Name), p.Timer
	switch {
	case t == nil || !p.enabled():
		return "", ""
	case t.Load == "masked" || t.ServiceLoad == "masked":
		unit := timer
		if t.ServiceLoad == "masked" {
			unit = f.Instance.Service(p.Name)
		}
		return Masked, "never runs: systemctl unmask " + unit
	case t.Load == "not-found" && p.Jobs != nil:
		return NotCompiled, "has no timer: " + f.Instance.Command("apply")
	case t.Load != "loaded":
		return Refused, "systemd cannot load its timer: systemctl status " + timer
	case t.Active != "active":
		return Stopped, "never runs: systemctl start " + timer
	}
	return "", ""
}

// state returns the first state that applies, in the order of the states, and why.
func (f Facts) state(p ProfileFacts, v Profile) (ProfileState, string) {
	timer := f.Instance.Timer(p.Name)
	t := p.Timer
	switch {
	case t != nil && !p.enabled() && t.Active != "active":
		return Disabled, "disabled in jobs.yaml"
	case p.Incident.Count > 0 && p.Incident.Last.State == montimer.RunLost:
		return Lost, f.failing(p, "died without a result")
	case p.Incident.Count > 0:
		return Failing, f.failing(p, "failed")
	case v.Blocked != "" && !(v.Blocked == Stopped && f.Target == "inactive"): // which is said once for all
		return v.Blocked, v.Fix
	case v.Missed > 0:
		return Overdue, fmt.Sprintf("no run since %s: systemctl status %s", Ago(f.Now, v.Overdue), timer)
	case p.Pause.Until.After(f.Now):
		return Paused, p.Pause.String()
	case !p.enabled():
		return Disabled, "disabled in jobs.yaml"
	case v.Last != nil && p.Typical > 0 && v.Last.Seconds > SlowFactor*v.Typical && v.Last.Seconds > v.Typical+1:
		return Slow, fmt.Sprintf("%.1f × its usual %s", v.Last.Seconds/v.Typical, Took(v.Typical))
	case !p.Recorded:
		return Unseen, "its runs are not known"
	case p.Running.ID != "":
		return Running, "for " + Took(v.Last.Seconds)
	case v.Last == nil && p.Recorded:
		return New, "has not run yet"
	}
	if v.Last.Trigger == montimer.TriggerManual && v.Last.State != montimer.RunOK {
		return OK, "its last run, started by hand: " + string(v.Last.State)
	}
	return OK, ""
}

// failing says since when a profile fails, and how to see why.
func (f Facts) failing(p ProfileFacts, how string) string {
	text := how + " since " + Ago(f.Now, p.Incident.First.Started)
	if p.Incident.Count > 1 {
		text += fmt.Sprintf(" (%d runs)", p.Incident.Count)
	}
	if good, bad := p.Incident.LastGood.Commit, p.Incident.First.Commit; good != "" && bad != "" && good != bad {
		text += fmt.Sprintf(", first with commit %.7s", bad)
	}
	return text + ": " + f.Instance.Command("history "+p.Name+" --failed")
}

// Took writes a time that something took, in seconds.
func Took(seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", seconds)
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", seconds)
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	default:
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	}
}

// In writes a time in the future by how far away it is; one beyond tomorrow has its
// date.
func In(now, t time.Time) string {
	switch d := t.Sub(now); {
	case t.IsZero():
		return "never"
	case d > 48*time.Hour:
		return "on " + t.Local().Format("2006-01-02")
	default:
		return "in " + Took(max(0, d.Seconds()))
	}
}

// Ago writes a time in the past by how long ago it was; one in the future has its
// date, since the clock was set.
func Ago(now, t time.Time) string {
	d := now.Sub(t)
	if t.IsZero() {
		return "never"
	}
	if d < 0 {
		return t.Local().Format("2006-01-02 15:04")
	}
	return Took(d.Seconds()) + " ago"
}
