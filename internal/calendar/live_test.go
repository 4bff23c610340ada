package calendar

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/testenv"
)

// proofZones have clock changes of every kind: at 01:00 to 03:00 and at
// midnight, of an hour, half an hour and two hours, at a quarter of an hour,
// with standard time in summer, by the date and by the Moon.
var proofZones = []string{"Europe/Berlin", "America/New_York", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "Asia/Beirut",
	"America/Santiago", "Africa/Casablanca", "Europe/Dublin", "Pacific/Chatham", "Antarctica/Troll", "UTC"}

var proofFrom = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func TestProve(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		zone   string
		events []string
		want   string
	}{
		{"Europe/Berlin", []string{"2/6:00"}, "dead 2027-03-27 20:00"},
		{"Europe/Berlin", []string{"2..20/6:00"}, ""},
		{"Europe/Berlin", []string{"02:30", "*:0/15"}, ""},
		{"UTC", []string{"2/6:00"}, ""},
		{"Africa/Cairo", []string{"0/6:00"}, "dead 2027-04-29 18:00"},
		{"Pacific/Chatham", []string{"02:59"}, "dead 2027-09-25 02:59"},
		{"Pacific/Chatham", []string{"*:00..45/15"}, "lost 2027-09-26 03:45"},
		{"Europe/Dublin", []string{"01..23/2:00"}, "lost 2027-03-28 23:00"},
		{"Europe/Dublin", []string{"03..23/2:00", "01:00"}, ""},
		{"Europe/Dublin", []string{"01..23/2:00 Europe/London"}, ""},
		{"Europe/Berlin", []string{"02:30", "*:15 UTC"}, "doubled 2027-10-31 02:30"},
		{"UTC", []string{"02:30 Europe/Berlin", "*:15"}, "doubled 2027-10-31 02:30"},
		{"Europe/Berlin", []string{"02:30", "*:45 UTC"}, ""},
		{"Europe/Berlin", []string{"02:30", "12:00 UTC"}, ""},
		{"Europe/Berlin", []string{"02:30", "*:30 America/New_York"}, ""},
		{"Europe/Berlin", []string{"2026-01-01 02:30"}, ""},
		{"Europe/Berlin", []string{"02:30 No/Where"}, ""},
	} {
		var events []Event
		for _, s := range test.events {
			if e, err := Parse(s); err == nil {
				events = append(events, e)
			}
		}
		got := ""
		if f := Prove(events, proofFrom, mustLoad(t, test.zone)); f != nil {
			got = fmt.Sprintf("%s %s", [...]string{Dead: "dead", Lost: "lost", Doubled: "doubled"}[f.Kind], f.At.Format("2006-01-02 15:04"))
		}
		if got != test.want {
			t.Errorf("%q in %s: %q, want %q", test.events, test.zone, got, test.want)
		}
	}
}

// named returns the instants from from up to to at which the clock shows a time
// that e names, for the first time: each time of each day, tried one by one.
func named(e Event, from, to time.Time, zone *time.Location) (list []int64) {
	hours, minutes, seconds := expand(e.Hour, 24), expand(e.Minute, 60), expand(e.seconds(), 60*Second)
	offset := func(at int64) int64 {
		_, o := time.Unix(at, 0).In(zone).Zone()
		return int64(o)
	}
	for day := from.Unix()/86400*86400 - 86400; day < to.Unix()+86400; day += 86400 {
		date := time.Unix(day, 0).UTC()
		if e.dates(date.Year(), int(date.Month()))>>date.Day()&1 == 0 {
			continue
		}
		before, after := offset(day-86400), offset(day+2*86400)
		for _, h := range hours {
			for _, m := range minutes {
				for _, s := range seconds {
					wall := day + int64(h*3600+m*60+s/Second)
					at := wall - max(before, after)
					if offset(at) != wall-at {
						at = wall - min(before, after)
					}
					if offset(at) == wall-at && from.Unix() <= at && at < to.Unix() {
						list = append(list, at)
					}
				}
			}
		}
	}
	return list
}

// follow returns the elapses up to to of a timer that was last triggered at last.
func follow(e Event, last, to int64, zone *time.Location) (list []int64) {
	for {
		next, ok := e.next(last*Second, zone)
		if !ok || next >= to*Second {
			return list
		}
		last = next / Second
		list = append(list, last)
	}
}

// healthy walks the days around each change of the zone, by brute force.
func healthy(e Event, zone *time.Location, years int) bool {
	w := walk{clock: clock{zone: zone}}
	for c := w.changeAfter(proofFrom.Unix()); c.wall < proofFrom.AddDate(years, 0, 0).Unix(); c = w.changeAfter(c.instant) {
		// Far enough to see the elapse before, and what a lost day or month does.
		from, to := time.Unix(c.instant-86400*9, 0), time.Unix(c.instant+86400*3, 0)
		if e.hasDate() {
			from, to = time.Unix(c.instant-86400*62, 0), time.Unix(c.instant+86400*62, 0)
		}
		want := named(e, from, to, zone)
		if len(want) > 1 && !equal(shown(follow(e, want[0], to.Unix(), zone), zone), shown(want[1:], zone)) {
			return false
		}
	}
	return true
}

// shown turns instants into what the clock shows. Of days from the end of the
// month systemd takes times that occur twice in the second pass.
func shown(list []int64, zone *time.Location) []int64 {
	for i, at := range list {
		_, offset := time.Unix(at, 0).In(zone).Zone()
		list[i] = at + int64(offset)
	}
	return list
}

func equal(a, b []int64) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// TestProveFindsAll holds Prove against a timer that is followed through all
// days around the changes, with a list of the times that its event names.
func TestProveFindsAll(t *testing.T) {
	t.Parallel()
	r := newRandom()
	n := 8
	if testenv.Soak() {
		n = 400
	}
	faults := 0
	for _, name := range proofZones {
		zone := mustLoad(t, name)
		for range n {
			e, ok := randomWhole(r)
			if !ok {
				continue
			}
			ok = healthy(e, zone, proofYears)
			if f := Prove([]Event{e}, proofFrom, zone); (f == nil) != ok {
				t.Errorf("%s in %s: healthy %t, Prove has %+v", e, name, ok, f)
			}
			if !ok {
				faults++
			}
		}
	}
	if faults == 0 {
		t.Error("no fault among all")
	}
}

// randomWhole returns a portable event of whole seconds, which are few.
func randomWhole(r *rand.Rand) (Event, bool) {
	e, err := Parse(randomEvent(r))
	if err != nil {
		return e, false
	}
	if e, err = e.Portable(); err != nil {
		return e, false
	}
	e.Zone = "" // the caller has one
	if r.IntN(3) > 0 {
		e.Minute = []Range{{Start: pick(r, 0, 15, 30, 59)}}
	}
	e.Second = []Range{{Start: pick(r, 0, 0, 30*Second)}}
	return e, true
}

// TestOpenForms holds that closed ranges name the same times, and that no timer
// dies of them or loses one: against a list of the times, in all zones.
func TestOpenForms(t *testing.T) {
	t.Parallel()
	refused := 0
	for i, form := range openForms() {
		if !testenv.Soak() && i%60 != 0 {
			continue
		}
		open := mustParse(t, form)
		closed, err := open.Portable()
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		for month := 1; month <= 12; month++ {
			if open.dates(2028, month) != closed.dates(2028, month) {
				t.Errorf("%s: the days of %s are others in month %d", form, closed, month)
			}
		}
		for _, name := range proofZones {
			zone := mustLoad(t, name)
			if Prove([]Event{closed}, proofFrom, zone) != nil {
				refused++
				continue
			}
			if closed.Second != nil && len(expand(closed.seconds(), 60*Second)) > 1 {
				continue // each minute is like the other
			}
			if !healthy(closed, zone, 3) {
				t.Errorf("%s in %s: loses elapses", closed, name)
			}
		}
	}
	t.Logf("refused: %d", refused)
}

// TestOpenFormsInSystemd has systemd-analyze follow closed forms over the clock
// changes of three years: none is stuck, and each elapses as Next says.
func TestOpenFormsInSystemd(t *testing.T) {
	t.Parallel()
	const iterations = 8
	dead, different, compared, refused := 0, 0, 0, 0
	for number, name := range proofZones {
		zone := mustLoad(t, name)
		w := walk{clock: clock{zone: zone}}
		bases := []time.Time{proofFrom}
		for c := w.changeAfter(proofFrom.Unix()); c.wall < proofFrom.AddDate(3, 0, 0).Unix(); c = w.changeAfter(c.instant) {
			bases = append(bases, time.Unix(c.instant, 0).Add(-26*time.Hour))
		}
		if !testenv.Soak() {
			bases = bases[number%len(bases):][:1]
		}
		for _, base := range bases {
			var events []Event
			var texts []string
			for i, form := range openForms() {
				if !testenv.Soak() && i%60 != number {
					continue
				}
				e, err := mustParse(t, form).Portable()
				if err != nil {
					t.Fatal(err)
				}
				if Prove([]Event{e}, proofFrom, zone) != nil {
					refused++
					continue
				}
				events, texts = append(events, e), append(texts, e.String())
			}
			for i, v := range analyze(t, name, base, iterations, texts) {
				compared++
				if v.deadlock || v.refused {
					dead++
					t.Errorf("%s in %s from %s: %+v", texts[i], name, base, v)
					continue
				}
				at := base
				for _, elapse := range v.elapses {
					next, ok := events[i].Next(at, zone)
					if !ok || !next.Equal(elapse) {
						different++
						t.Errorf("%s in %s from %s: %s, systemd says %s", texts[i], name, at, next, elapse)
						break
					}
					at = next
				}
			}
		}
	}
	t.Logf("%d forms; %d compared, %d dead, %d different; refused: %d", len(openForms()), compared, dead, different, refused)
}
