package timer

import (
	"strings"
	"testing"
	"time"
)

// TestReadWrong: a value that cannot be read is an error that names it.
func TestReadWrong(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"OnCalendar=whenever", "OnUnitActiveSec=soon", "RandomizedDelaySec=3 apples"} {
		if got, err := Read("[Timer]\n" + wrong + "\n"); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v, %v", wrong, got, err)
		}
	}
}

// TestStuck holds that a timer that systemd has given up is restarted as long
// as its schedule names a time to come, also where the search for the next one
// fails as systemd's does.
func TestStuck(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	m := Clock{Now: time.Date(2027, 3, 27, 21, 0, 0, 0, berlin), Local: berlin}
	for _, test := range []struct {
		line string
		want bool
	}{
		{"OnCalendar=*-*-* 02/6:00:00", true}, // dead at the change of the clock of the 28th
		{"OnCalendar=*-*-* 02..20/6:00:00", true},
		{"OnCalendar=2026-01-01 02:00:00", false},
		{"OnCalendar=*-02-30 02:00:00", false},
		{"OnUnitActiveSec=7h", true},
	} {
		timer, err := Read("[Timer]\n" + test.line + "\n")
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Stuck(timer); got != test.want {
			t.Errorf("%s: stuck %t, want %t", test.line, got, test.want)
		}
	}
	if dead, _ := Read("[Timer]\nOnCalendar=*-*-* 02/6:00:00\n"); len(dead.Schedule.Events) == 1 {
		if next, ok := dead.Schedule.Next(m.Now, berlin); ok {
			t.Errorf("the search finds %s: this test proves nothing", next)
		}
	}
}

// TestStartsAtOnce: what systemd starts as soon as it takes a timer up, and
// whether a time would be missed without.
func TestStartsAtOnce(t *testing.T) {
	t.Parallel()
	m := Clock{
		Now:   time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), // a Tuesday
		Boot:  time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC),
		Local: time.UTC,
	}
	ago := func(hours int) time.Time { return m.Now.Add(-time.Duration(hours) * time.Hour) }
	var never time.Time
	const no, needless, missed = "no", "needless", "missed"
	for _, tc := range []struct {
		name  string
		timer string
		last  time.Time
		fresh bool // started now, and not five hours ago
		want  string
	}{
		{"never triggered", "OnCalendar=09:00", never, true, no},
		{"never triggered, a time since it was started", "OnCalendar=09:00", never, false, missed},
		{"never triggered, no time since it was started", "OnCalendar=06:00", never, false, no},
		{"never triggered, another time soon", "OnCalendar=11:00\nOnCalendar=13:00", never, false, needless},
		{"its time is to come", "OnCalendar=13:00", ago(5), false, no},
		{"exactly now", "OnCalendar=12:00", ago(5), false, missed},
		{"a day between times, two between runs", "OnCalendar=09:00", ago(24), false, missed},
		{"over the weekend it is three days", "OnCalendar=Mon..Fri 09:00", ago(24), false, needless},
		{"but not five", "OnCalendar=Mon..Fri 09:00", ago(96), false, missed},
		{"often by day, never by night", "OnCalendar=08..18:00", ago(5), false, needless},
		{"every hour", "OnCalendar=*:00", ago(5), false, missed},
		{"two lines", "OnCalendar=09:00\nOnCalendar=13:00", ago(4), false, needless},
		{"only once", "OnCalendar=2026-11-24 09:00", ago(24), false, missed},
		{"jitter still to come", "OnCalendar=11:55\nRandomizedDelaySec=10min", ago(5), false, no},
		{"jitter over", "OnCalendar=11:55\nRandomizedDelaySec=5min", ago(5), false, missed},

		{"at boot, fresh", "OnBootSec=1us", never, true, needless},
		{"at boot, in place, never triggered", "OnBootSec=1us", never, false, needless},
		{"at boot, in place", "OnBootSec=1us", ago(100), false, no},
		{"at boot and a time missed", "OnBootSec=1us\nOnCalendar=*:00", ago(5), true, missed},

		{"interval since the boot", "OnBootSec=6h\nOnUnitActiveSec=6h", never, true, missed},
		{"interval not over since the boot", "OnBootSec=7h\nOnUnitActiveSec=7h", never, true, no},
		{"interval since the last run", "OnBootSec=2h\nOnUnitActiveSec=2h", ago(2), false, missed},
		{"interval not over since the last run", "OnBootSec=2h\nOnUnitActiveSec=2h", ago(1), false, no},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			timer, err := Read("[Timer]\n" + tc.timer + "\n")
			if err != nil {
				t.Fatal(err)
			}
			known := Known{Last: tc.last, Active: ago(5)}
			if tc.fresh {
				known.Active = time.Time{}
			}
			start, ok := m.StartsAtOnce(timer, known)
			got := no
			switch {
			case ok && start.Missed:
				got = missed
			case ok:
				got = needless
			}
			if got != tc.want || ok != (start.Why != "") || strings.HasSuffix(start.Why, "; ") {
				t.Errorf("%s (%q), want %s", got, start.Why, tc.want)
			}
		})
	}
}
