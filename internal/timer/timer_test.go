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

// TestWhyStarted; testdata/boot/diff.sh holds it against systemd.
func TestWhyStarted(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	m := Clock{Now: at("2026-11-24 12:00"), Boot: at("2026-11-20 08:00"), Local: time.UTC}
	timer := func(lines ...string) *Timer {
		v, err := Read(strings.Join(lines, "\n") + "\n")
		if err != nil {
			t.Fatal(err)
		}
		return &v
	}
	const persistent = "Persistent=yes"
	var none time.Time
	morning, yesterday, before := at("2026-11-24 04:30"), at("2026-11-23 04:30"), at("2026-11-19 04:30")

	for name, tc := range map[string]struct {
		old, new *Timer
		stamp    time.Time
		why      string // a part of it; "": it is not started
	}{
		"nothing changes": {timer("OnCalendar=daily", persistent), timer("OnCalendar=daily", persistent), before, ""},
		"new":             {nil, timer("OnCalendar=04:30", persistent), none, ""},
		"moved to earlier today, last run yesterday": {timer("OnCalendar=13:00", persistent), timer("OnCalendar=05:00", persistent), yesterday,
			"its time Mon 2026-11-23 05:00:00 UTC has passed since it last ran, Mon 2026-11-23 04:30:00 UTC"},
		"moved to earlier today, after its run": {timer("OnCalendar=04:30", persistent), timer("OnCalendar=11:00", persistent), morning,
			"11:00:00 UTC has passed"},
		"moved to before today's run":                {timer("OnCalendar=04:30", persistent), timer("OnCalendar=04:00", persistent), morning, ""},
		"moved to later today":                       {timer("OnCalendar=04:30", persistent), timer("OnCalendar=13:00", persistent), morning, ""},
		"moved, the jitter may still hold it":        {timer("OnCalendar=04:30", persistent), timer("OnCalendar=11:00", persistent, "RandomizedDelaySec=2h"), morning, ""},
		"no stamp to read: the last tick":            {timer("OnCalendar=04:30"), timer("OnCalendar=11:00"), none, "since it last ran, Tue 2026-11-24 04:30:00 UTC"},
		"no tick since the boot":                     {timer("OnCalendar=2098-01-01"), timer("OnCalendar=11:00"), none, "has passed since its timer was started"},
		"no tick since the boot, nor one due":        {timer("OnCalendar=2098-01-01"), timer("OnCalendar=*-12-01"), none, ""},
		"back with an old stamp":                     {nil, timer("OnCalendar=04:30", persistent), before, "since it last ran, Thu 2026-11-19"},
		"back with a stamp of today":                 {nil, timer("OnCalendar=04:30", persistent), morning, ""},
		"back, but nothing is caught up":             {nil, timer("OnCalendar=04:30"), before, ""},
		"a stamp of the future":                      {nil, timer("OnCalendar=04:30", persistent), at("2026-12-24 00:00"), ""},
		"new @reboot":                                {nil, timer("OnBootSec=1us"), none, "once after each boot, and the last one was Fri 2026-11-20 08:00:00 UTC"},
		"@reboot added":                              {timer("OnCalendar=2098-01-01"), timer("OnBootSec=1us"), none, "once after each boot"},
		"@reboot added, stamp after the boot":        {timer("OnCalendar=04:30", persistent), timer("OnBootSec=1us"), morning, "once after each boot"},
		"@reboot added, stamp before the boot":       {timer("OnCalendar=monthly", persistent), timer("OnBootSec=1us"), before, ""},
		"@reboot stays":                              {timer("OnBootSec=1us"), timer("OnBootSec=1us", "OnCalendar=2098-01-01"), none, ""},
		"new interval, shorter than the boot is ago": {nil, timer("OnBootSec=7h", "OnUnitActiveSec=7h"), none, "every 7h, and has not since the boot"},
		"new interval, longer":                       {nil, timer("OnBootSec=200h", "OnUnitActiveSec=200h"), none, ""},
		"shorter interval":                           {timer("OnUnitActiveSec=7h"), timer("OnUnitActiveSec=1h"), none, "every 1h, and last did"},
		"longer interval":                            {timer("OnUnitActiveSec=1h"), timer("OnUnitActiveSec=7h"), none, ""},
		"from a calendar to an interval":             {timer("OnCalendar=04:30", persistent), timer("OnUnitActiveSec=7h"), morning, "every 7h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			why := m.WhyStarted(tc.old, *tc.new, tc.stamp)
			if (why == "") != (tc.why == "") || !strings.Contains(why, tc.why) {
				t.Errorf("%q, want %q", why, tc.why)
			}
		})
	}
}
