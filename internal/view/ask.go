package view

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/timeline"
)

// Ask is a [Filter] in words.
type Ask struct {
	Since, Until   string
	Failed, Missed bool
	States         []string
	Task, Grep     string
	Most           int
}

// Filter reads the words.
func (a Ask) Filter(now time.Time) (f Filter, err error) {
	f.Task, f.Most = a.Task, a.Most
	if f.Since, err = pastTime(a.Since, now); err != nil {
		return f, fmt.Errorf("--since: %w", err)
	}
	if a.Until != "" {
		if f.Until, err = pastTime(a.Until, now); err != nil {
			return f, fmt.Errorf("--until: %w", err)
		}
	}
	if end := cmp.Or(f.Until, now); !f.Since.Before(end) {
		return f, fmt.Errorf("--since: %s is not before %s, so nothing can match", f.Since.Local().Format(time.DateTime), end.Local().Format(time.DateTime))
	}
	if a.Failed {
		f.States = append(f.States, timeline.Failed, timeline.Lost)
	}
	if a.Missed {
		f.States = append(f.States, timeline.Missed, timeline.HostDown, timeline.Unknown)
	}
	for _, name := range a.States {
		if !slices.Contains(timeline.States, timeline.State(name)) {
			return f, fmt.Errorf("--state: %q is none of %s", name, stateNames())
		}
		f.States = append(f.States, timeline.State(name))
	}
	if a.Grep != "" {
		if f.Match, err = regexp.Compile(a.Grep); err != nil {
			return f, fmt.Errorf("--grep: %w", err)
		}
	}
	if f.Most < 0 {
		return f, fmt.Errorf("-n: %d is less than 0", f.Most)
	}
	return f, nil
}

func stateNames() string {
	names := make([]string, len(timeline.States))
	for i, s := range timeline.States {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// pastTime reads a date, a date with a time, or a time span ago.
func pastTime(text string, now time.Time) (time.Time, error) {
	for _, form := range []string{time.RFC3339, time.DateOnly, "2006-01-02 15:04", time.DateTime} {
		if t, err := time.ParseInLocation(form, text, now.Location()); err == nil {
			return t, nil
		}
	}
	if d, err := calendar.ParseSpan(text); err == nil && !calendar.EndsWithoutUnit(text) {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%q is neither a time span (2h, 30d) nor a date (2006-01-02, or with 15:04)", text)
}
