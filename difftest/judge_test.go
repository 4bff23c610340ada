package difftest

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/testenv"
)

// bases are instants to look from: a usual day, the last second before a leap
// century, a leap February, and the years before 2100, which has no February 29.
var bases = []time.Time{
	time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC),
	time.Date(2028, 2, 3, 4, 5, 6, 0, time.UTC),
	time.Date(2095, 6, 15, 12, 0, 0, 0, time.UTC),
}

// runs is how many runs are compared after each base.
const runs = 40

// judgeDir holds the inputs that the parent module's tests use, too.
const judgeDir = "../internal/cron/testdata/"

// TestJudgesAgainstHand has the judges, too, judged: by calendar events that
// people wrote for an expression, as systemd-analyze understands them.
func TestJudgesAgainstHand(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	rows := readTSV(t, judgeDir+"hand.tsv", 3)
	var events []string
	for _, row := range rows {
		if row[2] != "ERROR" {
			events = append(events, strings.Split(row[2], "|")...)
		}
	}
	for _, base := range bases {
		fires, err := Analyze(events, "UTC", base, runs)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			dialect, text, want := row[0], row[1], row[2]
			s, err := Judges[dialect](text)
			if want == "ERROR" {
				if err == nil && everRuns(s) {
					t.Errorf("%s %q: runs, want it refused", dialect, text)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s %q: %v", dialect, text, err)
				continue
			}
			var parts []Fires
			for _, event := range strings.Split(want, "|") {
				parts = append(parts, fires[event])
			}
			if diff := same("judge", collect(base, runs, s.Next), "systemd", Union(parts...)); diff != "" {
				t.Errorf("%s %q from %s: %s", dialect, text, stamp(base), diff)
			}
		}
	}
}

// readTSV reads the lines of a file, but for empty ones and comments.
func readTSV(t *testing.T, name string, columns int) [][]string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		row := strings.Split(line, "\t")
		if len(row) != columns {
			t.Fatalf("%s: %d columns in %q, want %d", name, len(row), line, columns)
		}
		rows = append(rows, row)
	}
	return rows
}

// TestSupercronicAgainstGolden has three runs after the eve of 2026-06-11 for
// each expression, recorded from the supercronic that jobs ran under before.
func TestSupercronicAgainstGolden(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(judgeDir + "cron-golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	base := time.Date(2026, 6, 10, 23, 59, 59, 0, time.UTC)
	rows := 0
	for line := range strings.Lines(string(data)) {
		quoted, want, ok := strings.Cut(line, "\" ")
		if !ok {
			continue
		}
		rows++
		text, err := strconv.Unquote(quoted + `"`)
		if err != nil {
			t.Fatal(err)
		}
		got, want := "", strings.TrimSpace(want)
		switch s, err := Judges["supercronic"](text); {
		case err != nil:
			got = "ERR " + err.Error()
		case !everRuns(s):
			got = "never"
		default:
			for _, at := range collect(base, 3, s.Next).Times {
				got += at.Format("01-02T15:04:05Mon ")
			}
		}
		if diff := cmp.Diff(want, strings.TrimSpace(got)); diff != "" {
			t.Errorf("%s: (-golden +judge)\n%s", text, diff)
		}
	}
	if rows < 30 {
		t.Errorf("%d rows read", rows)
	}
}

// TestZoneOfAnEvent: a zone in TZ means what it does in the event.
func TestZoneOfAnEvent(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	for _, zone := range clockZones {
		for _, change := range clockChanges(t, zone) {
			base := change.Add(-2 * time.Hour)
			const event = "*-*-* 00..03:00/20:00"
			own, err := analyze([]string{event + " " + zone}, "Asia/Tokyo", base, 10)
			if err != nil {
				t.Fatal(err)
			}
			given, err := analyze([]string{event}, zone, base, 10)
			if diff := cmp.Diff(own, given); err != nil || diff != "" {
				t.Errorf("%s: %v (-in the event +in TZ)\n%s", zone, err, diff)
			}
		}
	}
}
