package difftest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/testenv"
)

// clockZones change their clocks by an hour at night, by an hour at midnight
// (Havana) and by half an hour (Lord Howe).
var clockZones = []string{"America/New_York", "Europe/Berlin", "Australia/Sydney", "Australia/Lord_Howe", "America/Havana"}

// uncured are minutes that a zone's changes move: 0 would become 30.
var uncured = map[string][]string{"Australia/Lord_Howe": {"0 * * * *", "45 * * * *"}}

// around is the time looked at on either side of a clock change.
const around = 40 * time.Hour

// TestCuredAtClockChanges: a line that asks for the same minutes of every hour
// is written in UTC. It then runs as robfig and cron do it, in both changes,
// where systemd would leave out the repeated hour of a local line.
func TestCuredAtClockChanges(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	for _, zone := range clockZones {
		for _, text := range []string{"* * * * *", "*/10 * * * *", "7,37 * * * *", "0 * * * *", "45 * * * *"} {
			if slices.Contains(uncured[zone], text) {
				continue
			}
			events := eventsIn(t, cron.Supercronic, text, zone)
			for _, dialect := range cron.Dialects() {
				if diff := cmp.Diff(lines(events), lines(eventsIn(t, dialect, text, zone))); diff != "" {
					t.Errorf("%q in %s (-supercronic +%s):\n%s", text, zone, dialect, diff)
				}
			}
			for _, line := range lines(events) {
				if !strings.HasSuffix(line, " UTC") {
					t.Errorf("%q in %s: %s is not in UTC", text, zone, line)
				}
			}
			for _, change := range clockChanges(t, zone) {
				ours := elapses(t, events, zone, change)
				if diff := cmp.Diff(robfigRuns(t, text, zone, change), ours); diff != "" {
					t.Errorf("%q in %s (-robfig +ours):\n%s", text, zone, diff)
				}
				if diff := cmp.Diff(crontabRuns(t, text, zone, change), ours); diff != "" {
					t.Errorf("%q in %s (-cron +ours):\n%s", text, zone, diff)
				}
			}
		}
	}
}

// TestLocalAtClockChanges: all other lines stay local and do what systemd does
// at a change. Away from it they run as cron and robfig do.
func TestLocalAtClockChanges(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	texts := []string{"30 2 * * *", "30 1 * * *", "0 0 * * *", "0 0-23 * * *", "*/20 */2 * * *", "0 * * * 1-6", "15 2 1-31 * 0"}
	for _, zone := range clockZones {
		loc := location(t, zone)
		for _, text := range append(texts, uncured[zone]...) {
			events := eventsIn(t, cron.Crontab, text, zone)
			for _, change := range clockChanges(t, zone) {
				ours := Fires{Times: elapses(t, events, zone, change)}.steady(loc).Times
				judged := Fires{Times: crontabRuns(t, text, zone, change)}.steady(loc).Times
				if diff := cmp.Diff(judged, ours); diff != "" {
					t.Errorf("%q in %s (-cron +ours):\n%s", text, zone, diff)
				}
			}
		}
	}
}

// TestSystemdAtClockChanges has what local lines do on the day of a change.
func TestSystemdAtClockChanges(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	for _, test := range []struct {
		name, zone, text, day, want string
	}{
		{"in the gap: skipped", "America/New_York", "30 2 * * *", "2026-03-08", ""},
		{"in the gap: skipped", "Europe/Berlin", "30 2 * * *", "2026-03-29", ""},
		{"in the gap: skipped", "Australia/Sydney", "30 2 * * *", "2026-10-04", ""},
		{"in the half-hour gap: skipped", "Australia/Lord_Howe", "15 2 * * *", "2026-10-04", ""},
		{"midnight in the gap: skipped", "America/Havana", "0 0 * * *", "2026-03-08", ""},
		{"hours over the gap", "America/New_York", "0 0-4 * * *", "2026-03-08", "00:00-05 01:00-05 03:00-04 04:00-04"},
		{"in the overlap: the first pass", "America/New_York", "30 1 * * *", "2026-11-01", "01:30-04"},
		{"in the overlap: the first pass", "Europe/Berlin", "30 2 * * *", "2026-10-25", "02:30+02"},
		{"in the overlap: the first pass", "Australia/Sydney", "30 2 * * *", "2026-04-05", "02:30+11"},
		{"midnight in the overlap", "America/Havana", "30 0 * * *", "2026-11-01", "00:30-04"},
		{"hours in the overlap: one pass", "Europe/Berlin", "0 0-4 * * *", "2026-10-25", "00:00+02 01:00+02 02:00+02 03:00+01 04:00+01"},
		{"minutes in the overlap: one pass", "Europe/Berlin", "*/30 1-3 * * *", "2026-10-25",
			"01:00+02 01:30+02 02:00+02 02:30+02 03:00+01 03:30+01"},
	} {
		events := eventsIn(t, cron.Crontab, test.text, test.zone)
		loc := location(t, test.zone)
		day, err := time.ParseInLocation(time.DateOnly, test.day, loc)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, at := range elapses(t, events, test.zone, day) {
			if local := at.In(loc); local.Format(time.DateOnly) == test.day {
				got = append(got, local.Format("15:04-07"))
			}
		}
		if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %q in %s (-want +got):\n%s", test.name, test.text, test.zone, diff)
		}
	}
}

// TestListKeepsToOneZone: a timer with both local lines and lines in UTC would
// run the local ones again in the repeated hour.
func TestListKeepsToOneZone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		texts []string
		utc   bool
	}{
		{[]string{"*/10 * * * *", "5 * * * *"}, true},
		{[]string{"*/10 * * * *", "30 2 * * *"}, false},
	} {
		var xs []*cron.Expression
		for _, text := range test.texts {
			x, err := cron.Parse(cron.Crontab, text)
			if err != nil {
				t.Fatal(err)
			}
			xs = append(xs, x)
		}
		translation, err := cron.Translate("Europe/Berlin", xs...)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines(translation.Events) {
			if strings.HasSuffix(line, " UTC") != test.utc {
				t.Errorf("%q: %s, want UTC %t", test.texts, line, test.utc)
			}
		}
	}
}

func eventsIn(t *testing.T, dialect cron.Dialect, text, zone string) []calendar.Event {
	t.Helper()
	x, err := cron.Parse(dialect, text)
	if err != nil {
		t.Fatal(err)
	}
	translation, err := cron.Translate(zone, x)
	if err != nil {
		t.Fatal(err)
	}
	return translation.Events
}

// elapses are those around an instant. It has systemd-analyze confirm them.
func elapses(t *testing.T, events []calendar.Event, zone string, instant time.Time) []time.Time {
	t.Helper()
	loc := location(t, zone)
	var ours []time.Time
	for at := instant.Add(-around); ; {
		next, ok := calendar.Next(events, at, loc)
		if !ok || next.After(instant.Add(around)) {
			break
		}
		at = next
		ours = append(ours, next.UTC())
	}
	analyzed, err := Analyze(lines(events), zone, instant.Add(-around), len(ours)+1)
	if err != nil {
		t.Fatal(err)
	}
	var parts []Fires
	for _, line := range lines(events) {
		parts = append(parts, analyzed[line])
	}
	if diff := cmp.Diff(Union(parts...).before(instant.Add(around+1)), ours); diff != "" {
		t.Errorf("%s in %s (-systemd +ours):\n%s", lines(events), zone, diff)
	}
	return ours
}

func robfigRuns(t *testing.T, text, zone string, instant time.Time) []time.Time {
	t.Helper()
	s, err := Robfig("TZ=" + zone + " " + text)
	if err != nil {
		t.Fatal(err)
	}
	all := collect(instant.Add(-around), int(2*around/time.Minute)+1, s.Next)
	return all.before(instant.Add(around + 1))
}

func crontabRuns(t *testing.T, text, zone string, instant time.Time) []time.Time {
	t.Helper()
	table, err := readTable(text, debianField)
	if err != nil {
		t.Fatal(err)
	}
	return table.Replay(instant.Add(-around), instant.Add(around), location(t, zone))
}

// clockChanges are the two of 2026.
func clockChanges(t *testing.T, zone string) []time.Time {
	t.Helper()
	var changes []time.Time
	for at := time.Date(2026, 1, 1, 0, 0, 0, 0, location(t, zone)); len(changes) < 2; {
		_, at = at.ZoneBounds()
		changes = append(changes, at)
	}
	return changes
}

func location(t *testing.T, zone string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}
