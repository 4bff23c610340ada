package doctor

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/systemd"
)

// ClockFacts is the clock of the host.
type ClockFacts struct {
	Synced    bool
	Container bool           // which has the clock of its host
	Local     *time.Location // the zone of the host
}

func (r *reader) clock(ctx context.Context) error {
	c := &r.facts.Clock
	c.Local = time.Local
	var t unix.Timex // no Modes: nothing is set
	if _, err := unix.Adjtimex(&t); err != nil {
		return fmt.Errorf("ask whether the clock is synchronised: %w", err)
	}
	c.Synced = t.Status&unix.STA_UNSYNC == 0
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	c.Container, err = conn.InContainer()
	return err
}

// soon is how long before a clock change it is announced.
const soon = 7 * 24 * time.Hour

// nearby is how far from a clock change a tick may be to be affected by more than the
// hour that the day is shorter or longer.
const nearby = 3 * time.Hour

// change is what a clock change does to the ticks of a profile.
type change struct {
	at          time.Time
	zone        string
	gap, before time.Duration // between the ticks around it, and around the same time a week earlier
	near        bool          // a tick is near it
}

// nextChange returns the next change of the clock of a profile's zone; ok is false if
// there is none, or the profile has no calendar.
func nextChange(p montimer.Profile, local *time.Location, now time.Time) (c change, ok bool) {
	zone := local
	if name := p.Schedule.Timezone; name != "" {
		if z, err := time.LoadLocation(name); err == nil {
			zone = z
		}
	}
	_, c.at = now.In(zone).ZoneBounds()
	if c.at.IsZero() || len(p.Schedule.Events) == 0 {
		return c, false
	}
	around := func(t time.Time) (gap time.Duration, near bool) {
		prev, had := calendar.Prev(p.Schedule.Events, t, local)
		next, has := calendar.Next(p.Schedule.Events, t.Add(-time.Microsecond), local)
		return next.Sub(prev), had && has && min(t.Sub(prev), next.Sub(t)) <= nearby
	}
	c.zone = zone.String()
	c.gap, c.near = around(c.at)
	c.before, _ = around(c.at.AddDate(0, 0, -7))
	return c, true
}

// matters reports whether a person should know of the change before it comes.
func (c change) matters(now time.Time) bool {
	return c.at.Sub(now) <= soon && c.near && c.gap != c.before
}

func (c change) String() string {
	text := fmt.Sprintf("the clocks of %s change at %s", c.zone, c.at.UTC().Format("2006-01-02 15:04 UTC"))
	if c.near && c.gap != c.before {
		text += fmt.Sprintf(": %s between the ticks there, instead of %s", calendar.FormatSpan(c.gap), calendar.FormatSpan(c.before))
	}
	return text
}

func clockChanges(f Facts) (all []found) {
	var notes []string
	for _, p := range f.Jobs.Profiles {
		c, ok := nextChange(p, cmp.Or(f.Clock.Local, time.UTC), f.Now)
		switch {
		case !p.Enabled || !ok:
		case c.matters(f.Now):
			all = append(all, found{text: fmt.Sprintf("profile %s: %s; timezone: UTC has no such change", p.Name, c), fix: f.asUser(edit(f.Host.JobsFile))})
		default:
			notes = append(notes, fmt.Sprintf("profile %s: %s", p.Name, c))
		}
	}
	if all == nil && notes != nil {
		return []found{{note: strings.Join(notes, "; ")}}
	}
	return all
}

func clockChecks() []Check {
	return []Check{
		{"clock-unsynced", "clock that is not synchronised", "ticks come at the wrong time, and Telegram may refuse the connection", true, []part{partClock}, func(f Facts) []found {
			if f.Clock.Synced || f.Clock.Container {
				return nil
			}
			return []found{{text: "the kernel says that the clock is not synchronised", fix: "timedatectl set-ntp true"}}
		}},
		{"clock-change", "profiles that a clock change within a week gives more or fewer ticks", "a tick is left out, or comes at another time", true, []part{partJobs, partClock}, clockChanges},
	}
}
