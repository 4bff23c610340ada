package view

import (
	"cmp"
	"slices"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timeline"
)

// Board is the overview with what is drawn of each profile.
type Board struct {
	Overview
	Rows []Row // one for each profile, in the order of the overview
}

// Row is the recent past of a profile, and its next day.
type Row struct {
	Profile
	Span   Span
	Bars   []Bar       // the oldest first; at most Span's slots
	Ticks  []time.Time // if they are few enough to be drawn one by one
	Took   Durations   // of the good runs of the timer
	Coming []time.Time // the next day: the first tick of each slot of a quarter of an hour
	Change *Change
	Note   string // which part of the past is left out; "": none
}

// Span is how much of the past is drawn.
type Span struct {
	Name     string // as in an address: 24h or 30d
	From, To time.Time
	Slots    int // how many parts of it are told apart
}

// The names of the spans.
const (
	Day   = "24h"
	Month = "30d"
)

// SpanOf returns the span of a name that is current at a time. It ends with a part
// that has not passed whole, so that the parts do not move with each second. Those
// of a month are half days.
func SpanOf(name string, now time.Time) Span {
	if name == Month {
		now = now.Local()
		end := time.Date(now.Year(), now.Month(), now.Day(), 12, 0, 0, 0, now.Location())
		if !now.Before(end) {
			end = time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, now.Location())
		}
		return Span{Month, end.AddDate(0, 0, -30), end, 60}
	}
	const part = 30 * time.Minute
	end := now.Truncate(part).Add(part)
	return Span{Day, end.Add(-24 * time.Hour), end, int(24 * time.Hour / part)}
}

// Place returns where a time is in the span, from 0 to 1.
func (s Span) Place(t time.Time) float64 {
	return min(1, max(0, float64(t.Sub(s.From))/float64(s.To.Sub(s.From))))
}

// slot returns the part that a time is in.
func (s Span) slot(t time.Time) int { return min(s.Slots-1, int(s.Place(t)*float64(s.Slots))) }

// start returns when a part begins.
func (s Span) start(slot int) time.Time {
	return s.From.Add(time.Duration(float64(s.To.Sub(s.From)) * float64(slot) / float64(s.Slots)))
}

// often is how many ticks or runs a day are too many for one drawing of a month.
const often = 3

// Often reports whether a profile runs so often that a day of it is drawn, not a
// month: by its timer, or by how many runs the last day had.
func (p ProfileFacts) Often(now time.Time, runs int) bool {
	if runs >= often {
		return true
	}
	if p.Timer == nil {
		return false
	}
	t := p.Timer.Timetable
	return t.Every > 0 && t.Every <= 24*time.Hour/often || len(coming(t, now.Add(-24*time.Hour), now, often)) == often
}

// Bar is neighbouring ticks that ended alike, or that are too close to be drawn one
// by one: the worst of them is its state.
type Bar struct {
	State    timeline.State
	From, To time.Time // what is drawn: up to the next bar
	Last     time.Time // its last tick; From or later, where From is that of the drawing
	First    time.Time // its first tick
	Count    map[timeline.State]int
	Run      string // of a single tick, if it has one
}

// Ticks returns how many ticks a bar stands for.
func (b Bar) Ticks() (n int) {
	for _, of := range b.Count {
		n += of
	}
	return n
}

// Bars draws ticks, which are in order.
func Bars(ticks []timeline.Tick, s Span) (bars []Bar) {
	rank := func(state timeline.State) int { return slices.Index(timeline.States, state) }
	var slots []Bar // those that have ticks
	last := -1
	for _, t := range ticks {
		if at := s.slot(t.At); at != last {
			last = at
			slots = append(slots, Bar{State: t.State, From: s.start(at), First: t.At, Run: t.Run.ID, Count: map[timeline.State]int{}})
		}
		b := &slots[len(slots)-1]
		b.Count[t.State]++
		b.Last = t.At
		if rank(t.State) < rank(b.State) {
			b.State = t.State
		}
	}
	for _, next := range slots {
		if len(bars) == 0 || bars[len(bars)-1].State != next.State {
			bars = append(bars, next)
			continue
		}
		b := &bars[len(bars)-1]
		b.Last = next.Last
		for state, n := range next.Count {
			b.Count[state] += n
		}
	}
	for i := range bars {
		b := &bars[i]
		if b.To = s.To; i+1 < len(bars) {
			b.To = bars[i+1].From
		}
		if b.Ticks() > 1 {
			b.Run = ""
		}
	}
	return bars
}

// Durations says how long runs took, and how that changed.
type Durations struct {
	P50, P95 time.Duration // 0: there were none
	Points   []Point       // the oldest first
}

// Point is a part of a span in which runs ended.
type Point struct {
	At       time.Time // the middle of it
	P50, P95 time.Duration
}

// mostPoints is how many points a line of durations has.
const mostPoints = 20

// TookIn returns how long the good runs of a timer took that began in a span.
func TookIn(runs []montimer.Run, s Span) (d Durations) {
	s.Slots = mostPoints
	of := make([][]time.Duration, s.Slots)
	var all []time.Duration
	for _, r := range runs {
		if r.State == montimer.RunOK && r.Trigger == montimer.TriggerTimer && !r.Started.Before(s.From) && r.Started.Before(s.To) {
			took := max(0, r.Ended.Sub(r.Started))
			all, of[s.slot(r.Started)] = append(all, took), append(of[s.slot(r.Started)], took)
		}
	}
	if len(all) == 0 {
		return d
	}
	d.P50, d.P95 = percentiles(all)
	for i, took := range of {
		if len(took) > 0 {
			p := Point{At: s.start(i).Add(s.start(1).Sub(s.From) / 2)}
			p.P50, p.P95 = percentiles(took)
			d.Points = append(d.Points, p)
		}
	}
	return d
}

func percentiles(took []time.Duration) (p50, p95 time.Duration) {
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*95/100]
}

// Change is what came into the checkout between the last good run and the first
// that failed.
type Change struct {
	From, To string   // commits; the same one: nothing
	Subjects []string // of To and those before it, the newest first; none: not known
	More     bool     // there are more of them
}

// MostSubjects is how many commits of a change are named.
const MostSubjects = 5

// BoardOf draws the profiles of a host. past has what is known of each, and spans
// how much of it is drawn; changes are those of the profiles that fail.
func BoardOf(f Facts, past map[string]timeline.History, spans map[string]Span, changes map[string]*Change) Board {
	b := Board{Overview: Of(f)}
	facts := map[string]ProfileFacts{}
	for _, p := range f.Profiles {
		facts[p.Name] = p
	}
	ticks := map[string][]timeline.Tick{}
	for _, p := range b.Profiles {
		r := Row{Profile: p, Span: spans[p.Name], Change: changes[p.Name], Coming: facts[p.Name].coming(p, f.Now)}
		h := past[p.Name]
		until := f.Now
		if t := facts[p.Name].Timer; t != nil && t.Load == "not-found" && len(h.Runs) > 0 { // its timer is gone, perhaps for long
			until = h.Runs[len(h.Runs)-1].Started.Add(time.Microsecond)
		}
		found, all := timeline.Ticks(h, r.Span.From, until, f.Now)
		if all.After(r.Span.From) {
			r.Note = "before " + all.Local().Format(time.DateTime) + ": too many ticks to judge all"
		}
		ticks[p.Name] = found
		r.Took = TookIn(h.Runs, r.Span)
		b.Rows = append(b.Rows, r)
	}
	b.draw(ticks)
	return b
}

// mostBars is how many bars all rows may have together: each is some 300 bytes.
const mostBars = 600

// mostTicks is how many ticks of a row are drawn one by one.
const mostTicks = 60

// draw adds the bars, in coarser parts where they are too many.
func (b *Board) draw(ticks map[string][]timeline.Tick) {
	for coarser := 1; ; coarser *= 2 {
		n := 0
		for i := range b.Rows {
			r := &b.Rows[i]
			s := r.Span
			s.Slots = max(1, s.Slots/coarser)
			r.Bars = Bars(ticks[r.Name], s)
			n += len(r.Bars)
		}
		if n <= mostBars || coarser >= 16 {
			break
		}
	}
	for i := range b.Rows {
		if r := &b.Rows[i]; len(ticks[r.Name]) <= mostTicks {
			for _, t := range ticks[r.Name] {
				r.Ticks = append(r.Ticks, t.At)
			}
		}
	}
}

// Failing returns the rows of the profiles that need a person.
func (b Board) Failing() []Row {
	return slices.DeleteFunc(slices.Clone(b.Rows), func(r Row) bool { return !r.State.NeedsPerson() })
}

// ByNext returns the rows that have a tick in the next day, the next first.
func (b Board) ByNext() []Row {
	rows := slices.DeleteFunc(slices.Clone(b.Rows), func(r Row) bool { return len(r.Coming) == 0 })
	slices.SortStableFunc(rows, func(x, y Row) int {
		return cmp.Or(x.Coming[0].Compare(y.Coming[0]), cmp.Compare(x.Name, y.Name))
	})
	return rows
}
