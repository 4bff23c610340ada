package page

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

// mark is how a state is drawn: no two are alike in a greyscale picture, by shape
// and by letter.
type mark struct {
	State  timeline.State
	Class  string // of the style sheet: the colour, and whether it is filled, outlined or dashed
	Y, H   int    // of 24
	Letter string
	Says   string
}

var marks = []mark{
	{timeline.OK, "o", 9, 6, "", "ran well"},
	{timeline.Failed, "f", 0, 24, "F", "failed, or was stopped"},
	{timeline.Lost, "l", 0, 24, "L", "died without a result"},
	{timeline.Missed, "m", 0, 24, "M", "nothing ran although the host was up"},
	{timeline.HostDown, "d", 3, 18, "D", "the host was off"},
	{timeline.Unknown, "u", 3, 18, "?", "nothing is recorded"},
	{timeline.Skipped, "s", 6, 12, "S", "another run was under way"},
	{timeline.Paused, "p", 6, 12, "P", "an operator had paused it"},
	{timeline.Running, "r", 6, 12, "R", "under way"},
}

func markOf(s timeline.State) mark {
	for _, m := range marks {
		if m.State == s {
			return m
		}
	}
	return mark{State: s, Class: "u", Y: 3, H: 18, Letter: "?"}
}

// bar is a bar of a timeline. X, W and Mid are parts of a hundred of its width.
type bar struct {
	mark
	X, W, Mid   string
	When, Count string
	Path        string
}

// Title says what the bar stands for.
func (b bar) Title() string { return b.When + ": " + b.Count }

// drawBars places the bars of a row.
func drawBars(r view.Row) (all []bar) {
	for _, b := range r.Bars {
		x, end := 100*r.Span.Place(b.From), 100*r.Span.Place(b.To)
		all = append(all, bar{
			mark: markOf(b.State), X: number(x), W: number(end - x), Mid: number((x + end) / 2), When: barTime(b), Count: barCount(b), Path: barPath(r.Name, b),
		})
	}
	return all
}

// number writes a length without digits that nobody sees.
func number(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", x), "0"), ".")
}

// barPath leads to the run of a bar, or to the history of its time.
func barPath(profile string, b view.Bar) string {
	if b.Run != "" {
		return runPath(b.Run)
	}
	q := url.Values{"since": {b.First.UTC().Format(time.RFC3339)}, "until": {b.Last.UTC().Add(time.Second).Format(time.RFC3339)}}
	return profilePath(profile) + "?" + q.Encode()
}

func runPath(id string) string       { return "/runs/" + url.PathEscape(id) }
func profilePath(name string) string { return "/profiles/" + url.PathEscape(name) }

// barTime says of which ticks a bar is, barCount how many of them ended how.
func barTime(b view.Bar) string {
	first := b.First.Local().Format("Mon 01-02 15:04")
	switch last := b.Last.Local(); {
	case b.Ticks() == 1:
		return first
	case last.YearDay() == b.First.Local().YearDay():
		return first + " to " + last.Format("15:04")
	default:
		return first + " to " + last.Format("Mon 01-02 15:04")
	}
}

func barCount(b view.Bar) string {
	if b.Ticks() == 1 {
		return stateWords(b.State)
	}
	var counts []string
	for _, s := range timeline.States {
		if n := b.Count[s]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, stateWords(s)))
		}
	}
	return strings.Join(counts, ", ")
}

func stateWords(s timeline.State) string { return strings.ReplaceAll(string(s), "_", " ") }

// drawTicks returns a path with a stroke for each tick, 0 to 1000 wide.
func drawTicks(r view.Row) string {
	var b strings.Builder
	for _, t := range r.Ticks {
		fmt.Fprintf(&b, "M%.0f 0v2", 1000*r.Span.Place(t))
	}
	return b.String()
}

// curves are the points of two lines of durations, 100 wide and 20 high.
type curves struct{ P50, P95 string }

func drawTook(r view.Row) (c curves) {
	var longest time.Duration
	for _, p := range r.Took.Points {
		longest = max(longest, p.P95)
	}
	if len(r.Took.Points) < 2 || longest == 0 {
		return c
	}
	at := func(p view.Point, d time.Duration) string {
		return fmt.Sprintf("%s,%s ", number(100*r.Span.Place(p.At)), number(19-18*float64(d)/float64(longest)))
	}
	for _, p := range r.Took.Points {
		c.P50 += at(p, p.P50)
		c.P95 += at(p, p.P95)
	}
	return curves{strings.TrimSpace(c.P50), strings.TrimSpace(c.P95)}
}

// lane is the next day of a profile.
type lane struct {
	view.Row
	Link, First string
	Words       string
	Path        string // 96 wide, 12 high: a stroke for each quarter of an hour with a tick
}

func (s *site) lane(r view.Row, now time.Time) lane {
	return lane{Row: r, Link: s.BasePath + profilePath(r.Name), First: clock(now, r.Coming[0]), Words: later(r.Coming), Path: lanePath(r.Coming, now)}
}

// later names the first few ticks.
func later(ticks []time.Time) string {
	const most = 4
	var names []string
	for _, t := range ticks[:min(len(ticks), most)] {
		names = append(names, t.Local().Format("15:04"))
	}
	if len(ticks) > most {
		names = append(names, "and later")
	}
	return "at " + strings.Join(names, ", ")
}

// part is what is not told apart in the drawing of the next day. The drawing begins
// with a whole one, so that it does not move with each second.
const part = 15 * time.Minute

// lanePath draws ticks that lie in the day after now. Neighbours are one line.
func lanePath(ticks []time.Time, now time.Time) string {
	const parts = int(24 * time.Hour / part)
	now = now.Truncate(part)
	var b strings.Builder
	from, last := -1, -2
	flush := func() {
		switch {
		case from < 0:
		case from == last:
			fmt.Fprintf(&b, "M%d.5 1v10", from)
		default:
			fmt.Fprintf(&b, "M%d 6h%d", from, last-from+1)
		}
	}
	for _, t := range ticks {
		at := min(parts-1, max(0, int(t.Sub(now)/part)))
		if at > last+1 {
			flush()
			from = at
		}
		last = at
	}
	flush()
	return b.String()
}

// together returns when most of the profiles are to start within the same minute in
// the next day, and how many at least, by the first tick of each quarter of an hour;
// fewer than 2: never.
func together(rows []view.Row) (at time.Time, n int) {
	count := map[time.Time]int{}
	for _, r := range rows {
		for _, t := range r.Coming {
			t = t.Truncate(time.Minute)
			if count[t]++; count[t] > n || count[t] == n && t.Before(at) {
				at, n = t, count[t]
			}
		}
	}
	return at, n
}
