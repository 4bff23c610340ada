package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/testhost"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
)

// Units of the default instance.
const (
	targetName      = "montimer.target"
	ourApplySocket  = "montimer-apply.socket"
	ourApplyTimer   = "montimer-apply.timer"
	ourApplyService = "montimer-apply.service"
	ourOutboxTimer  = "montimer-outbox.timer"
)

func render(t testing.TB, h montimer.Host, profiles ...montimer.Profile) []compiler.Unit {
	t.Helper()
	units, err := compiler.Render(h, montimer.Jobs{Profiles: profiles})
	if err != nil {
		t.Fatal(err)
	}
	return units
}

// compileInto brings the unit directory in line with the profiles, as compile does.
func (m *machine) compileInto(t *testing.T, profiles ...montimer.Profile) {
	t.Helper()
	dir, err := unitdir.Open(m.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	have, err := dir.Installed(nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := unitdir.Plan(render(t, testhost.Host(), profiles...), have)
	if err := errors.Join(err, dir.Write(have, plan)); err != nil {
		t.Fatal(err)
	}
}

// fakeSystemd does with unit files what systemd does, as far as Apply relies
// on it: it reads them when told to, an active target holds its timers, and a
// timer that is taken up may start its service at once.
type fakeSystemd struct {
	dir     string
	stamps  Stamps
	clock   timer.Clock
	log     []string // what it was asked to do; "! a.service" where that started one
	read    time.Time
	files   map[string]string // as last read
	guards  []string          // as last read
	active  map[string]string // unit → sub state
	last    map[string]time.Time
	started map[string]time.Time
	enabled bool
	masked  map[string]bool
	broken  map[string]string // units that it refuses, but with this content
	dropIns map[string]bool   // units with drop-ins that have changed since they were read
	fail    int               // the number of the call that kills the caller; 0: none
}

// errKilled is what a call panics with in place of an answer.
var errKilled = errors.New("killed")

func (f *fakeSystemd) call(format string, args ...any) {
	if f.fail--; f.fail == 0 {
		panic(errKilled)
	}
	f.log = append(f.log, fmt.Sprintf(format, args...))
}

func (f *fakeSystemd) Reload(context.Context) error {
	f.call("reload")
	old := f.files
	f.files, f.read = map[string]string{}, time.Now()
	paths, _ := filepath.Glob(filepath.Join(f.dir, "montimer*"))
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f.files[filepath.Base(path)] = string(content)
	}
	f.guards, _ = f.stamps.held()
	clear(f.dropIns)
	for name, sub := range f.active {
		switch {
		case f.load(name) == "not-found":
			f.active[name] = "failed"
		case f.load(name) == "bad-setting":
			f.active[name] = "elapsed"
		case sub == "waiting" && old[name] != f.files[name]:
			f.begin(name, f.since(name))
		}
	}
	f.uphold()
	return nil
}

func (f *fakeSystemd) uphold() {
	for name := range unitfile.Upheld(f.files[targetName]) {
		if f.active[targetName] == "active" && f.active[name] == "" && f.load(name) == "loaded" {
			f.begins(name)
		}
	}
}

// begins starts a timer or a socket.
func (f *fakeSystemd) begins(name string) {
	if isTimer(name) {
		f.startTimer(name)
	} else {
		f.active[name] = "listening"
	}
}

// startTimer starts a timer, which forgets when it was triggered last, but for
// what its stamp says.
func (f *fakeSystemd) startTimer(name string) {
	f.active[name], f.last[name] = "waiting", time.Time{}
	if strings.Contains(f.files[name], "\nPersistent=yes\n") || slices.Contains(f.guards, name) {
		f.last[name], _ = timer.ReadStamp(f.stamps.Dir, name)
		if f.last[name].IsZero() {
			_ = f.stamps.touch(name)
		}
	}
	f.begin(name, f.clock.Now)
}

// begin notes whether a timer starts its service at once.
func (f *fakeSystemd) begin(name string, active time.Time) {
	if f.elapses(f.files[name], f.last[name], active) {
		f.log = append(f.log, "! "+strings.TrimSuffix(name, ".timer")+".service")
	}
}

// elapses reports whether a timer elapses as it begins to wait, active since
// then and last triggered then, or never. It goes through the lines of its file
// as timer_enter_waiting does in timer.c of systemd 252, and shares nothing with
// what Apply decides by but the times of an event and the length of a span,
// which have judges of their own. A jitter takes all the time that it may.
func (f *fakeSystemd) elapses(file string, last, active time.Time) bool {
	var due []time.Time
	var jitter time.Duration
	for line := range strings.Lines(file) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "OnCalendar":
			event, err := calendar.Parse(value)
			if err != nil {
				panic(err)
			}
			base := last
			if base.IsZero() {
				base = active
			}
			if next, ok := calendar.Next([]calendar.Event{event}, base, f.clock.Local); ok {
				due = append(due, next)
			}
		case "OnBootSec":
			at := f.clock.Boot.Add(span(value))
			if last.IsZero() || !at.Before(f.clock.Now) { // else it has had its one time
				due = append(due, at)
			}
		case "OnUnitActiveSec":
			if !last.IsZero() {
				due = append(due, last.Add(span(value)))
			}
		case "RandomizedDelaySec":
			jitter = span(value)
		}
	}
	return slices.ContainsFunc(due, func(at time.Time) bool { return !at.Add(jitter).After(f.clock.Now) })
}

func span(value string) time.Duration {
	d, err := calendar.ParseSpan(value)
	if err != nil {
		panic(err)
	}
	return d
}

func (f *fakeSystemd) load(name string) string {
	content, exists := f.files[name]
	good, broken := f.broken[name]
	switch {
	case f.masked[name]:
		return "masked"
	case !exists:
		return "not-found"
	case broken && content != good:
		return "bad-setting"
	}
	return "loaded"
}

func (f *fakeSystemd) ReadAt() (time.Time, error) { return f.read, nil }

func (f *fakeSystemd) Unread(_ context.Context, names []string) (bool, error) {
	return slices.ContainsFunc(names, func(name string) bool { return f.dropIns[name] }), nil
}

func (f *fakeSystemd) Units(_ context.Context, names []string) (map[string]systemd.Unit, error) {
	units := map[string]systemd.Unit{}
	for _, name := range names {
		u := systemd.Unit{Load: f.load(name), Active: "active", Sub: f.active[name]}
		switch {
		case u.Sub == "":
			u.Active, u.Sub = "inactive", "dead"
		case u.Sub == "failed":
			u.Active = "failed"
		case u.Sub == "start": // of a oneshot
			u.Active = "activating"
		}
		if u.Load == "bad-setting" {
			u.Reason, u.DropIns = "Bad, bad unit.", []string{"/etc/" + name + ".d/x.conf"}
		}
		units[name] = u
	}
	return units, nil
}

func (f *fakeSystemd) LastTrigger(_ context.Context, timer string) (time.Time, error) {
	return f.last[timer], nil
}

func (f *fakeSystemd) ActiveSince(_ context.Context, unit string) (time.Time, error) {
	return f.since(unit), nil
}

// since returns when a unit was started: just now, unless the test says otherwise.
func (f *fakeSystemd) since(unit string) time.Time {
	if t, ok := f.started[unit]; ok {
		return t
	}
	return f.clock.Now
}

func (f *fakeSystemd) Start(_ context.Context, unit string) error {
	f.call("start %s", unit)
	service := strings.TrimSuffix(unit, ".timer") + ".service"
	switch {
	case f.load(unit) != "loaded" || isTimer(unit) && f.load(service) != "loaded":
		return fmt.Errorf("start %s: not loaded", unit)
	case unit == targetName:
		f.active[unit] = "active"
		f.uphold()
	case f.active[unit] != "waiting":
		f.startTimer(unit)
	}
	return nil
}

func (f *fakeSystemd) Stop(_ context.Context, unit string) error {
	f.call("stop %s", unit)
	delete(f.active, unit)
	return nil
}

func (f *fakeSystemd) Restart(_ context.Context, unit string) error {
	f.call("restart %s", unit)
	service := strings.TrimSuffix(unit, filepath.Ext(unit)) + ".service"
	if f.load(service) != "loaded" || !isTimer(unit) && f.active[service] != "" {
		f.active[unit] = "failed"
		return fmt.Errorf("restart %s: failed", unit)
	}
	f.begins(unit)
	return nil
}

// ResetFailed changes nothing that a kill could leave half done.
func (f *fakeSystemd) ResetFailed(_ context.Context, unit string) {
	if f.active[unit] == "failed" {
		delete(f.active, unit)
	}
}

func (f *fakeSystemd) Enabled(context.Context, string) (bool, error) { return f.enabled, nil }

func (f *fakeSystemd) Enable(_ context.Context, unit string) error {
	f.call("enable %s", unit)
	f.enabled = true
	return nil
}

// machine is a host on which Apply can be tried.
type machine struct {
	*fakeSystemd
	flags Applier
	serve montimer.Serve
	said  []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	root := t.TempDir()
	now := time.Now()
	f := &fakeSystemd{
		dir:    filepath.Join(root, "units"),
		stamps: Stamps{Dir: filepath.Join(root, "timers"), DropIns: filepath.Join(root, "run")},
		clock:  timer.Clock{Now: now, Boot: now.Add(-time.Hour), Local: time.UTC},
		active: map[string]string{}, last: map[string]time.Time{}, started: map[string]time.Time{}, masked: map[string]bool{}, dropIns: map[string]bool{}, broken: map[string]string{},
	}
	for _, dir := range []string{f.dir, f.stamps.DropIns} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return &machine{fakeSystemd: f}
}

// hours returns a time that many hours from now.
func (m *machine) hours(n int) time.Time { return m.clock.Now.Add(time.Duration(n) * time.Hour) }

// at is a profile that runs daily, so many hours from now.
func (m *machine) at(t *testing.T, name string, hours ...int) montimer.Profile {
	t.Helper()
	p := montimer.Profile{Name: name, Enabled: true, CatchUp: true}
	for _, n := range hours {
		p.Schedule.Events = append(p.Schedule.Events, testhost.Events(t, m.hours(n).UTC().Format("*-*-* 15:04:05"))...)
	}
	return p
}

// once is a profile with a single time, years ago.
func once(t *testing.T, name string) montimer.Profile {
	return montimer.Profile{Name: name, Enabled: true, Schedule: montimer.Schedule{Events: testhost.Events(t, "2020-01-01")}}
}

func atBootOnly(name string) montimer.Profile {
	return montimer.Profile{Name: name, Enabled: true, CatchUp: true, Schedule: montimer.Schedule{Boot: true}}
}

// apply applies profiles and returns what was done, in order.
func (m *machine) apply(t *testing.T, profiles ...montimer.Profile) ([]string, error) {
	t.Helper()
	dir, err := unitdir.Open(m.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	m.log, m.said = nil, nil
	a := m.flags
	a.Dir, a.State, a.Control, a.Boot, a.Stamps = dir, m, m, m, m.stamps
	a.Clock = m.clock
	a.Done = func(verb, unit string) { m.log = append(m.log, "* "+verb+" "+unit) }
	a.Say = func(message string) { m.said = append(m.said, message) }
	h := testhost.Host()
	h.Serve = m.serve
	err = a.Apply(t.Context(), render(t, h, profiles...))
	return m.log, err
}

// settled is apply of what has to work, with time for file times to differ.
func (m *machine) settled(t *testing.T, profiles ...montimer.Profile) {
	t.Helper()
	if _, err := m.apply(t, profiles...); err != nil {
		t.Fatal(err)
	}
	m.back(t)
}

// back makes all files older than what systemd has last read, as they are on a
// host where the last apply was long ago.
func (m *machine) back(t *testing.T) {
	t.Helper()
	past := time.Now().Add(-time.Hour)
	for _, dir := range []string{m.dir, m.stamps.DropIns} {
		if err := os.Chtimes(dir, past, past); err != nil {
			t.Fatal(err)
		}
	}
	m.read = past.Add(time.Minute)
}

// holding is what is active where the target upholds these timers of profiles.
func holding(timers ...string) map[string]string {
	active := map[string]string{targetName: "active", ourApplySocket: "listening", ourApplyTimer: "waiting", ourOutboxTimer: "waiting"}
	for _, name := range timers {
		active[name] = "waiting"
	}
	return active
}

func (m *machine) stamp(t *testing.T, unit string, at time.Time) {
	t.Helper()
	if err := errors.Join(m.stamps.touch(unit), os.Chtimes(timer.StampFile(m.stamps.Dir, unit), at, at)); err != nil {
		t.Fatal(err)
	}
}

const a, b = "montimer-job-a", "montimer-job-b"

// TestApplyOrder holds the order of steps: * is what Apply reports, ! a job
// that starts at once, the rest what it asks of systemd.
func TestApplyOrder(t *testing.T) {
	t.Parallel()
	type profiles = []montimer.Profile
	created := []string{"* create " + a + ".service", "* create " + a + ".timer", "* update montimer.target", "reload"}
	for _, tc := range []struct {
		name   string
		before func(*testing.T, *machine) profiles // beside b
		change func(*testing.T, *machine)
		then   func(*testing.T, *machine) profiles
		want   []string
		said   string
	}{
		{
			name:   "nothing to do",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
		}, {
			name: "added",
			then: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			want: append(created, "* start "+a+".timer"),
		}, {
			name:   "a later time",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 4)} },
			want:   []string{"* update " + a + ".timer", "reload"},
		}, {
			name: "other words alone, as after an upgrade",
			before: func(t *testing.T, m *machine) profiles {
				return profiles{m.at(t, "a", -1, 3), atBootOnly("boot"), {Name: "interval", Enabled: true, Schedule: montimer.Schedule{Every: []time.Duration{2 * time.Hour}}}}
			},
			change: func(t *testing.T, m *machine) {
				for _, unit := range []string{a + ".timer", "montimer-job-boot.timer", "montimer-job-interval.timer"} {
					m.last[unit] = m.hours(0).Add(-time.Minute)
					m.edit(t, unit, "AccuracySec", "# Schedule: in old words\nAccuracySec")
				}
			},
			then: func(t *testing.T, m *machine) profiles {
				return profiles{m.at(t, "a", -1, 3), atBootOnly("boot"), {Name: "interval", Enabled: true, Schedule: montimer.Schedule{Every: []time.Duration{2 * time.Hour}}}}
			},
			want: []string{"* update " + a + ".timer", "* update montimer-job-boot.timer", "* update montimer-job-interval.timer", "reload"},
		}, {
			name:   "an earlier time, not needed",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			change: func(t *testing.T, m *machine) { m.last[a+".timer"] = m.hours(-2) },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", -1, 1)} },
			want:   []string{"reload", "restart " + a + ".timer", "* update " + a + ".timer", "reload", "reload"},
			said:   a + ".timer does not start at once",
		}, {
			name:   "an earlier time, compiled by hand and not reloaded",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			change: func(t *testing.T, m *machine) {
				m.last[a+".timer"] = m.hours(-2)
				m.compileInto(t, m.at(t, "a", -1, 1), m.at(t, "b", 2))
			},
			then: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", -1, 1)} },
			want: []string{"restart " + a + ".timer", "reload", "reload"},
			said: a + ".timer does not start at once",
		}, {
			name:   "an earlier time, needed",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			change: func(t *testing.T, m *machine) { m.last[a+".timer"] = m.hours(-21) },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", -1)} },
			want:   []string{"* update " + a + ".timer", "reload", "! " + a + ".service"},
			said:   a + ".timer starts at once",
		}, {
			name:   "back with an old stamp",
			change: func(t *testing.T, m *machine) { m.stamp(t, a+".timer", m.hours(-2)) },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", -1, 1)} },
			want:   append(created, "* start "+a+".timer", "reload"),
			said:   a + ".timer does not start at once",
		}, {
			name: "an earlier time, never triggered",
			before: func(t *testing.T, m *machine) profiles {
				p := m.at(t, "a", 3, 5)
				p.CatchUp = false
				return profiles{p}
			},
			change: func(t *testing.T, m *machine) { m.started[a+".timer"] = m.hours(-2) },
			then: func(t *testing.T, m *machine) profiles {
				p := m.at(t, "a", -1, 5)
				p.CatchUp = false
				return profiles{p}
			},
			want: []string{"reload", "restart " + a + ".timer", "* update " + a + ".timer", "reload", "reload"},
			said: a + ".timer does not start at once",
		}, {
			name: "at boot, after the boot",
			then: func(t *testing.T, m *machine) profiles { return profiles{atBootOnly("a")} },
			want: append(created, "* start "+a+".timer", "reload"),
			said: a + ".timer does not start at once",
		}, {
			name:   "elapsed for good",
			before: func(t *testing.T, m *machine) profiles { return profiles{once(t, "a")} },
			change: func(t *testing.T, m *machine) { m.active[a+".timer"] = "elapsed" },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			want:   []string{"* update " + a + ".timer", "reload", "restart " + a + ".timer", "* start " + a + ".timer"},
		}, {
			name:   "the clock was set back while it ran",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			change: func(t *testing.T, m *machine) { m.last[a+".timer"] = m.hours(5) },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			want:   []string{"restart " + a + ".timer", "* start " + a + ".timer"},
			said:   a + ".timer is restarted: it was last triggered at",
		}, {
			name:   "the clock was set back a little",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			change: func(t *testing.T, m *machine) { m.last[a+".timer"] = m.clock.Now.Add(time.Minute) },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
		}, {
			name: "elapsed for good since a reload by hand, and it runs at boot too",
			before: func(t *testing.T, m *machine) profiles {
				p := m.at(t, "a", 3)
				p.Schedule.Boot = true
				return profiles{p}
			},
			change: func(t *testing.T, m *machine) { m.active[a+".timer"] = "elapsed" },
			then: func(t *testing.T, m *machine) profiles {
				p := m.at(t, "a", 3)
				p.Schedule.Boot = true
				return profiles{p}
			},
			want: []string{"reload", "restart " + a + ".timer", "* start " + a + ".timer", "reload"},
			said: a + ".timer does not start at once",
		}, {
			name: "half of a drop-in left",
			change: func(t *testing.T, m *machine) {
				if err := os.Mkdir(filepath.Join(m.stamps.DropIns, a+".timer.d"), 0o755); err != nil {
					t.Fatal(err)
				}
			},
			then: func(t *testing.T, m *machine) profiles { return nil },
			want: []string{"reload", "reload"},
		}, {
			name:   "removed",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			then:   func(t *testing.T, m *machine) profiles { return nil },
			want: []string{"* update montimer.target", "reload", "stop " + a + ".timer",
				"* remove " + a + ".service", "* remove " + a + ".timer", "reload"},
		}, {
			name:   "removed while it runs",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			change: func(t *testing.T, m *machine) { m.active[a+".service"] = "start" },
			then:   func(t *testing.T, m *machine) profiles { return nil },
			want:   []string{"* update montimer.target", "reload", "stop " + a + ".timer", "* remove " + a + ".timer", "reload"},
			said:   a + ".service is kept until its run ends",
		}, {
			name:   "lost",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			change: func(t *testing.T, m *machine) { delete(m.active, a+".timer") },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			want:   []string{"start " + a + ".timer", "* start " + a + ".timer"},
		}, {
			name:   "masked",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			change: func(t *testing.T, m *machine) { m.masked[a+".timer"] = true; delete(m.active, a+".timer") },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", -1, 1)} },
			want:   []string{"* update " + a + ".timer", "reload"},
			said:   a + ".timer is masked",
		}, {
			name:   "masked service",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			change: func(t *testing.T, m *machine) { m.masked[a+".service"] = true; delete(m.active, a+".timer") },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			want:   []string{"start " + a + ".timer"},
			said:   a + ".service is masked",
		}, {
			name:   "stopped target",
			before: func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", 3)} },
			change: func(t *testing.T, m *machine) { clear(m.active) },
			then:   func(t *testing.T, m *machine) profiles { return profiles{m.at(t, "a", -1, 1)} },
			want:   []string{"* update " + a + ".timer", "reload"},
			said:   "montimer.target is stopped",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			others := profiles{m.at(t, "b", 2)}
			if tc.before != nil {
				m.settled(t, append(others, tc.before(t, m)...)...)
			} else {
				m.settled(t, others...)
			}
			if tc.change != nil {
				tc.change(t, m)
			}
			got, err := m.apply(t, append(others, tc.then(t, m)...)...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if said := strings.Join(m.said, "\n"); !strings.Contains(said, tc.said) || tc.said == "" && said != "" {
				t.Errorf("said %q, want %q", said, tc.said)
			}
			if left, _ := os.ReadDir(m.stamps.DropIns); len(left) > 0 {
				t.Errorf("drop-ins left: %v", left)
			}
			if stamps, _ := m.stamps.list(); len(tc.then(t, m)) == 0 && slices.Contains(stamps, a+".timer") {
				t.Error("the stamp is left")
			}
		})
	}
}

// TestApplyRemovedRun: the file of a service stays as long as its run needs it,
// and goes with what a failed run has left.
func TestApplyRemovedRun(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.settled(t, m.at(t, "a", 3), m.at(t, "b", 2))
	m.active[a+".service"] = "start"
	m.settled(t, m.at(t, "b", 2))
	for range 2 {
		log, err := m.apply(t, m.at(t, "b", 2))
		if err != nil || len(log) > 0 || len(m.said) != 1 || m.load(a+".service") != "loaded" {
			t.Errorf("did %v, said %v, %v", log, m.said, err)
		}
	}
	m.active[a+".service"] = "failed"
	log, err := m.apply(t, m.at(t, "b", 2))
	if diff := cmp.Diff([]string{"* remove " + a + ".service", "reload"}, log); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if state, failed := m.active[a+".service"]; failed {
		t.Errorf("left %s", state)
	}
}

func TestApplyNewHost(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	got, err := m.apply(t, m.at(t, "a", 3))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"* create montimer-alarm@.service", "* create " + ourApplyService, "* create " + ourApplySocket, "* create " + ourApplyTimer,
		"* create montimer-failure@.service", "* create " + a + ".service", "* create " + a + ".timer",
		"* create montimer-outbox.service", "* create " + ourOutboxTimer, "* create montimer-tmp.service", "* create montimer.target", "reload",
		"start montimer.target", "! montimer-outbox.service", "enable montimer.target", "* enable montimer.target", "reload",
		"* start " + ourApplyTimer, "* start " + a + ".timer", "* start " + ourOutboxTimer, "* start " + ourApplySocket,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestApplySocket: the socket listens as its file says, as far as systemd lets it
// be restarted.
func TestApplySocket(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*machine)
		want   []string
		said   string
	}{
		"same file": {func(*machine) {}, nil, ""},
		"another group": {
			func(m *machine) { m.edit(t, ourApplySocket, "SocketGroup=root", "SocketGroup=other") },
			[]string{"* update " + ourApplySocket, "reload", "restart " + ourApplySocket, "* restart " + ourApplySocket}, "",
		},
		"another group, in an apply that was requested": {
			func(m *machine) {
				m.edit(t, ourApplySocket, "SocketGroup=root", "SocketGroup=other")
				m.active[ourApplyService] = "start"
			},
			[]string{"* update " + ourApplySocket, "reload"}, "systemctl restart " + ourApplySocket,
		},
		"another description": {
			func(m *machine) { m.edit(t, ourApplySocket, "Description=", "Description=Old: ") },
			[]string{"* update " + ourApplySocket, "reload"}, "",
		},
		"lost": {
			func(m *machine) { delete(m.active, ourApplySocket) },
			[]string{"restart " + ourApplySocket, "* start " + ourApplySocket}, "",
		},
		"masked": {
			func(m *machine) { m.masked[ourApplySocket] = true; delete(m.active, ourApplySocket) },
			nil, ourApplySocket + " is masked",
		},
		"stopped target": {
			func(m *machine) { clear(m.active) },
			nil, "montimer.target is stopped",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.settled(t, m.at(t, "a", 3))
			tc.change(m)
			m.back(t)
			got, err := m.apply(t, m.at(t, "a", 3))
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
			if said := strings.Join(m.said, "\n"); !strings.Contains(said, tc.said) || tc.said == "" && said != "" {
				t.Errorf("said %q, want %q", said, tc.said)
			}
		})
	}
}

// TestApplyServe: the server listens as its file says, takes up its settings with the
// next request, and ends where the host serves no more.
func TestApplyServe(t *testing.T) {
	t.Parallel()
	const socket, service = "montimer-api.socket", "montimer-api.service"
	serve := montimer.Serve{Enabled: true}
	for name, tc := range map[string]struct {
		before, after montimer.Serve
		running       bool
		want          []string
	}{
		"same": {serve, serve, true, nil},
		"begins": {montimer.Serve{}, serve, false, []string{
			"* create " + service, "* create " + socket, "* update montimer.target", "reload", "* start " + socket}},
		"another address": {serve, montimer.Serve{Enabled: true, Listen: "127.0.0.1:80"}, false, []string{
			"* update " + socket, "reload", "restart " + socket, "* restart " + socket}},
		"another address, while it answers": {serve, montimer.Serve{Enabled: true, Listen: "127.0.0.1:80"}, true, []string{
			"* update " + socket, "reload", "stop " + service, "* stop " + service, "restart " + socket, "* restart " + socket}},
		"another name": {serve, montimer.Serve{Enabled: true, Hosts: []string{"a"}}, false, []string{"* update " + service, "reload"}},
		"another name, while it answers": {serve, montimer.Serve{Enabled: true, Hosts: []string{"a"}}, true, []string{
			"* update " + service, "reload", "stop " + service, "* stop " + service}},
		"ends": {serve, montimer.Serve{}, true, []string{
			"* update montimer.target", "reload", "stop " + socket, "stop " + service, "* remove " + service, "* remove " + socket, "reload"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.serve = tc.before
			m.settled(t, m.at(t, "a", 3))
			if tc.running {
				m.active[service] = "running"
			}
			m.serve = tc.after
			got, err := m.apply(t, m.at(t, "a", 3))
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
			if len(m.said) > 0 {
				t.Error(m.said)
			}
			if listens := m.active[socket] == "listening"; listens != tc.after.Enabled {
				t.Errorf("%s: %q", socket, m.active[socket])
			}
		})
	}
}

// edit changes a file that systemd has read, as an older version may have had it.
func (m *machine) edit(t *testing.T, name, old, new string) {
	t.Helper()
	content := strings.Replace(m.files[name], old, new, 1)
	if content == m.files[name] {
		t.Fatalf("%s has no %s", name, old)
	}
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	m.files[name] = content
}

// TestApplyRefused: systemd refuses one unit, and all is as before.
func TestApplyRefused(t *testing.T) {
	t.Parallel()
	for _, refused := range []string{a + ".service", a + ".timer", b + ".timer"} {
		t.Run(refused, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.settled(t, m.at(t, "b", 3))
			before := contents(t, m.dir)

			m.broken[refused] = m.files[refused]
			_, err := m.apply(t, atBootOnly("a"), m.at(t, "b", 4))
			if err == nil || !strings.Contains(err.Error(), "systemd refuses "+refused+": Bad, bad unit.") {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(before, contents(t, m.dir)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(m.files, contents(t, m.dir)); diff != "" {
				t.Errorf("systemd has not read them again: %s", diff)
			}
			want := holding(b + ".timer")
			if diff := cmp.Diff(want, m.active); diff != "" {
				t.Error(diff)
			}
			if left, _ := m.stamps.held(); len(left) > 0 {
				t.Errorf("drop-ins left: %v", left)
			}
		})
	}
}

// TestApplySpoiled: a drop-in spoils a unit that apply does not write. It says
// so, makes the other changes, and fixes what can be fixed.
func TestApplySpoiled(t *testing.T) {
	t.Parallel()
	for spoiled, fixed := range map[string][]string{
		a + ".service": {"reload"},
		a + ".timer":   {"reload", "restart " + a + ".timer", "* start " + a + ".timer"},
	} {
		t.Run(spoiled, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.settled(t, m.at(t, "a", 3), m.at(t, "b", 3))
			m.broken[spoiled], m.dropIns[spoiled] = "", true
			want := "systemd refuses " + spoiled + ": Bad, bad unit. Its drop-ins: /etc/" + spoiled + ".d/x.conf."
			for _, done := range [][]string{{"* update " + b + ".timer", "reload"}, nil} {
				log, err := m.apply(t, m.at(t, "a", 3), m.at(t, "b", 4))
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "as before") {
					t.Errorf("error %v", err)
				}
				if diff := cmp.Diff(done, log); diff != "" {
					t.Error(diff)
				}
				m.back(t)
			}
			delete(m.broken, spoiled)
			m.dropIns[spoiled] = true
			log, err := m.apply(t, m.at(t, "a", 3), m.at(t, "b", 4))
			if diff := cmp.Diff(fixed, log); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

// TestApplySpoiledHush: a timer cannot be restarted while systemd refuses its
// service. That keeps nothing else from being done.
func TestApplySpoiledHush(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.settled(t, m.at(t, "a", 3), m.at(t, "b", 3))
	m.last[a+".timer"] = m.hours(-2)
	m.broken[a+".service"], m.dropIns[a+".service"] = "", true
	_, err := m.apply(t, m.at(t, "a", -1, 1), m.at(t, "b", 4))
	if err == nil || !strings.HasPrefix(err.Error(), "systemd refuses "+a+".service: ") {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(contents(t, m.dir), m.files); diff != "" {
		t.Error(diff)
	}
	if !slices.ContainsFunc(render(t, testhost.Host(), m.at(t, "b", 4)), func(u compiler.Unit) bool { return u.Content == m.files[b+".timer"] }) {
		t.Errorf("b is not updated: %s", m.files[b+".timer"])
	}

	delete(m.broken, a+".service")
	m.dropIns[a+".service"] = true
	log, err := m.apply(t, m.at(t, "a", -1, 1), m.at(t, "b", 4))
	if log := strings.Join(log, ", "); err != nil || m.active[a+".timer"] != "waiting" || strings.Contains(log, "!") {
		t.Errorf("did %s, %v; the timer is %s", log, err, m.active[a+".timer"])
	}
}

// contents lists the contents of a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(content)
	}
	return files
}

// TestApplyKilled: whichever call to systemd is the last one that Apply makes,
// the next Apply completes it, and no start is forgotten that had to be held
// back.
func TestApplyKilled(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		m := newMachine(t)
		wanted := []montimer.Profile{m.at(t, "a", -1, 1), atBootOnly("b")}
		m.settled(t, m.at(t, "a", 3), m.at(t, "gone", 3))
		m.last[a+".timer"] = m.hours(-2)
		m.stamp(t, a+".timer", m.hours(-2))

		m.fail = n
		if !m.applyKilled(t, wanted...) {
			if n < 7 {
				t.Fatalf("only %d calls", n)
			}
			return
		}
		m.fail = 0
		first := m.log
		if _, err := m.apply(t, wanted...); err != nil {
			t.Fatalf("killed at call %d: %v", n, err)
		}
		if log := strings.Join(append(first, m.log...), ", "); strings.Contains(log, "!") {
			t.Errorf("killed at call %d: a job was started: %s", n, log)
		}
		want := map[string]string{}
		for _, u := range render(t, testhost.Host(), wanted...) {
			want[u.Name] = u.Content
		}
		if diff := cmp.Diff(want, contents(t, m.dir)); diff != "" {
			t.Errorf("killed at call %d: %s", n, diff)
		}
		if diff := cmp.Diff(want, m.files); diff != "" {
			t.Errorf("killed at call %d: not read by systemd: %s", n, diff)
		}
		if diff := cmp.Diff(holding(a+".timer", b+".timer"), m.active); diff != "" {
			t.Errorf("killed at call %d: %s", n, diff)
		}
		if left, _ := m.stamps.held(); len(left) > 0 {
			t.Errorf("killed at call %d: drop-ins left: %v", n, left)
		}
		if stamps, _ := m.stamps.list(); slices.Contains(stamps, "montimer-job-gone.timer") || slices.Contains(stamps, b+".timer") {
			t.Errorf("killed at call %d: stamps left: %v", n, stamps)
		}
	}
}

// applyKilled reports whether Apply was killed.
func (m *machine) applyKilled(t *testing.T, profiles ...montimer.Profile) (killed bool) {
	defer func() {
		if r := recover(); r == errKilled {
			killed = true
		} else if r != nil {
			panic(r)
		}
	}()
	_, err := m.apply(t, profiles...)
	if err != nil {
		t.Fatal(err)
	}
	return false
}

// TestApplyNoCatchUp: a host that takes over starts nothing, and stamps say so
// even for timers that are not started yet.
func TestApplyNoCatchUp(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.settled(t, m.at(t, "a", -1))
	m.enabled = false
	clear(m.active)
	m.stamp(t, a+".timer", m.hours(-100))
	m.flags.NoCatchUp = true
	if _, err := m.apply(t, m.at(t, "a", -1)); err != nil {
		t.Fatal(err)
	}
	if at, err := timer.ReadStamp(m.stamps.Dir, a+".timer"); err != nil || time.Since(at) > time.Minute {
		t.Errorf("stamp of %v, %v", at, err)
	}
	if !m.enabled || m.active[a+".timer"] != "waiting" {
		t.Errorf("enabled %v, active %v", m.enabled, m.active)
	}
}

// TestApplyAutomatic: without somebody who asked, a target that is off is
// only named.
func TestApplyAutomatic(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.flags.Automatic = true
	m.settled(t, m.at(t, "a", -1))
	if !m.enabled {
		t.Error("not enabled on a new host")
	}
	m.enabled = false
	clear(m.active)
	log, err := m.apply(t, m.at(t, "a", -1))
	if err != nil || len(log) > 0 || len(m.said) != 1 || !strings.Contains(m.said[0], "is stopped") {
		t.Errorf("did %v, said %v, %v", log, m.said, err)
	}
}

func TestApplyCancelled(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	dir, err := unitdir.Open(m.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := Applier{Dir: dir, State: m, Control: m, Boot: m, Stamps: m.stamps, Clock: m.clock, Say: func(string) {}}
	if err := a.Apply(ctx, render(t, testhost.Host(), atBootOnly("a"))); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if files := slices.Collect(maps.Keys(contents(t, m.dir))); len(files) > 0 || len(m.log) > 0 {
		t.Errorf("wrote %v, did %v", files, m.log)
	}
}
