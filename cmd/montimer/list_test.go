package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/listing"
	"github.com/montimer/montimer/internal/notify"
)

// TestList: on a terminal no line is wider than it is.
func TestList(t *testing.T) {
	t.Parallel()
	rows := []listing.Profile{
		{Name: "nightly", Enabled: true, Tasks: 2, Schedule: "at 04:30 every Friday, and at 04:30 on day 1 and 15 of the month, Europe/Berlin",
			Next: time.Date(2026, 12, 4, 4, 30, 0, 0, time.Local)},
		{Name: "hourly", Enabled: true, Tasks: 28, Schedule: "every hour at minute 5", Paused: "paused until Mon 2026-11-30 16:00:00 UTC: the disk is swapped (root)"},
		{Name: "off", Schedule: "at 05:00 every day"},
	}
	header, cells := listing.Table(rows)
	for _, columns := range []int{0, 10, 72, 80, 100} {
		var b strings.Builder
		if err := console.Table(&b, columns, header, cells); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if columns == 0 && len(lines) != 1+len(rows) {
			t.Errorf("%d columns: %d lines:\n%s", columns, len(lines), b.String())
		}
		for _, line := range lines {
			if columns >= 72 && len(line) > columns {
				t.Errorf("%d columns: %d in %q", columns, len(line), line)
			}
		}
	}
}

// TestTables: whatever the cells hold, no line of a table is wider than the
// terminal, and none of the text is lost.
func TestTables(t *testing.T) {
	t.Parallel()
	long, words := strings.Repeat("x", 64), strings.Repeat("some words of it ", 30)
	at := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	list := func(w io.Writer, profiles []listing.Profile, columns int) error {
		header, rows := listing.Table(profiles)
		return console.Table(w, columns, header, rows)
	}
	pending := func(w io.Writer, alerts []montimer.Alert, columns int) error {
		header, rows := notify.PendingTable(alerts)
		return console.Table(w, columns, header, rows)
	}
	for name, write := range map[string]func(w io.Writer, columns int) error{
		"list": func(w io.Writer, columns int) error {
			return list(w, []listing.Profile{{Name: long, Enabled: true, Schedule: words, Next: at}, {Name: "p", Schedule: long + long}}, columns)
		},
		"list, ordinary": func(w io.Writer, columns int) error {
			return list(w, []listing.Profile{{Name: "nightly", Enabled: true, Schedule: words, Next: at}}, columns)
		},
		"notify pending": func(w io.Writer, columns int) error {
			return pending(w, []montimer.Alert{
				{ID: 1, Created: at, Kind: montimer.AlertFailure, Profile: "nightly", NextTry: at, Error: words},
				{ID: 123456, Created: at, Kind: montimer.AlertRecovery, Profile: long, Error: "https://" + long + long},
			}, columns)
		},
		"notify pending, no error": func(w io.Writer, columns int) error {
			return pending(w, []montimer.Alert{{ID: 1, Created: at, Kind: montimer.AlertFailure, Profile: "n"}}, columns)
		},
	} {
		var whole strings.Builder
		if err := write(&whole, 0); err != nil {
			t.Fatal(err)
		}
		for _, columns := range []int{80, 100, 200} {
			var b strings.Builder
			if err := write(&b, columns); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if len(line) > columns+1 {
					t.Errorf("%s, %d columns: %d in %q", name, columns, len(line)-1, line)
				}
			}
			for _, text := range []string{"x", "words", "nightly", "08:00"} {
				if got, want := strings.Count(b.String(), text), strings.Count(whole.String(), text); got != want {
					t.Errorf("%s, %d columns: %q is there %d times, not %d:\n%s", name, columns, text, got, want, b.String())
				}
			}
		}
	}
}
