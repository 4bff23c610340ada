// Package explain says what a schedule means: its words, the lines of its timer,
// its next runs, its warnings.
package explain

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/cron"
)

// Explanation is what `explain` says of one expression.
type Explanation struct {
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

// Explainer explains expressions in one zone, from one time on.
type Explainer struct {
	Zone     string // as named; "": local
	Location *time.Location
	From     time.Time
	N        int // how many runs to show
}

// New checks what all expressions share: the zone, "": local; the time of RFC 3339
// from which on runs are shown, "": now; and how many.
func New(zone, from string, n int) (Explainer, error) {
	x := Explainer{Zone: zone, Location: time.Local, From: time.Now(), N: n}
	var err error
	if zone != "" {
		if x.Location, err = time.LoadLocation(zone); err != nil {
			return x, fmt.Errorf("--timezone: %w", err)
		}
	}
	if from != "" {
		if x.From, err = time.Parse(time.RFC3339, from); err != nil {
			return x, fmt.Errorf("--from: %w", err)
		}
	}
	if n < 0 || n > 10_000 {
		return x, errors.New("-n: 0 to 10000 runs")
	}
	return x, nil
}

// Systemd is the dialect that stands for calendar events among the dialects of cron.
const Systemd = "systemd"

// Explain explains one expression.
func (x Explainer) Explain(dialect, text string) Explanation {
	out := Explanation{Expression: text, Dialect: dialect, Timezone: x.Zone,
		OnCalendar: []string{}, Monotonic: []string{}, Next: []time.Time{}, Warnings: []string{}}
	var err error
	switch {
	case dialect == Systemd:
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
	return fmt.Errorf("unknown dialect %q; write one of %s%s", dialect, known, Systemd)
}

// event explains a calendar event.
func (x Explainer) event(out *Explanation, text string) error {
	expression, err := cron.ParseEvent(text, x.Zone)
	if err != nil {
		return err
	}
	events := []calendar.Event{expression.Event()}
	out.Words = expression.Words()
	out.Warnings = append(out.Warnings, expression.Warnings(x.Location, x.From)...)
	x.fill(out, events, false, nil)
	if _, ok := calendar.Next(events, x.From, x.Location); !ok {
		return errors.New(cmp.Or(expression.Impossible(), "it never elapses after "+x.From.Format(time.RFC3339)))
	}
	return x.prove(events)
}

// prove returns the fault that systemd would make at a change of the clock.
func (x Explainer) prove(events []calendar.Event) error {
	if f := calendar.Prove(events, x.From, x.Location); f != nil {
		return fmt.Errorf("%w; %s", f, f.Hint())
	}
	return nil
}

// cron explains a cron expression.
func (x Explainer) cron(out *Explanation, dialect cron.Dialect, text string) error {
	expression, err := cron.Parse(dialect, text)
	if err != nil {
		if _, notEvent := cron.ParseEvent(text, x.Zone); notEvent == nil {
			return fmt.Errorf("%w; it is a calendar event: write explain --dialect systemd", err)
		}
		return err
	}
	location := x.Location
	if own := expression.Zone(); own != "" {
		out.Timezone = own
		if location, err = time.LoadLocation(own); err != nil {
			return err
		}
	}
	translation, err := cron.Translate(x.Zone, expression)
	if err != nil {
		return err
	}
	out.Words = expression.Words()
	out.Warnings = append(out.Warnings, expression.Warnings(location, x.From)...)
	x.fill(out, translation.Events, translation.Boot, translation.Every)
	return x.prove(translation.Events)
}

// Schedule explains the schedule of a profile; without its warnings, which were
// shown when jobs.yaml was read.
func (x Explainer) Schedule(s montimer.Schedule) Explanation {
	dialect := s.Dialect
	if s.Kind != montimer.ScheduleCron {
		dialect = Systemd
	}
	out := Explanation{Expression: strings.Join(s.Source, "; "), Dialect: dialect, Timezone: s.Timezone, Words: s.Words,
		OnCalendar: []string{}, Monotonic: []string{}, Next: []time.Time{}, Warnings: []string{}}
	x.fill(&out, s.Events, s.Boot, s.Every)
	return out
}

// fill adds the lines of the timer, and the next runs as far as they are known.
func (x Explainer) fill(out *Explanation, events []calendar.Event, boot bool, every []time.Duration) {
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
	location := x.Location
	if x.Zone == "" && out.Timezone != "" {
		if zone, err := time.LoadLocation(out.Timezone); err == nil {
			location = zone
		}
	}
	for t := x.From; len(out.Next) < x.N; {
		next, ok := calendar.Next(events, t, location)
		if !ok {
			break
		}
		out.Next, t = append(out.Next, next.In(location)), next
	}
}

// maxLine bounds a line of input, in bytes.
const maxLine = 4 << 20

// All explains expressions of one dialect.
func (x Explainer) All(dialect string, texts []string, show func(Explanation) error) error {
	for _, text := range texts {
		if err := show(x.Explain(dialect, text)); err != nil {
			return err
		}
	}
	return nil
}

// Lines explains lines of a dialect, a tab and an expression; without a tab the
// dialect is supercronic.
func (x Explainer) Lines(r io.Reader, show func(Explanation) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		dialect, text, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			dialect, text = string(cron.Supercronic), dialect
		}
		if err := show(x.Explain(dialect, text)); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	return nil
}

// Unquoted reports whether the arguments look like the fields of one
// expression, in which a shell may have replaced * by file names.
func Unquoted(args []string) bool {
	return !slices.ContainsFunc(args, func(arg string) bool { return strings.ContainsAny(arg, " \t@") })
}
