package cron

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/calendar"
)

// lines reads the lines of a file in testdata that are not empty.
func lines(t testing.TB, file string) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

// parse fails the test where the expression is refused.
func parse(t testing.TB, d Dialect, text string) *Expression {
	t.Helper()
	x, err := Parse(d, text)
	if err != nil {
		t.Fatalf("%s: %q: %v", d, text, err)
	}
	return x
}

// translate returns the events of an expression in a zone.
func translate(t testing.TB, zone string, xs ...*Expression) Translation {
	t.Helper()
	translation, err := Translate(zone, xs...)
	if err != nil {
		t.Fatal(err)
	}
	return translation
}

func texts(events []calendar.Event) []string {
	var list []string
	for _, e := range events {
		list = append(list, e.String())
	}
	return list
}

func events(t testing.TB, lines ...string) []calendar.Event {
	t.Helper()
	var list []calendar.Event
	for _, line := range lines {
		e, err := calendar.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func elapses(events []calendar.Event, t time.Time, n int) []time.Time {
	var list []time.Time
	for len(list) < n {
		next, ok := calendar.Next(events, t, time.UTC)
		if !ok {
			break
		}
		list, t = append(list, next), next
	}
	return list
}

// TestHand compares with translations made by hand, by what they mean.
func TestHand(t *testing.T) {
	t.Parallel()
	bases := []time.Time{
		time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC),
		time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		time.Date(2095, 2, 28, 0, 0, 0, 0, time.UTC),
	}
	for _, line := range lines(t, "hand.tsv") {
		column := strings.Split(line, "\t")
		dialect, text, want := Dialect(column[0]), column[1], column[2]
		t.Run(column[0]+" "+text, func(t *testing.T) {
			t.Parallel()
			if want == "ERROR" {
				mustRefuse(t, dialect, text)
				return
			}
			x := parse(t, dialect, text)
			got, byHand := translate(t, "", x).Events, events(t, strings.Split(want, "|")...)
			if err := x.prove(closed(byHand)); err != nil {
				t.Errorf("%s means something else: %v", want, err)
			}
			for _, base := range bases {
				if diff := cmp.Diff(elapses(byHand, base, 40), elapses(got, base, 40)); diff != "" {
					t.Errorf("by hand %s, got %s, after %s (-want +got):\n%s", want, texts(got), base, diff)
				}
			}
			if got[0].Zone != byHand[0].Zone {
				t.Errorf("zone %q, want %q", got[0].Zone, byHand[0].Zone)
			}
		})
	}
}

// closed gives ranges that are open an end, as our own always have one.
func closed(events []calendar.Event) []calendar.Event {
	list := slices.Clone(events)
	for i := range list {
		e := &list[i]
		e.Month, e.Hour = closedAt(e.Month, 12), closedAt(e.Hour, 23)
		e.Minute, e.Second = closedAt(e.Minute, 59), closedAt(e.Second, 59*calendar.Second)
		if e.FromEnd { // an open range runs to the end of the month
			for j, r := range e.Day {
				if r.Stop == 0 && r.Step == 1 {
					e.Day = slices.Clone(e.Day)
					e.Day[j] = calendar.Range{Start: 1, Stop: r.Start, Step: 1}
				}
			}
		} else {
			e.Day = closedAt(e.Day, 31)
		}
	}
	return list
}

func closedAt(ranges []calendar.Range, end int) []calendar.Range {
	list := slices.Clone(ranges)
	for i, r := range list {
		if r.Stop == 0 && r.Step > 0 {
			list[i].Stop = end
		}
	}
	return list
}

// mustRefuse wants a useful error: it points into the text and has a hint.
func mustRefuse(t testing.TB, d Dialect, text string) *Error {
	t.Helper()
	x, err := Parse(d, text)
	if err == nil {
		t.Fatalf("%s: %q: not refused, but read as %s", d, text, x.Words())
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: %q: error of type %T", d, text, err)
	}
	if e.Dialect != d || e.Problem == "" || e.Hint == "" {
		t.Errorf("%s: %q: incomplete error %+v", d, text, *e)
	}
	if e.Offset < 0 || e.Length < 0 || e.Offset+e.Length > len(text) {
		t.Errorf("%s: %q: offset %d and length %d are not within the text", d, text, e.Offset, e.Length)
	}
	if len(e.Error()) > 400 {
		t.Errorf("%s: an error of %d bytes: %.100s", d, len(e.Error()), e)
	}
	return e
}

// TestSupercronicRuns compares with runs that supercronic 0.2.34 itself
// predicted, in UTC.
func TestSupercronicRuns(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 6, 10, 23, 56, 30, 0, time.UTC)
	for _, line := range lines(t, "cron-golden.txt") {
		if !strings.HasPrefix(line, `"`) {
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := strconv.Unquote(quoted)
		runs := strings.TrimSpace(line[len(quoted):])
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(runs, "ERR") || runs == "never" {
				mustRefuse(t, Supercronic, text)
				return
			}
			var got []string
			for _, run := range elapses(translate(t, "", parse(t, Supercronic, text)).Events, start, 3) {
				got = append(got, run.Format("01-02T15:04:05Mon"))
			}
			if diff := cmp.Diff(strings.Fields(runs), got); diff != "" {
				t.Errorf("runs (-supercronic +got):\n%s", diff)
			}
		})
	}
}

// TestSupercronicRunsAtClockChange: on the day of a change systemd goes its own
// way for a fixed time, and loses no run of an hourly one; the other days agree.
func TestSupercronicRunsAtClockChange(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, line := range lines(t, "cron-golden.txt") {
		words := strings.Fields(line)
		if len(words) != 9 || strings.HasPrefix(line, `"`) {
			continue
		}
		rows++
		x := parse(t, Supercronic, strings.Join(words[:5], " "))
		events := translate(t, "Europe/Berlin", x).Events
		for _, run := range words[6:] {
			want, err := time.Parse(time.RFC3339, run)
			if err != nil {
				t.Fatal(err)
			}
			_, before := want.In(berlin).AddDate(0, 0, -1).Zone()
			if _, now := want.In(berlin).Zone(); before != now && events[0].Zone != "UTC" {
				continue
			}
			if got, ok := calendar.Next(events, want.Add(-time.Second), berlin); !ok || !got.Equal(want) {
				t.Errorf("%s in Berlin: supercronic runs at %s, and %s next runs at %s", x.text, want, texts(events), got)
			}
		}
	}
	if rows != 4 {
		t.Errorf("%d rows, want 4", rows)
	}
}

// TestCorpus reads real expressions as all dialects: each is translated and
// proven, or refused with a hint.
func TestCorpus(t *testing.T) {
	t.Parallel()
	translated := map[Dialect]int{}
	for _, text := range lines(t, "corpus-real.txt") {
		for _, d := range Dialects() {
			x, err := Parse(d, text)
			if err != nil {
				mustRefuse(t, d, text)
				continue
			}
			translated[d]++
			translate(t, "", x)
			if x.Words() == "" {
				t.Errorf("%s: %q: no words", d, text)
			}
		}
	}
	want := map[Dialect]int{Supercronic: 359, Crontab: 254, Cronie: 246, Robfig: 398}
	if diff := cmp.Diff(want, translated); diff != "" {
		t.Errorf("expressions translated (-want +got):\n%s", diff)
	}
}
