// Package listing has the profiles of a host as a list: what they are, and when
// they run next.
package listing

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/view"
)

// Profile is one profile, as JSON.
type Profile struct {
	Name     string            `json:"profile"`
	Enabled  bool              `json:"enabled"`
	Schedule string            `json:"schedule"`
	Timezone string            `json:"timezone"`
	Calendar []string          `json:"on_calendar"`     // as jobs.yaml has it
	Next     time.Time         `json:"next,omitzero"`   // as the loaded timer has it; absent: never
	Timer    Timer             `json:"timer"`           // whether it will start a run then
	Tasks    int               `json:"tasks"`           // the enabled ones
	Paused   string            `json:"paused,omitzero"` // until when, and why
	Behind   bool              `json:"behind"`          // the timer is not the one that jobs.yaml asks for
	DropIns  []string          `json:"drop_ins,omitempty"`
	Instance montimer.Instance `json:"instance,omitzero"` // absent: the default one

	fix string // why a run will never start, and the command that changes that
}

// Timer is what a timer does: "active"; "stopped", "masked", "refused" or
// "not_compiled", where it will never start a run; "disabled" in jobs.yaml; or
// "unknown", where systemd could not be asked and Next is that of jobs.yaml.
type Timer string

const (
	active   Timer = "active"
	disabled Timer = "disabled"
	unknown  Timer = "unknown"
)

// Profiles lists the profiles of jobs.yaml in their order, then those that only have
// units. notes say what holds for all of them, such as that the times are not those
// of the timers.
func Profiles(v view.Overview, profiles []montimer.Profile) (rows []Profile, notes []string) {
	rows = []Profile{}
	for _, p := range profiles {
		r := Profile{
			Name: p.Name, Enabled: p.Enabled, Schedule: p.Schedule.Words, Timezone: p.Schedule.Timezone, Calendar: []string{}, Tasks: len(p.EnabledTasks()),
		}
		for _, event := range p.Schedule.Events {
			r.Calendar = append(r.Calendar, event.String())
		}
		rows = append(rows, r)
	}
	for _, p := range v.Profiles {
		if !slices.ContainsFunc(rows, func(r Profile) bool { return r.Name == p.Name }) {
			rows = append(rows, Profile{Name: p.Name, Schedule: "not in jobs.yaml", Calendar: []string{}})
		}
	}
	compiled := false
	for i := range rows {
		at := slices.IndexFunc(v.Profiles, func(p view.Profile) bool { return p.Name == rows[i].Name })
		if at < 0 {
			rows[i].Timer = unknown
		} else {
			rows[i].look(v.Profiles[at])
		}
		rows[i].Instance = v.Instance
		compiled = compiled || rows[i].Timer != unknown && rows[i].Timer != disabled && rows[i].Timer != Timer(view.NotCompiled)
	}
	for _, text := range v.NotSeen {
		notes = append(notes, "not seen: "+safetext.String(text))
	}
	if compiled {
		return rows, append(notes, v.Notices()...)
	}
	for i, p := range profiles { // for whoever only has the file
		if next, ok := p.Schedule.Next(v.At, time.Local); ok && p.Enabled {
			rows[i].Next = next.UTC()
		}
		rows[i].fix = ""
	}
	switch {
	case slices.ContainsFunc(rows, func(r Profile) bool { return r.Timer == unknown }):
		notes = append(notes, "systemd could not be asked: the times are those of jobs.yaml")
	case slices.ContainsFunc(rows, func(r Profile) bool { return r.Timer == Timer(view.NotCompiled) }):
		notes = append(notes, "no profile has a timer: the times are those of jobs.yaml; next: "+v.Instance.Command("apply"))
	}
	return rows, notes
}

// look takes over what is known of the timer.
func (r *Profile) look(p view.Profile) {
	r.Next, r.Behind, r.DropIns = p.Next, p.Behind, p.DropIns
	switch {
	case !p.Loaded:
		r.Timer = unknown
	case p.Blocked != "":
		r.Timer, r.fix = Timer(p.Blocked), p.Fix
	case !r.Enabled && p.Next.IsZero():
		r.Timer = disabled
	default:
		r.Timer = active
	}
	if p.Pause != nil {
		r.Paused = safetext.String(montimer.Pause{Until: p.Pause.Until, Reason: p.Pause.Reason, By: p.Pause.By}.String())
	}
}

func (r Profile) nextText() string {
	switch {
	case r.Timer == disabled, !r.Enabled && r.Next.IsZero():
		return "disabled"
	case r.Next.IsZero() && r.Timer != active && r.Timer != unknown:
		return strings.ReplaceAll(string(r.Timer), "_", " ")
	case r.Paused != "":
		return "paused"
	case r.Next.IsZero():
		return "-"
	}
	format := "Mon 2006-01-02 15:04 MST"
	if r.Next.Second() != 0 {
		format = "Mon 2006-01-02 15:04:05 MST"
	}
	return r.Next.Local().Format(format)
}

// scheduleText says when a profile runs, and what keeps it from that.
func (r Profile) scheduleText(of montimer.Instance) string {
	parts := []string{cmp.Or(r.Schedule, "-")}
	if r.fix != "" {
		parts = append(parts, r.fix)
	}
	if r.Enabled && r.Paused != "" {
		parts = append(parts, r.Paused)
	}
	if len(r.DropIns) > 0 {
		parts = append(parts, "overridden by "+safetext.String(strings.Join(r.DropIns, ", ")))
	}
	if r.Behind && r.Timer == active {
		parts = append(parts, "the timer has another schedule: "+of.Command("apply"))
	}
	return strings.Join(parts, "; ")
}

// Table returns the profiles as a table for people.
func Table(profiles []Profile) (header []string, rows [][]string) {
	for _, r := range profiles {
		rows = append(rows, []string{r.Instance.Of(r.Name), r.nextText(), strconv.Itoa(r.Tasks), r.scheduleText(r.Instance)})
	}
	return []string{"PROFILE", "NEXT", "TASKS", "SCHEDULE"}, rows
}
