package drift

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/testhost"
	"github.com/montimer/montimer/internal/unitdir"
)

func TestCompareTimers(t *testing.T) {
	t.Parallel()
	const target, unit, service = "montimer.target", "montimer-job-p.timer", "montimer-job-p.service"
	h := testhost.Host()
	p := montimer.Profile{Name: "p", Enabled: true, Schedule: montimer.Schedule{Events: testhost.Events(t, "daily"), Words: "at 00:00 every day"}}
	same := func() map[string]string {
		return map[string]string{
			service: "[Service]\nUser=b\n",
			unit:    "# sha256:3\n[Timer]\nOnCalendar=daily\nDeferReactivation=yes\n", // of an older version
			target:  "[Unit]\nWants=montimer-tmp.service\nUpholds=montimer-apply.socket\nUpholds=" + unit + "\nUpholds=montimer-outbox.timer\n",
		}
	}
	for name, tc := range map[string]struct {
		change func(files map[string]string)
		want   []string
	}{
		"what the host decides":     {func(map[string]string) {}, nil},
		"another schedule":          {func(f map[string]string) { f[unit] = strings.Replace(f[unit], "daily", "hourly", 1) }, []string{unit}},
		"not a schedule":            {func(f map[string]string) { f[unit] = strings.Replace(f[unit], "daily", "whenever", 1) }, []string{unit}},
		"changed by hand":           {func(f map[string]string) { f[unit] += "Persistent=yes\n" }, []string{unit}},
		"a profile that is new":     {func(f map[string]string) { delete(f, unit); f[target] = "[Unit]\n" }, []string{unit, target}},
		"a profile that has gone":   {func(f map[string]string) { f[target] += "Upholds=montimer-job-gone.timer\n" }, []string{target}},
		"files kept for the reload": {func(f map[string]string) { f["montimer-job-gone.timer"] = "[Timer]\n" }, nil},
		"never compiled":            {func(f map[string]string) { clear(f) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := same()
			tc.change(files)
			if diff := cmp.Diff(tc.want, compareTimers(compiler.Timers(h, montimer.Jobs{Profiles: []montimer.Profile{p}}), unitdir.Installed{Files: files})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A timer whose service runs while the clock is set back starts nothing until
// the clock is where it was, unless it is restarted.
func TestUnblockTimer(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, tc := range map[string]struct {
		triggered   time.Time
		err         error
		logs, pages bool
	}{
		"the clock was set back":               {now.Add(time.Hour), nil, true, false},
		"the clock was set back, and no apply": {now.Add(time.Hour), errors.New("nobody reads"), false, true},
		"a moment ago":                         {now.Add(-time.Second), errors.New("not asked"), false, false},
		"before the clock was set forward":     {now.AddDate(-1, 0, 0), errors.New("not asked"), false, false},
		"not known":                            {time.Time{}, errors.New("not asked"), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			page := UnblockTimer("montimer-job-p.timer", tc.triggered, func() error { return tc.err }, slog.New(slog.NewTextHandler(&log, nil)))
			if tc.logs != strings.Contains(log.String(), "asked for an apply") || tc.pages != strings.Contains(page, "systemctl restart montimer-job-p.timer (nobody reads)") || !tc.pages && page != "" {
				t.Errorf("page %q, log %s", page, log.String())
			}
		})
	}
}
