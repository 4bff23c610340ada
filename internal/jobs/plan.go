package jobs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/cron"
)

// plan answers q.
func (d *decoder) plan(q question) *plan {
	texts := strings.Split(q.texts, "\x00")
	a := &plan{schedule: montimer.Schedule{Kind: q.kind, Source: texts}}
	switch q.kind {
	case montimer.ScheduleCron:
		a.schedule.Dialect = string(q.dialect)
		d.planCron(a, q)
	case montimer.ScheduleCalendar:
		d.planCalendar(a, cmp.Or(q.zone, d.opt.Timezone))
	case montimer.ScheduleEvery:
		d.planEvery(a)
	}
	if d.opt.Prove && !slices.ContainsFunc(a.remarks, func(r remark) bool { return r.severity == Error }) {
		d.prove(a)
	}
	return a
}

// prove refuses a schedule that systemd would stop, or of which it would lose
// or double a run, at a change of the clock.
func (d *decoder) prove(a *plan) {
	fault := calendar.Prove(a.schedule.Events, d.opt.Now, d.opt.Local)
	if fault == nil {
		return
	}
	text := 0
	if len(a.schedule.Events) == len(a.schedule.Source) {
		text = fault.Event
	}
	a.fail(text, fault.Hint(), "%v", fault)
}

func (a *plan) fail(text int, hint, format string, args ...any) {
	a.remarks = append(a.remarks, remark{severity: Error, text: text, hint: hint, message: fmt.Sprintf(format, args...)})
}

// parseCron returns the expressions that the dialect can read.
func (a *plan) parseCron(dialect cron.Dialect) (xs []*cron.Expression) {
	for i, text := range a.schedule.Source {
		x, err := cron.Parse(dialect, text)
		if err != nil {
			a.refused(i, err, asOtherKey(text))
			continue
		}
		xs = append(xs, x)
	}
	return xs
}

// planCron makes a schedule of cron expressions.
func (d *decoder) planCron(a *plan, q question) {
	xs := a.parseCron(q.dialect)
	if len(xs) < len(a.schedule.Source) {
		return
	}
	zone, ok := a.commonZone(xs, q, d.opt.Timezone)
	if !ok {
		return
	}
	zone = calendar.PortableZone(zone)
	if !a.translate(zone, xs) {
		return
	}
	location := d.location(zone)
	if location == nil {
		location = d.opt.Local
	}
	var words []string
	for i, x := range xs {
		words = append(words, x.Words())
		for _, w := range x.Warnings(location, d.opt.Now, xs...) {
			a.remarks = append(a.remarks, remark{severity: Warning, text: i, message: w, hint: dialectHint(w, q.dialect)})
		}
	}
	a.schedule.Words = strings.Join(words, "; ")
}

// dialectHint says how a reading is chosen, where a warning is about several.
func dialectHint(warning string, dialect cron.Dialect) string {
	if !strings.HasPrefix(warning, "dialects disagree") {
		return ""
	}
	return fmt.Sprintf("it runs as %s reads it; cron_dialect chooses another", dialect)
}

// asOtherKey returns a hint for what is no cron expression but can be another
// kind of schedule; "" if it is none.
func asOtherKey(text string) string {
	if strings.ContainsAny(text, "“”„‟‘’«»") {
		return `write straight quotes: "5 * * * *"`
	}
	lower := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "@")
	if rest, ok := strings.CutPrefix(lower, "every "); ok {
		if span, err := calendar.ParseSpan(rest); err == nil && span >= time.Second && !onlyDigits(rest) {
			return "write every: " + calendar.FormatSpan(span) + " in place of cron"
		}
	}
	if _, err := calendar.Parse(text); err == nil {
		return "this is a calendar event of systemd: write calendar in place of cron"
	}
	return ""
}

// refused notes an expression that cron cannot read. hint, if any, comes first.
func (a *plan) refused(text int, err error, hint string) {
	r := remark{severity: Error, text: text, message: err.Error()}
	var e *cron.Error
	if errors.As(err, &e) {
		r.offset, r.length, r.hint, r.message = e.Offset, e.Length, cmp.Or(hint, e.Hint), e.Problem
		if e.Field != "" {
			r.message = e.Field + ": " + e.Problem
		}
	}
	a.remarks = append(a.remarks, r)
}

// commonZone returns the one zone of all expressions. They can name one each,
// as long as nothing contradicts it.
func (a *plan) commonZone(xs []*cron.Expression, q question, host string) (string, bool) {
	profile := calendar.PortableZone(q.zone)
	host = calendar.PortableZone(host)
	common, ok := cmp.Or(xs[0].Zone(), profile, host), true
	for i, x := range xs {
		own := x.Zone()
		switch {
		case own != "" && profile != "" && own != profile:
			a.fail(i, "leave one of the two out", "the expression is for %s, but timezone says %s", own, q.zone)
			ok = false
		case ok && cmp.Or(own, profile, host) != common:
			a.fail(i, "give each time zone a profile of its own", "the expressions are for different time zones")
			ok = false
		}
	}
	return common, ok
}

// translate makes the schedule elapse when the expressions say.
func (a *plan) translate(zone string, xs []*cron.Expression) bool {
	t, err := cron.Translate(zone, xs...)
	if err != nil {
		a.fail(0, "please report this", "%v", err)
		return false
	}
	a.schedule.Timezone = zone
	a.schedule.Events, a.schedule.Boot, a.schedule.Every = t.Events, t.Boot, t.Every
	if !slices.ContainsFunc(t.Every, starves) {
		return true
	}
	for i, x := range xs {
		if t, err := cron.Translate(zone, x); err == nil && slices.ContainsFunc(t.Every, starves) {
			a.fail(i, "use calendar, such as calendar: Mon 9:00",
				"an interval of more than 24h starts again at each boot, so where boots are frequent it would never end")
		}
	}
	return true
}

// starves reports whether an interval may never end on a host that boots daily.
func starves(interval time.Duration) bool { return interval > day }

// planCalendar makes a schedule of calendar events. Those without a zone of
// their own are in zone.
func (d *decoder) planCalendar(a *plan, zone string) {
	a.schedule.Timezone = calendar.PortableZone(zone)
	var words []string
	for i, text := range a.schedule.Source {
		x, err := cron.ParseEvent(text, zone)
		if err != nil {
			a.fail(i, "systemd.time(7) has the form, and systemd-analyze calendar tries it", "%v", err)
			continue
		}
		event := x.Event()
		// A file that was good once stays good: what is over is no mistake.
		if reason := x.Impossible(); reason != "" {
			a.fail(i, "", "%s: %s", quote(text), reason)
		} else if _, ok := event.Next(d.opt.Now, d.opt.Local); !ok {
			a.remarks = append(a.remarks, remark{severity: Warning, text: i,
				message: fmt.Sprintf("%s does not elapse after %s", quote(text), d.opt.Now.Format(time.DateOnly))})
		}
		a.schedule.Events = append(a.schedule.Events, event)
		words = append(words, x.Words())
		for _, w := range x.Warnings(cmp.Or(d.location(event.Zone), d.opt.Local), d.opt.Now) {
			a.remarks = append(a.remarks, remark{severity: Warning, text: i, message: w})
		}
	}
	a.schedule.Words = strings.Join(words, "; ")
}

// planEvery makes a schedule of a time span. It is robfig/cron's @every.
func (d *decoder) planEvery(a *plan) {
	interval, err := calendar.ParseSpan(a.schedule.Source[0])
	if err != nil || interval%time.Second != 0 {
		a.fail(0, "", "must be whole seconds")
		return
	}
	x, err := cron.Parse(cron.Robfig, "@every "+interval.String())
	if err != nil {
		a.refused(0, err, "")
		return
	}
	if a.translate("", []*cron.Expression{x}) {
		a.schedule.Words = x.Words()
	}
}
