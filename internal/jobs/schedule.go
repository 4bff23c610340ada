package jobs

import (
	"math"
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
	shortest time.Duration // between two runs, see decoder.shortest
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
	ways := []struct {
		kind  montimer.ScheduleKind
		texts []located
	}{
		{montimer.ScheduleCron, p.cron},
		{montimer.ScheduleCalendar, p.calendar},
		{montimer.ScheduleEvery, p.everyText()},
	}
	first := montimer.ScheduleKind("")
	for _, w := range ways {
		at := p.keys.find(string(w.kind))
		switch {
		case at.isZero():
			continue
		case first == "":
			first = w.kind
		default:
			d.error(at, "", "a profile has one of cron, calendar and every, but not %s and %s", first, w.kind)
		}
		if len(w.texts) > 0 && d.checkTexts(w.texts) {
			d.setSchedule(p, w.kind, w.texts, at)
		}
	}
	if first == "" {
		d.error(entry, "", "the key cron is missing (or calendar, or every)")
	}
	d.warnOfIdle(p, first)
}

// warnOfIdle warns of keys without effect on a kind of schedule.
func (d *decoder) warnOfIdle(p *profile, kind montimer.ScheduleKind) {
	for _, key := range idle(kind) {
		if at := p.keys.find(key); !at.isZero() {
			d.warn(at, "remove it", "%s has no effect on %s", key, kind)
		}
	}
}

// idle returns the keys that say nothing about a kind of schedule.
func idle(kind montimer.ScheduleKind) []string {
	switch kind {
	case montimer.ScheduleCalendar:
		return []string{"cron_dialect"}
	case montimer.ScheduleEvery:
		return []string{"cron_dialect", "timezone"}
	}
	return nil
}

// everyText returns the time span of p, if it has one that could be read.
func (p *profile) everyText() []located {
	if p.every == 0 {
		return nil
	}
	at := p.keys.find("every")
	return []located{{at.Value, at}}
}

// setSchedule gives p the schedule of the texts, the value of the key at.
func (d *decoder) setSchedule(p *profile, kind montimer.ScheduleKind, texts []located, at value) {
	d.enter("", string(kind))
	a := d.answer(question{kind: kind, dialect: p.dialect, zone: p.timezone, texts: joined(texts)}, texts)
	d.leave()
	p.Schedule = a.schedule
	d.checkEvents(a.schedule, at)
	d.checkJitter(p, a)
}

// answer returns the plan that q asks for, and reports what is to be said about
// the texts.
func (d *decoder) answer(q question, texts []located) *plan {
	a := d.plans[q]
	if a == nil {
		a = d.plan(q)
		d.plans[q] = a
	}
	for _, r := range a.remarks {
		at := texts[r.text].at
		where := d.place(at)
		if r.length > 0 {
			where = d.placeIn(at, r.offset, r.length)
		}
		d.add(r.severity, where, r.hint, r.message)
	}
	return a
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

// checkJitter refuses a jitter that systemd would pay for with runs: those
// that are due before a delayed one has begun are dropped.
func (d *decoder) checkJitter(p *profile, a *plan) {
	if p.Jitter == 0 {
		return
	}
	if shortest := d.shortest(a); p.Jitter >= shortest {
		d.error(d.at(p, "jitter"), "", "the jitter of %s must be shorter than the shortest time between two runs, %s, or runs would be left out",
			calendar.FormatSpan(p.Jitter), calendar.FormatSpan(shortest))
		return
	}
	if again, ok := calendar.Again(a.schedule.Events, p.Jitter, d.opt.Now, d.opt.Local); ok {
		d.warn(d.at(p, "jitter"), "", "the run at %s can happen twice: a delay of up to %s can reach into the hour that the clock repeats on that day",
			again.Format("2006-01-02 15:04"), calendar.FormatSpan(p.Jitter))
	}
}

// shortest returns the shortest time between two runs; a very long one if
// there are no two.
func (d *decoder) shortest(a *plan) time.Duration {
	if a.shortest > 0 {
		return a.shortest
	}
	a.shortest = math.MaxInt64
	for _, interval := range a.schedule.Every {
		a.shortest = min(a.shortest, interval)
	}
	if gap, _, ok := calendar.Gaps(a.schedule.Events, d.opt.Now, d.opt.Local); ok {
		a.shortest = min(a.shortest, max(gap, 1))
	}
	return a.shortest
}
