package view

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/lazy"
	"github.com/montimer/montimer/internal/safetext"
)

// Comparison is what two systems alerted that ran the same jobs.yaml side by side.
type Comparison struct {
	Rows    []Compared // those that differ first, then by tick
	OwnKind int        // alerts of kinds that only montimer has: recovered and lost runs, its own pages and reports
}

// Compared is the alerts of one kind that belong to one tick of a profile.
type Compared struct {
	Profile  string    `json:"profile,omitzero"` // absent: not known
	Tick     time.Time `json:"tick,omitzero"`    // of a profile that is not known, when the first was sent
	Protocol string    `json:"protocol"`
	Source   string    `json:"source"`
	Severity string    `json:"severity,omitzero"`
	OnlyOld  int       `json:"only_old"`
	OnlyNew  int       `json:"only_new"`
	Both     int       `json:"both"`
	Text     string    `json:"text"` // the first line of one that only one of them sent, else of one of both
}

// differs reports whether one of the systems sent more.
func (c Compared) differs() bool { return c.OnlyOld+c.OnlyNew > 0 }

// Jobs is what a comparison has to know of the profiles.
type Jobs struct {
	Instance   montimer.Instance
	Profiles   []montimer.Profile // of jobs.yaml
	Timetables map[string][]montimer.Timetable
	Local      *time.Location
}

// Compare matches the alerts of two systems by what they are about and by tick,
// from the ticks of since on and before until (zero: all). Their texts need not be
// equal: two runs of a check measure different values. An alert that one of them
// sent a tick later, as after a run of which the other was quicker, is in both, if
// the texts are equal but for numbers.
func (j Jobs) Compare(older, newer []montimer.Event, profile string, since, until time.Time) (c Comparison) {
	groups := map[kind]map[time.Time]*pair{}
	add := func(events []montimer.Event, side int) {
		for _, e := range events {
			if j.isOwnKind(e) {
				c.OwnKind++
				continue
			}
			k, tick := j.place(e)
			if tick.Before(since) || !until.IsZero() && !tick.Before(until) || profile != "" && k.profile != profile {
				continue
			}
			if groups[k] == nil {
				groups[k] = map[time.Time]*pair{}
			}
			if groups[k][tick] == nil {
				groups[k][tick] = &pair{first: e}
			}
			p := groups[k][tick]
			p.left[side] = append(p.left[side], e)
		}
	}
	add(older, 0)
	add(newer, 1)
	for k, ticks := range groups {
		for _, p := range ticks {
			p.match(p, true)
			p.match(p, false)
		}
		for _, tick := range slices.SortedFunc(maps.Keys(ticks), time.Time.Compare) {
			p := ticks[tick]
			next, _ := calendar.Next(j.events(k.profile, tick), tick, j.Local)
			if later := ticks[next]; later != nil {
				p.match(later, true)
				later.match(p, true)
			}
		}
		for tick, p := range ticks {
			c.Rows = append(c.Rows, p.row(k, tick))
		}
	}
	slices.SortFunc(c.Rows, func(a, b Compared) int {
		if a.differs() != b.differs() {
			return map[bool]int{true: -1, false: 1}[a.differs()]
		}
		return cmp.Or(a.Tick.Compare(b.Tick), cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Severity, b.Severity))
	})
	return c
}

// kind is what an alert is about.
type kind struct{ profile, protocol, source, severity string }

// pair is the alerts of one kind in one tick.
type pair struct {
	first montimer.Event
	left  [2][]montimer.Event // without their match, of the old and of the new system
	both  int
}

// match takes an alert of the old system in p and one of the new system in q
// together, as many as there are: those with the same words, or any.
func (p *pair) match(q *pair, sameWords bool) {
	p.left[0] = slices.DeleteFunc(p.left[0], func(o montimer.Event) bool {
		at := slices.IndexFunc(q.left[1], func(n montimer.Event) bool { return !sameWords || words(o) == words(n) })
		if at < 0 {
			return false
		}
		q.left[1] = slices.Delete(q.left[1], at, at+1)
		p.both++
		return true
	})
}

func (p *pair) row(k kind, tick time.Time) Compared {
	example := p.first
	for _, left := range p.left {
		if len(left) > 0 {
			example = left[0]
			break
		}
	}
	text, _, _ := strings.Cut(strings.TrimSpace(example.Text), "\n")
	return Compared{
		Profile: k.profile, Tick: tick.UTC(), Protocol: k.protocol, Source: k.source, Severity: k.severity,
		OnlyOld: len(p.left[0]), OnlyNew: len(p.left[1]), Both: p.both, Text: text,
	}
}

// place returns what an alert is about and the tick that it belongs to: the last
// one before it of the profiles that have a script of its protocol.
func (j Jobs) place(e montimer.Event) (k kind, tick time.Time) {
	k = kind{protocol: strings.ToLower(e.Protocol), source: e.Source, severity: e.Severity}
	names := j.profilesOf(k.protocol)
	if name, ok := j.digestOf(e); ok {
		names = []string{name}
	}
	for _, name := range names {
		at, ok := calendar.Prev(j.events(name, e.Created), e.Created.Add(time.Microsecond), j.Local)
		if ok && (k.profile == "" || at.After(tick)) {
			k.profile, tick = name, at
		}
	}
	if k.profile != "" {
		return k, tick
	}
	if len(names) == 1 { // of no tick: every: or at boot
		k.profile = names[0]
	}
	return k, e.Created
}

// events returns when a profile had its ticks at a time.
func (j Jobs) events(profile string, at time.Time) (events []calendar.Event) {
	for i, t := range j.Timetables[profile] {
		if i == 0 || !t.Since.After(at) {
			events = t.Events
		}
	}
	if j.Timetables[profile] != nil {
		return events
	}
	for _, p := range j.Profiles {
		if p.Name == profile {
			return p.Schedule.Events
		}
	}
	return nil
}

// profilesOf names the profiles that have a script of a protocol; if none is known
// to have one, all.
func (j Jobs) profilesOf(protocol string) (names []string) {
	var all []string
	for _, p := range j.Profiles {
		if !p.Enabled {
			continue
		}
		all = append(all, p.Name)
		if slices.ContainsFunc(p.EnabledTasks(), func(t montimer.Task) bool {
			dirs := strings.Split(strings.ToLower(t.Script), "/")
			return len(dirs) > 1 && dirs[0] == "protocols" && dirs[1] == protocol
		}) {
			names = append(names, p.Name)
		}
	}
	if names == nil {
		return all
	}
	return names
}

// digest is the source of the alerts about runs; tasks do not use it.
const digest = "automation_digest"

// digestOf returns the profile that a digest is of.
func (j Jobs) digestOf(e montimer.Event) (profile string, ok bool) {
	if e.Source != digest {
		return "", false
	}
	title, _, _ := strings.Cut(e.Text, "\n")
	_, profile, ok = strings.Cut(strings.NewReplacer("*", "", `\`, "").Replace(title), "automation: ")
	if of := string(j.Instance); of != "" {
		profile = strings.TrimPrefix(profile, of+"/")
	}
	return profile, ok
}

// isOwnKind reports whether an alert is of a kind that only montimer has: one of its
// own pages and reports, or about a run, but for the digest of one that failed, which
// begins as that of the old system.
func (j Jobs) isOwnKind(e montimer.Event) bool {
	title, rest, _ := strings.Cut(e.Text, "\n")
	switch {
	case e.Source != digest:
		return false
	case strings.Contains(title, "*automation: "): // after the label of a test chat, perhaps
		return !strings.HasPrefix(rest, "duration: ")
	}
	return strings.Contains(title, "*montimer") || j.Instance != "" && strings.Contains(title, "*"+string(j.Instance)+": ")
}

var numbers = lazy.Regexp(`[0-9]+([.,][0-9]+)*`)

// words returns what two alerts about the same have in common: neither numbers nor
// what montimer adds to a digest after an empty line.
func words(e montimer.Event) string {
	text := e.Text
	if e.Source == digest {
		text, _, _ = strings.Cut(text, "\n\n")
	}
	return strings.Join(strings.Fields(numbers().ReplaceAllString(text, "#")), " ")
}

// Differ reports whether one of the systems sent an alert that the other did not.
func (c Comparison) Differ() bool { return slices.ContainsFunc(c.Rows, Compared.differs) }

// Table returns the alerts that only one of the systems sent.
func (c Comparison) Table() (header []string, rows [][]string) {
	for _, r := range c.Rows {
		if r.differs() {
			rows = append(rows, []string{
				r.Tick.Local().Format(dayAndTime), cmp.Or(safetext.String(r.Profile), "-"), cmp.Or(safetext.String(r.Protocol), "-"),
				fmt.Sprint(r.OnlyOld), fmt.Sprint(r.OnlyNew), fmt.Sprint(r.Both), safetext.String(r.Text),
			})
		}
	}
	return []string{"TICK", "PROFILE", "PROTOCOL", "ONLY OLD", "ONLY NEW", "BOTH", "ALERT"}, rows
}

// Verdict says how many alerts both systems sent, and how many only one of them.
func (c Comparison) Verdict() string {
	var both, old, newer int
	for _, r := range c.Rows {
		both, old, newer = both+r.Both, old+r.OnlyOld, newer+r.OnlyNew
	}
	text := fmt.Sprintf("%s in both, %d only of the old system, %d only of montimer", plural(both, "alert"), old, newer)
	if c.OwnKind > 0 {
		text += fmt.Sprintf("; not compared: %d of kinds that only montimer has (recovered and lost runs, pages, reports)", c.OwnKind)
	}
	return text
}
