package view

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timeline"
)

// ticksOf makes ticks from letters, one each so often up to the end of a span: "o" is
// ok, "f" failed, "m" missed, "p" paused, "." none.
func ticksOf(s Span, every time.Duration, letters string) (ticks []timeline.Tick) {
	states := map[rune]timeline.State{'o': timeline.OK, 'f': timeline.Failed, 'm': timeline.Missed, 'p': timeline.Paused}
	for i, letter := range letters {
		t := timeline.Tick{At: s.To.Add(-every * time.Duration(len(letters)-i)), State: states[letter]}
		if letter == 'o' || letter == 'f' {
			t.Run.ID = fmt.Sprint("run", i)
		}
		if letter != '.' {
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// TestBars: neighbours that ended alike are one bar, the worst of those too close
// decides, and no tick is lost.
func TestBars(t *testing.T) {
	s := SpanOf(Day, at("12:14"))
	for _, tt := range []struct {
		name    string
		every   time.Duration
		letters string
		want    string
	}{
		{"none", time.Hour, "", ""},
		{"one", time.Hour, "o", "ok×1 11:30-12:30 run0"},
		{"alike", time.Hour, "oooo", "ok×4 08:30-12:30"},
		{"a failure between", time.Hour, "oofoo", "ok×2 07:30-09:30, failed×1 09:30-10:30 run2, ok×2 10:30-12:30"},
		{"a gap has no tick", time.Hour, "oo..oo", "ok×4 06:30-12:30"},
		{"too close", 5 * time.Minute, "ooofoo", "failed×6 12:00-12:30"},
		{"missed and paused", 2 * time.Hour, "ompp", "ok×1 04:30-06:30 run0, missed×1 06:30-08:30, paused×2 08:30-12:30"},
	} {
		var got []string
		for _, b := range Bars(ticksOf(s, tt.every, tt.letters), s) {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s×%d %s-%s %s", b.State, b.Ticks(), b.From.Format("15:04"), b.To.Format("15:04"), b.Run)))
		}
		if text := strings.Join(got, ", "); text != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, text, tt.want)
		}
	}
	many := strings.Repeat("of", 5000)
	ticks := ticksOf(s, 8*time.Second, many)
	bars := Bars(ticks, s)
	n := 0
	for i, b := range bars {
		if n += b.Ticks(); i > 0 && !bars[i-1].To.Equal(b.From) {
			t.Errorf("a gap before %v", b)
		}
	}
	if n != len(many) || len(bars) > s.Slots {
		t.Errorf("%d ticks in %d bars", n, len(bars))
	}
}

// TestSpans: a span has the same parts for as long as a part lasts, ends after now,
// and a month ends with a half day of the clock on the wall.
func TestSpans(t *testing.T) {
	for name, part := range map[string]time.Duration{Day: 30 * time.Minute, Month: 12 * time.Hour} {
		for now := at("00:00"); now.Before(at("00:00").AddDate(0, 0, 2)); now = now.Add(7 * time.Minute) {
			s := SpanOf(name, now)
			if !s.To.After(now) || s.To.Sub(now) > part || s.Slots > 60 || s.slot(now) != s.Slots-1 || !SpanOf(name, s.To.Add(-1)).To.Equal(s.To) {
				t.Fatalf("%s at %v: %+v", name, now, s)
			}
			if local := s.To.Local(); name == Month && local.Hour()%12 != 0 {
				t.Fatalf("a month ends at %v", local)
			}
		}
	}
}

func TestOften(t *testing.T) {
	every := func(d time.Duration) ProfileFacts {
		return ProfileFacts{Timer: &Timer{Timetable: montimer.Timetable{Every: d}}}
	}
	daily, hourly := well("daily"), well("hourly")
	daily.Timer.Events = nil
	for name, tt := range map[string]struct {
		p    ProfileFacts
		runs int
		want bool
	}{
		"hourly": {hourly, 0, true}, "each 8 hours": {every(8 * time.Hour), 0, true}, "each 9 hours": {every(9 * time.Hour), 0, false},
		"never": {daily, 0, false}, "by its runs": {daily, 3, true}, "not known": {ProfileFacts{}, 2, false},
	} {
		if got := tt.p.Often(at("12:00"), tt.runs); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestComing: the next day has the first tick of each quarter of an hour, none
// during a pause.
func TestComing(t *testing.T) {
	p := well("hourly")
	f := Facts{Now: at("12:30"), Boot: at("01:00"), Profiles: []ProfileFacts{p}}
	coming := p.coming(f.profile(p), f.Now)
	if len(coming) != 24 || !coming[0].Equal(at("13:00")) {
		t.Errorf("hourly: %v", coming)
	}
	p.Pause.Until = at("18:30")
	if coming = p.coming(f.profile(p), f.Now); len(coming) != 18 || !coming[0].Equal(at("19:00")) {
		t.Errorf("paused: %v", coming)
	}
	p = well("often")
	p.Timer.Events, p.Timer.Every, p.Timer.Next = nil, 10*time.Second, at("12:30")
	if coming = p.coming(f.profile(p), f.Now); len(coming) != 96 {
		t.Errorf("each 10 s: %d", len(coming))
	}
	p.Timer.Active = "inactive"
	if coming = p.coming(f.profile(p), f.Now); coming != nil {
		t.Errorf("stopped: %v", coming)
	}
}

// TestTookIn: the durations are those of good runs of the timer.
func TestTookIn(t *testing.T) {
	s := SpanOf(Day, at("12:14"))
	var runs []montimer.Run
	for i := range 100 {
		start := s.To.Add(-time.Duration(100-i) * 10 * time.Minute)
		r := montimer.Run{Trigger: montimer.TriggerTimer, State: montimer.RunOK, Started: start, Ended: start.Add(time.Duration(i) * time.Second)}
		if i%10 == 9 {
			r.State, r.Ended = montimer.RunFailed, start.Add(time.Hour)
		}
		runs = append(runs, r)
	}
	d := TookIn(runs, s)
	if d.P50 != 50*time.Second || d.P95 != 94*time.Second || len(d.Points) < 10 || len(d.Points) > mostPoints {
		t.Errorf("%+v", d)
	}
	if !slices.IsSortedFunc(d.Points, func(a, b Point) int { return a.At.Compare(b.At) }) {
		t.Errorf("not in order: %v", d.Points)
	}
	if none := TookIn(nil, s); none.P50 != 0 || none.Points != nil {
		t.Errorf("no run: %+v", none)
	}
}
