package timer

import (
	"testing"
	"time"
)

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
