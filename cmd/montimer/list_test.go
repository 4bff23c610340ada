package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestList: on a terminal no line is wider than it is.
func TestList(t *testing.T) {
	t.Parallel()
	rows := []listed{
		{Profile: "nightly", Enabled: true, Tasks: 2, Schedule: "at 04:30 every Friday, and at 04:30 on day 1 and 15 of the month, Europe/Berlin",
			Next: time.Date(2026, 12, 4, 4, 30, 0, 0, time.Local)},
		{Profile: "hourly", Enabled: true, Tasks: 28, Schedule: "every hour at minute 5", Paused: "paused until Mon 2026-11-30 16:00:00 UTC: the disk is swapped (root)"},
		{Profile: "off", Schedule: "at 05:00 every day"},
	}
	for _, columns := range []int{0, 10, 72, 80, 100} {
		var b strings.Builder
		if err := writeList(&b, rows, columns); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if columns < 72 && len(lines) != 1+len(rows) {
			t.Errorf("%d columns: %d lines:\n%s", columns, len(lines), b.String())
		}
		for _, line := range lines {
			if columns >= 72 && len(line) > columns {
				t.Errorf("%d columns: %d in %q", columns, len(line), line)
			}
		}
		got, want := strings.Fields(b.String()), 0
		for _, r := range rows {
			want += len(strings.Fields(r.Profile + " " + r.nextText() + " 1 " + r.scheduleText()))
		}
		if len(got) != want+4 {
			t.Errorf("%d columns: %d words, want %d:\n%s", columns, len(got), want+4, b.String())
		}
	}
	if diff := cmp.Diff("a b\n  c d\n", wrap("a b c d\n", 5, 2)); diff == "" {
		t.Error("wrapped where there is no room")
	}
	if diff := cmp.Diff("name  one two three four\n      five\n", wrap("name  one two three four five\n", 26, 6)); diff != "" {
		t.Error(diff)
	}
}
