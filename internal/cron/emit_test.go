package cron

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/testenv"
)

const leap = "1972..2096/4,2104..2196/4"

// TestShapes holds the texts themselves, which people read in unit files.
func TestShapes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		dialect Dialect
		text    string
		want    []string
	}{
		{Supercronic, "5 * * * *", []string{"*-*-* *:05:00"}},
		{Supercronic, "0/10 * * * *", []string{"*-*-* *:00..50/10:00"}},
		{Supercronic, "*/40 * * * *", []string{"*-*-* *:00,40:00"}},
		{Supercronic, "30 4 1,15 * 5", []string{"Fri *-*-* 04:30:00", "*-*-01,15 04:30:00"}},
		{Crontab, "0 0 */2 * 1", []string{"Mon *-*-01..31/2 00:00:00"}},
		{Supercronic, "0 0 L * *", []string{"*-*~01 00:00:00"}},
		{Supercronic, "0 0 1,L * *", []string{"*-*-01 00:00:00", "*-*~01 00:00:00"}},
		{Supercronic, "0 0 L 1 *", []string{"*-01-31 00:00:00"}},
		{Supercronic, "0 0 LW * *", []string{"Mon..Fri *-*~01 00:00:00", "Fri *-*~02,03 00:00:00"}},
		{Supercronic, "0 0 1W * *", []string{"Mon..Fri *-*-01 00:00:00", "Mon *-*-02,03 00:00:00"}},
		{Supercronic, "0 0 15W * *", []string{"Fri *-*-14 00:00:00", "Mon..Fri *-*-15 00:00:00", "Mon *-*-16 00:00:00"}},
		{Supercronic, "0 0 28W * *", []string{"Fri *-*-27 00:00:00", "Mon..Fri *-*-28 00:00:00", "Mon *-*-29 00:00:00", "Fri *-02~03 00:00:00"}},
		{Supercronic, "0 0 29W * *", []string{"Mon..Fri *-*-29 00:00:00", "Mon *-*-30 00:00:00", "Fri *-01,03..12-28 00:00:00", "Fri " + leap + "-02-27,28 00:00:00"}},
		{Supercronic, "0 0 30W * *", []string{"Mon..Fri *-*-30 00:00:00", "Mon *-*-31 00:00:00", "Fri *-01,03..12~02,03 00:00:00"}},
		{Supercronic, "0 0 31W * *", []string{"Mon..Fri *-*-31 00:00:00", "Fri *-01..07/2,08..12/2-29,30 00:00:00"}},
		{Supercronic, "0 0 * * 5L", []string{"Fri *-*~01..07 00:00:00"}},
		{Supercronic, "0 0 * * 5#3", []string{"Fri *-*-15..21 00:00:00"}},
		{Supercronic, "0 0 * * 5#5", []string{"Fri *-*-29..31 00:00:00"}},
		{Supercronic, "0 0 15 * 5L,1#1", []string{"Mon *-*-01..07 00:00:00", "*-*-15 00:00:00", "Fri *-*~01..07 00:00:00"}},
		{Supercronic, "*/15 0 0 1 1 ? 2026-2030/2", []string{"2026..2030/2-01-01 00:00:00..45/15"}},
		{Supercronic, "@weekly", []string{"Sun *-*-* 00:00:00"}},
		{Robfig, "CRON_TZ=Asia/Tokyo 0 9 * * *", []string{"*-*-* 09:00:00 Asia/Tokyo"}},
		{Robfig, "@every 90m", []string{"*-*-* 00..21/3:00:00 UTC", "*-*-* 01..22/3:30:00 UTC"}},
		{Robfig, "@every 24h", []string{"*-*-* 00:00:00 UTC"}},
		{Robfig, "@every 1s", []string{"*-*-* *:*:* UTC"}},
	}
	for _, tt := range tests {
		t.Run(string(tt.dialect)+" "+tt.text, func(t *testing.T) {
			t.Parallel()
			got := texts(translate(t, "", parse(t, tt.dialect, tt.text)).Events)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFromEnd translates tables that no dialect here can name: the n-th day
// before the last, which systemd counts up to n = 27 only.
func TestFromEnd(t *testing.T) {
	t.Parallel()
	want := map[int][]string{
		3:  {"*-*~04 00:00:00"},
		27: {"*-*~28 00:00:00"},
	}
	want[28] = []string{"*-04,06,09,11-02 00:00:00", "*-01..07/2,08..12/2-03 00:00:00", leap + "-02-01 00:00:00"}
	want[29] = []string{"*-04,06,09,11-01 00:00:00", "*-01..07/2,08..12/2-02 00:00:00"}
	want[30] = []string{"*-01..07/2,08..12/2-01 00:00:00"}
	for n := range 31 {
		m := plain()
		for k := range m.tables {
			if day := shortestMonth + k - n; day >= 1 {
				m.tables[k][day] = everyWeekday
			}
		}
		got, err := m.translate()
		if err != nil {
			t.Errorf("L-%d: %v", n, err)
		}
		if lines := want[n]; lines != nil {
			if diff := cmp.Diff(lines, texts(got)); diff != "" {
				t.Errorf("L-%d (-want +got):\n%s", n, diff)
			}
		}
		for _, last := range monthEnds(1999, 2110) {
			if run := last.AddDate(0, 0, -n); run.Month() == last.Month() != covered(got, run) {
				t.Fatalf("L-%d: %s is wrong on %s", n, texts(got), run.Format(time.DateOnly))
			}
		}
	}
}

// TestFromEndLists translates sets of days counted from the end of a month, of
// which systemd reads the fewer in one list the earlier they are.
func TestFromEndLists(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	split := 0
	for range 1000 {
		m := plain()
		for range 1 + random.IntN(12) {
			n := 1 + random.IntN(fromEndMax)
			for k := range m.tables {
				m.tables[k][mirror(n, k)] = fridayOnly
			}
		}
		events, err := m.translate() // the proof has calendar.Parse read each list
		if err != nil {
			t.Fatal(err)
		}
		if len(events) > 1 {
			split++
		}
	}
	if split < 500 {
		t.Errorf("the test is no good: only %d lists had to be split", split)
	}
}

// plain returns the meaning of midnight on no day.
func plain() meaning {
	return meaning{second: 1, minute: 1, hour: 1, month: allMonths, years: allYears}
}

func monthEnds(from, to int) []time.Time {
	var list []time.Time
	for m := range (to - from) * 12 {
		list = append(list, time.Date(from, time.Month(m+2), 0, 0, 0, 0, 0, time.UTC))
	}
	return list
}

// covered reports, from the fields alone, whether an event elapses on a date.
func covered(events []calendar.Event, date time.Time) bool {
	last := time.Date(date.Year(), date.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	for _, e := range events {
		day := date.Day()
		if e.FromEnd {
			day = last - day + 1
		}
		if e.Weekdays.Has(date.Weekday()) && in(e.Year, date.Year()) && in(e.Month, int(date.Month())) && in(e.Day, day) {
			return true
		}
	}
	return false
}

func in(ranges []calendar.Range, n int) bool {
	for _, r := range ranges {
		if n == r.Start || n > r.Start && n <= r.Stop && (n-r.Start)%max(r.Step, 1) == 0 {
			return true
		}
	}
	return ranges == nil
}

// onDate is the day rule on a real date, worked out without tables.
func (r *dayRule) onDate(date time.Time) bool {
	day := date.Day()
	last := time.Date(date.Year(), date.Month()+1, 0, 0, 0, 0, 0, time.UTC)
	dom := r.dom>>day&1 != 0 || r.last && day == last.Day() || r.lastWorkday && nearest(last).Equal(date)
	for n := 1; n <= last.Day(); n++ {
		dom = dom || r.workdays>>n&1 != 0 && nearest(last.AddDate(0, 0, n-last.Day())).Equal(date)
	}
	has := func(w calendar.Weekdays) bool { return w != 0 && w.Has(date.Weekday()) }
	dow := has(r.dow) || has(r.nth[(day-1)/7]) || has(r.lastDow) && date.AddDate(0, 0, 7).Month() != date.Month()
	if r.domStar || r.dowStar {
		return dom && dow
	}
	return dom || dow
}

// nearest returns the Monday to Friday nearest to a date in its month.
func nearest(date time.Time) time.Time {
	for _, offset := range []int{0, -1, 1, -2, 2} {
		d := date.AddDate(0, 0, offset)
		if d.Month() == date.Month() && d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			return d
		}
	}
	return time.Time{}
}

// TestDays compares the events of random expressions, date by date, with the
// rule that they came from.
func TestDays(t *testing.T) {
	t.Parallel()
	var dates []time.Time
	for _, years := range [][2]int{{1999, 2001}, {2027, 2029}, {2096, 2097}, {2099, 2101}} {
		for d := time.Date(years[0], 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < years[1]; d = d.AddDate(0, 0, 1) {
			dates = append(dates, d)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	samples := 300
	if testenv.Soak() {
		samples = 3000
	}
	for range samples {
		d := Dialects()[random.IntN(4)]
		text := randomExpression(random, d)
		x, err := Parse(d, text)
		if err != nil {
			continue
		}
		accepted++
		events := translate(t, "", x).Events
		for _, date := range dates {
			y := date.Year() - firstYear
			want := x.month>>date.Month()&1 != 0 && x.years.has(y) && x.days.onDate(date)
			if got := covered(events, date); got != want {
				t.Fatalf("%s %q: %s: on %s got %v, want %v", d, text, texts(events), date.Format("Mon 2006-01-02"), got, want)
			}
		}
	}
	if accepted < samples*3/4 {
		t.Errorf("the generator is no good: only %d expressions were accepted", accepted)
	}
}

// randomExpression writes an expression that the dialect mostly accepts.
func randomExpression(r *rand.Rand, d Dialect) string {
	g := grammars[d]
	pick := func(lo, hi int) int { return lo + r.IntN(hi-lo+1) }
	list := func(lo, hi int, special ...string) string {
		var parts []string
		for range pick(1, 3) {
			a, b := pick(lo, hi), pick(lo, hi)
			a, b = min(a, b), max(a, b)
			forms := append([]string{fmt.Sprint(a), fmt.Sprint(b), fmt.Sprintf("%d-%d", a, b),
				fmt.Sprintf("%d-%d/%d", a, b, pick(1, 9)), fmt.Sprintf("*/%d", pick(1, min(hi, 9)))}, special...)
			parts = append(parts, forms[r.IntN(len(forms))])
		}
		return strings.Join(parts, ",")
	}
	or := func(often int, star, text string) string {
		if r.IntN(10) < often {
			return star
		}
		return text
	}
	var dom, dow []string
	if g.quartz {
		dom = []string{"L", "LW", fmt.Sprintf("%dW", pick(1, 31)), fmt.Sprintf("%dW", pick(26, 31))}
		dow = []string{fmt.Sprintf("%dL", pick(0, 6)), fmt.Sprintf("%d#%d", pick(0, 6), pick(1, 5)), "friL"}
	}
	text := strings.Join([]string{"0 0", or(3, "*", list(1, 31, dom...)), or(6, "*", list(1, 12)), or(4, "*", list(0, 6, dow...))}, " ")
	if _, years := g.layouts[7]; years && r.IntN(4) == 0 {
		text += " " + or(3, "*", list(2020, 2099))
	}
	return text
}

// TestEveryDay proves all intervals that divide a day.
func TestEveryDay(t *testing.T) {
	t.Parallel()
	n := 0
	for s := 1; s <= 24*60*60; s++ {
		if d := time.Duration(s) * time.Second; dividesDay(d) {
			n++
			m := meaning{every: d}
			if _, err := m.translate(); err != nil {
				t.Errorf("%s: %v", d, err)
			}
		}
	}
	if n != 96 {
		t.Errorf("%d intervals, want the 96 divisors of 86,400", n)
	}
}

// TestProof shows that the proof fails where an event is too much, too little
// or for some of the months only.
func TestProof(t *testing.T) {
	t.Parallel()
	for text, wrong := range map[string][][]string{
		"0 0 1,L * *":    {{"*-*-01 00:00:00"}, {"*-*-01 00:00:00", "*-*~01,02 00:00:00"}, {"*-*-01 00:00:00", "*-02~01 00:00:00"}},
		"0 0 * * 5":      {{"*-*-* 00:00:00"}, {"Fri *-*-* 00:01:00"}, {"Fri *-*-* 00:00:01"}, {"Fri *-*-* *:00:00"}, {"Fri *-*-02..31 00:00:00"}},
		"0 0 1 1 *":      {{"*-*-01 00:00:00"}, {"2026-01-01 00:00:00"}},
		"0 0 1 1 * 2030": {{"*-01-01 00:00:00"}, {"2030,2031-01-01 00:00:00"}},
		"0 0 29 2 *":     {{"2028-02-29 00:00:00"}},
		"0 0 28 2,4 *":   {{"*-02-28 00:00:00"}, {"*-04-28 00:00:00", leap + "-02-28 00:00:00"}},
		"*/10 * * * *":   {{"*-*-* *:00/15:00"}},
		"0 0 1 4,6,9 *":  {{"*-04,06-01 00:00:00", "*-09-01 00:00:00"}}, // right, but beyond the proof
	} {
		for _, lines := range wrong {
			x := parse(t, Supercronic, text)
			if x.prove(events(t, lines...)) == nil {
				t.Errorf("%s is proven to be %s", text, lines)
			}
		}
	}
	for wrong, d := range map[string]time.Duration{
		"*-*-* *:30:00": time.Hour, "*-*-* *:*:30": time.Minute, "Mon *-*-* 00,12:00:00": 12 * time.Hour,
		"*-*-02..31 *:00:00": time.Hour, "*-02..12-* *:00:00": time.Hour, "2026..2099-*-* *:00:00": time.Hour,
	} {
		if proveEvery(d, events(t, wrong)) == nil {
			t.Errorf("every %s is proven to be %s", d, wrong)
		}
	}
}
