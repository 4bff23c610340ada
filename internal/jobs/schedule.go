package jobs

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/cron"
)

// A question is all that decides what a schedule is. Profiles often share one.
type question struct {
	kind    montimer.ScheduleKind
	dialect cron.Dialect
	zone    string // that of the profile, "" if it names none
	texts   string // joined by NUL
}

// A plan is the answer, and what is to be said about it.
type plan struct {
	schedule montimer.Schedule
	remarks  []remark
}

// A remark is a problem of one text of a schedule.
type remark struct {
	severity       Severity
	text           int // its index
	offset, length int // of the part in question, in bytes; length 0: the whole text
	message, hint  string
}

// schedule gives p its schedule. entry is the name of the profile.
func (d *decoder) schedule(p *profile, entry value) {
	kind, ok := d.scheduleKind(p, entry)
	if !ok {
		return
	}
	texts := p.cron
	switch kind {
	case montimer.ScheduleCalendar:
		texts = p.calendar
	case montimer.ScheduleEvery:
		texts = nil
		if p.every > 0 {
			texts = []located{{p.every.String(), p.keys.find("every")}}
		}
	}
	if len(texts) == 0 {
		return // reported when they were read
	}
	d.enter("", string(kind))
	defer d.leave()
	q := question{kind: kind, dialect: p.dialect, zone: p.timezone, texts: joined(texts)}
	answer := d.plans[q]
	if answer == nil {
		answer = d.plan(q)
		d.plans[q] = answer
	}
	for _, r := range answer.remarks {
		at := texts[r.text].at
		where := d.place(at)
		if r.length > 0 {
			where = d.placeIn(at, r.offset, r.length)
		}
		d.add(r.severity, where, r.hint, r.message)
	}
	p.Schedule = answer.schedule
}

func joined(texts []located) string {
	if len(texts) == 1 {
		return texts[0].text
	}
	list := make([]string, len(texts))
	for i, t := range texts {
		list[i] = t.text
	}
	return strings.Join(list, "\x00")
}

// scheduleKind returns which of the three ways to write a schedule p uses.
func (d *decoder) scheduleKind(p *profile, entry value) (montimer.ScheduleKind, bool) {
	var found []montimer.ScheduleKind
	for _, k := range []montimer.ScheduleKind{montimer.ScheduleCron, montimer.ScheduleCalendar, montimer.ScheduleEvery} {
		if !p.keys.find(string(k)).isZero() {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		d.error(entry, "", "the key cron is missing (or calendar, or every)")
		return "", false
	case 1:
		return found[0], true
	}
	d.error(p.keys.find(string(found[1])), "", "a profile has only one of cron, calendar and every, and this one has %s too", found[0])
	return "", false
}

// plan answers q.
func (d *decoder) plan(q question) *plan {
	texts := strings.Split(q.texts, "\x00")
	a := &plan{schedule: montimer.Schedule{Kind: q.kind, Source: texts}}
	switch q.kind {
	case montimer.ScheduleCron:
		a.schedule.Dialect = string(q.dialect)
		d.planCron(a, q)
	case montimer.ScheduleCalendar:
		d.planCalendar(a, q.zoneOr(d.opt.Timezone))
	case montimer.ScheduleEvery:
		a.schedule.Timezone = "UTC"
		d.planEvery(a)
	}
	return a
}

// zoneOr returns the zone of the profile, or that of the host.
func (q question) zoneOr(host string) string {
	if q.zone != "" {
		return q.zone
	}
	return host
}

func (a *plan) fail(text int, hint, format string, args ...any) {
	a.remarks = append(a.remarks, remark{severity: Error, text: text, hint: hint, message: fmt.Sprintf(format, args...)})
}

// planCron makes a schedule of cron expressions.
func (d *decoder) planCron(a *plan, q question) {
	var xs []*cron.Expression
	for i, text := range a.schedule.Source {
		x, err := cron.Parse(q.dialect, text)
		if err != nil {
			a.refused(i, err)
			continue
		}
		xs = append(xs, x)
	}
	if len(xs) < len(a.schedule.Source) {
		return
	}
	zone, ok := a.commonZone(xs, q, d.opt.Timezone)
	if !ok {
		return
	}
	a.translate(zone, xs)
	location := d.location(zone)
	if location == nil {
		location = d.opt.Local
	}
	var words []string
	for i, x := range xs {
		words = append(words, x.Words())
		for _, w := range x.Warnings(location, d.opt.Now) {
			a.remarks = append(a.remarks, remark{severity: Warning, text: i, message: w})
		}
	}
	a.schedule.Words = strings.Join(words, "; ")
	d.mustElapse(a)
}

// refused notes an expression that cron cannot read.
func (a *plan) refused(text int, err error) {
	r := remark{severity: Error, text: text, message: err.Error()}
	var e *cron.Error
	if errors.As(err, &e) {
		r.offset, r.length, r.hint, r.message = e.Offset, e.Length, e.Hint, e.Problem
		if e.Field != "" {
			r.message = e.Field + ": " + e.Problem
		}
	}
	a.remarks = append(a.remarks, r)
}

// commonZone returns the one zone of all expressions. They can name one each,
// as long as nothing contradicts it.
func (a *plan) commonZone(xs []*cron.Expression, q question, host string) (string, bool) {
	common, ok := "", true
	for i, x := range xs {
		own := x.Zone()
		if own != "" && q.zone != "" && own != q.zone {
			a.fail(i, "leave one of the two out", "the expression is for %s, but timezone says %s", own, q.zone)
			ok = false
			continue
		}
		if own == "" {
			own = q.zoneOr(host)
		}
		if i > 0 && own != common {
			a.fail(i, "give each time zone a profile of its own", "the expressions are for different time zones")
			return "", false
		}
		common = own
	}
	return common, ok
}

func (a *plan) translate(zone string, xs []*cron.Expression) {
	t, err := cron.Translate(zone, xs...)
	if err != nil {
		a.fail(0, "please report this", "%v", err)
		return
	}
	a.schedule.Timezone = zone
	a.schedule.Events, a.schedule.Boot, a.schedule.Every = t.Events, t.Boot, t.Every
	for i, interval := range t.Every {
		if interval > day {
			a.fail(min(i, len(a.schedule.Source)-1), "use calendar, such as calendar: Mon 9:00",
				"every %s is counted anew after each boot: where boots are more frequent, it would never run", calendar.FormatSpan(interval))
		}
	}
}

// planCalendar makes a schedule of calendar events. Those without a zone of
// their own are in zone.
func (d *decoder) planCalendar(a *plan, zone string) {
	a.schedule.Timezone = zone
	var words []string
	for i, text := range a.schedule.Source {
		event, err := calendar.Parse(text)
		if err != nil {
			a.fail(i, "systemd.time(7) has the form, and systemd-analyze calendar tries it", "%v", err)
			continue
		}
		if event.Zone == "" {
			event.Zone = zone
		}
		if _, ok := event.Next(d.opt.Now, d.opt.Local); !ok {
			a.fail(i, "", "%s never elapses from now on", quote(text))
		}
		a.schedule.Events = append(a.schedule.Events, event)
		words = append(words, event.String())
	}
	a.schedule.Words = strings.Join(words, "; ")
}

// planEvery makes a schedule of a time span. It is robfig/cron's @every.
func (d *decoder) planEvery(a *plan) {
	x, err := cron.Parse(cron.Robfig, "@every "+a.schedule.Source[0])
	if err != nil {
		a.fail(0, "", "%v", err)
		return
	}
	a.translate("", []*cron.Expression{x})
	a.schedule.Words = x.Words()
}

// mustElapse refuses a schedule that has only past times.
func (d *decoder) mustElapse(a *plan) {
	s := a.schedule
	if len(s.Events) == 0 || s.Boot || len(s.Every) > 0 {
		return
	}
	if _, ok := s.Next(d.opt.Now, d.opt.Local); !ok {
		a.fail(0, "", "it never runs from now on")
	}
}

// location returns a time zone; nil if it is the local one, or unknown.
func (d *decoder) location(name string) *time.Location {
	if name == "" {
		return nil
	}
	l, ok := d.locations[name]
	if !ok {
		l, _ = loadZone(name)
		d.locations[name] = l
	}
	return l
}
