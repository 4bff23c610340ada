package main

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
	"github.com/montimer/montimer/internal/safetext"
)

// explanation is what `explain` says of one expression.
type explanation struct {
	Expression string      `json:"expression"`
	Dialect    string      `json:"dialect"`
	Timezone   string      `json:"timezone"` // "": local
	Words      string      `json:"words"`
	OnCalendar []string    `json:"on_calendar"`
	Monotonic  []string    `json:"monotonic"`
	Next       []time.Time `json:"next"`
	Warnings   []string    `json:"warnings"`
	Error      string      `json:"error"`
}

// explainer explains expressions in one zone, from one time on.
type explainer struct {
	zone     string // as named; "": local
	location *time.Location
	from     time.Time
	n        int
}

// systemdDialect stands for calendar events among the dialects of cron.
const systemdDialect = "systemd"

// explain explains one expression.
func (x explainer) explain(dialect, text string) explanation {
	out := explanation{Expression: text, Dialect: dialect, Timezone: x.zone,
		OnCalendar: []string{}, Monotonic: []string{}, Next: []time.Time{}, Warnings: []string{}}
	var err error
	switch {
	case dialect == systemdDialect:
		err = x.event(&out, text)
	case slices.Contains(cron.Dialects(), cron.Dialect(dialect)):
		err = x.cron(&out, cron.Dialect(dialect), text)
	default:
		err = unknownDialect(dialect)
	}
	if err != nil {
		out.Error = err.Error()
	}
	return out
}

func unknownDialect(dialect string) error {
	known := ""
	for _, d := range cron.Dialects() {
		known += string(d) + ", "
	}
	return fmt.Errorf("unknown dialect %q; write one of %s%s", dialect, known, systemdDialect)
}

// event explains a calendar event.
func (x explainer) event(out *explanation, text string) error {
	expression, err := cron.ParseEvent(text, x.zone)
	if err != nil {
		return err
	}
	events := []calendar.Event{expression.Event()}
	out.Words = expression.Words()
	out.Warnings = append(out.Warnings, expression.Warnings(x.location, x.from)...)
	x.fill(out, events, false, nil)
	if _, ok := calendar.Next(events, x.from, x.location); !ok {
		return errors.New(cmp.Or(expression.Impossible(), "it never elapses after "+x.from.Format(time.RFC3339)))
	}
	return x.prove(events)
}

// prove returns what systemd would do wrong at a change of the clock.
func (x explainer) prove(events []calendar.Event) error {
	if f := calendar.Prove(events, x.from, x.location); f != nil {
		return fmt.Errorf("%w; %s", f, f.Hint())
	}
	return nil
}

// cron explains a cron expression.
func (x explainer) cron(out *explanation, dialect cron.Dialect, text string) error {
	expression, err := cron.Parse(dialect, text)
	if err != nil {
		if _, notEvent := cron.ParseEvent(text, x.zone); notEvent == nil {
			return fmt.Errorf("%w; it is a calendar event: write explain --dialect systemd", err)
		}
		return err
	}
	location := x.location
	if own := expression.Zone(); own != "" {
		out.Timezone = own
		if location, err = time.LoadLocation(own); err != nil {
			return err
		}
	}
	translation, err := cron.Translate(x.zone, expression)
	if err != nil {
		return err
	}
	out.Words = expression.Words()
	out.Warnings = append(out.Warnings, expression.Warnings(location, x.from)...)
	x.fill(out, translation.Events, translation.Boot, translation.Every)
	return x.prove(translation.Events)
}

// schedule explains the schedule of a profile; its warnings have been told
// where jobs.yaml was read.
func (x explainer) schedule(s montimer.Schedule) explanation {
	dialect := s.Dialect
	if s.Kind != montimer.ScheduleCron {
		dialect = systemdDialect
	}
	out := explanation{Expression: strings.Join(s.Source, "; "), Dialect: dialect, Timezone: s.Timezone, Words: s.Words,
		OnCalendar: []string{}, Monotonic: []string{}, Next: []time.Time{}, Warnings: []string{}}
	x.fill(&out, s.Events, s.Boot, s.Every)
	return out
}

// fill adds the lines of the timer, and the next runs as far as they are known.
func (x explainer) fill(out *explanation, events []calendar.Event, boot bool, every []time.Duration) {
	for _, event := range events {
		out.OnCalendar = append(out.OnCalendar, event.String())
	}
	if boot {
		out.Monotonic = append(out.Monotonic, "OnBootSec=1us")
	}
	for _, d := range every {
		span := calendar.FormatSpan(d)
		out.Monotonic = append(out.Monotonic, "OnBootSec="+span, "OnUnitActiveSec="+span)
	}
	location := x.location
	if x.zone == "" && out.Timezone != "" {
		if zone, err := time.LoadLocation(out.Timezone); err == nil {
			location = zone
		}
	}
	for t := x.from; len(out.Next) < x.n; {
		next, ok := calendar.Next(events, t, location)
		if !ok {
			break
		}
		out.Next, t = append(out.Next, next.In(location)), next
	}
}

// visible shows text of others without what could drive a terminal.
func visible(s string) string { return safetext.String(s) }
