package diff

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/cron"
)

// changeWords describes when a timer elapses before a change and after it;
// words are those of its profile. They omit the zone, which the profile names,
// and so does the result, unless the zone changes.
func changeWords(c Rescheduling, words string) (before, after string) {
	if c.New == nil {
		return scheduleWords(c.Old.Schedule, ""), ""
	}
	after = cmp.Or(words, scheduleWords(c.New.Schedule, ""))
	if c.Old == nil {
		return "", after
	}
	was, is := c.Old.Schedule, c.New.Schedule
	if slices.EqualFunc(was.Events, is.Events, calendar.Event.Equal) && was.Boot == is.Boot && slices.Equal(was.Every, is.Every) {
		return after, after
	}
	unsaid := ""
	if len(is.Events) > 0 && !strings.Contains(after, is.Events[0].Zone) {
		unsaid = is.Events[0].Zone
	}
	elsewhere := func(e calendar.Event) bool { return e.Zone != unsaid }
	if unsaid != "" && slices.ContainsFunc(was.Events, elsewhere) {
		after += ", " + unsaid + " time"
		unsaid = ""
	}
	return scheduleWords(was, unsaid), after
}

// scheduleWords describes the schedule of a unit, without that zone. An event
// without words is shown as it is.
func scheduleWords(s montimer.Schedule, unsaid string) string {
	var words []string
	for _, event := range s.Events {
		named := event
		if named.Zone == unsaid {
			named.Zone = ""
		}
		words = append(words, cmp.Or(cron.EventWords(named), event.String()))
	}
	if s.Boot {
		words = append(words, "once after each boot")
	}
	for _, span := range s.Every {
		every := "every " + calendar.FormatSpan(span)
		if x, err := cron.Parse(cron.Robfig, "@every "+span.String()); err == nil && span%time.Second == 0 {
			every = x.Words()
		}
		words = append(words, every)
	}
	return strings.Join(words, "; ")
}
