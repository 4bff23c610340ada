package compiler

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/timer"
)

// view is the data of units.tmpl. The template decides by a text only whether it is
// empty, and how many items a list has.
type view struct {
	hostView
	pairView
	Upheld []text // of the target
}

// pairView is what makes one pair of units differ from another.
type pairView struct {
	Profile     text // "" of the git syncs and the report
	Purpose     text // of a pair without a profile
	Period      text // of the report
	Description text
	Words       text
	OnCalendar  []text
	OnBoot      []text
	Every       []text
	Jitter      text // "" for none
	CatchUp     bool
	Sandbox     montimer.Sandbox
	Limits      []limit
	Writable    []text
}

// profileView adds one profile to the host's settings.
func profileView(h hostView, p montimer.Profile, at timer.Timer) (view, error) {
	var e escaper
	v := pairView{
		Profile:     e.text("name", name, p.Name),
		Description: prose(h.host.Instance.Prefix() + " profile " + p.Name),
		Sandbox:     cmp.Or(of(h.host.Sandboxes, p.Name), montimer.SandboxDefault),
		Limits:      of(h.limits, p.Name),
		Writable:    of(h.writable, p.Name),
	}
	if v.Sandbox == montimer.SandboxStrict {
		e.reachable(h.host.Writable[p.Name], h.host.Writable[montimer.AllOthers])
	}
	if p.Description != "" {
		v.Description = prose(p.Name + ": " + p.Description)
	}
	v.setTimer(&e, at)
	return view{hostView: h, pairView: v}, e.err()
}

// syncTimer returns when the timer of the git syncs elapses.
func syncTimer(h montimer.Host) timer.Timer {
	every := h.Sync.Every
	return timer.Timer{Schedule: montimer.Schedule{Words: "every " + calendar.FormatSpan(every), Every: []time.Duration{every}}}
}

// syncView is the view of the pair of the git syncs. It has no profile.
func syncView(h hostView, at timer.Timer) (view, error) {
	var e escaper
	v := pairView{
		Description: prose(h.host.Instance.Prefix() + ": " + montimer.GitSync),
		Purpose:     montimer.GitSync,
		Sandbox:     cmp.Or(of(h.host.Sandboxes, montimer.GitSync), montimer.SandboxDefault),
		Limits:      of(h.limits, montimer.GitSync),
		Writable:    of(h.writable, montimer.GitSync),
	}
	v.setTimer(&e, at)
	return view{hostView: h, pairView: v}, e.err()
}

// reportTimer returns when the timer of the report elapses.
func reportTimer(period montimer.ReportPeriod) timer.Timer {
	words := map[montimer.ReportPeriod]string{montimer.ReportDaily: "every day at 08:00", montimer.ReportWeekly: "every Monday at 08:00"}[period]
	return timer.Timer{Schedule: montimer.Schedule{Words: words, Events: []calendar.Event{period.Event()}}, Persistent: true}
}

// reportView is the view of the pair of the report.
func reportView(h hostView, period montimer.ReportPeriod, at timer.Timer) (view, error) {
	var e escaper
	v := pairView{
		Description: prose(h.host.Instance.Prefix() + ": " + montimer.Report),
		Purpose:     montimer.Report,
		Period:      e.text("period", name, string(period)),
	}
	if belowHome(h.host.Checkout) { // it reads jobs.yaml
		h.HelperHome = "read-only"
	}
	v.setTimer(&e, at)
	return view{hostView: h, pairView: v}, e.err()
}

// template names the template of the service.
func (v view) template() string {
	if v.Period != "" {
		return "report.service"
	}
	return "service"
}

// setTimer adds the lines of a timer.
func (v *pairView) setTimer(e *escaper, at timer.Timer) {
	v.Words, v.CatchUp = comment(at.Schedule.Words), at.Persistent
	for _, event := range at.Schedule.Events {
		v.OnCalendar = append(v.OnCalendar, e.text("calendar", line, event.String()))
	}
	if ends(at.Schedule) {
		v.OnCalendar = append(v.OnCalendar, timer.LastSecond)
	}
	if at.Schedule.Boot {
		v.OnBoot = []text{timer.AtBoot}
	}
	for _, d := range at.Schedule.Every {
		v.Every = append(v.Every, e.text("interval", line, calendar.FormatSpan(d)))
	}
	if at.Jitter > 0 {
		v.Jitter = e.text("jitter", line, calendar.FormatSpan(at.Jitter))
	}
}

// profileTimer returns when the timer of a profile elapses.
func profileTimer(p montimer.Profile) timer.Timer {
	s := p.Schedule
	return timer.Timer{
		Schedule:   montimer.Schedule{Words: string(comment(wordsInZone(s))), Events: s.Events, Boot: s.Boot, Every: s.Every},
		Persistent: catchesUp(p),
		Jitter:     p.Jitter,
	}
}

// wordsInZone returns the words of a schedule with the zone of its profile, where
// it counts and they do not name it.
func wordsInZone(s montimer.Schedule) string {
	zone := s.Timezone
	inZone := func(e calendar.Event) bool { return e.Zone == zone }
	if s.Words == "" || zone == "" || strings.Contains(s.Words, zone) || !slices.ContainsFunc(s.Events, inZone) {
		return s.Words
	}
	if zone != "UTC" {
		zone += " time"
	}
	return s.Words + ", " + zone
}

// catchesUp reports whether the timer keeps a stamp of its last trigger. Only
// one with nothing but calendar events may: with a stamp from before the boot,
// systemd takes OnBootSec= for elapsed already and never starts the service.
// Nothing is lost, as such a profile runs after every boot anyway.
func catchesUp(p montimer.Profile) bool {
	return p.CatchUp && !p.Schedule.Boot && len(p.Schedule.Every) == 0
}

// ends reports whether a schedule has a last time.
func ends(s montimer.Schedule) bool {
	return len(s.Every) == 0 && !slices.ContainsFunc(s.Events, func(e calendar.Event) bool { return e.Year == nil })
}
