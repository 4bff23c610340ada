package compiler

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/unit"
	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
	"github.com/montimer/montimer/internal/testhost"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitfile"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Units of the default instance.
const (
	targetName     = "montimer.target"
	ourApplySocket = "montimer-apply.socket"
	ourApplyTimer  = "montimer-apply.timer"
	ourOutboxTimer = "montimer-outbox.timer"
)

func withReport(profiles []montimer.Profile) montimer.Jobs {
	return montimer.Jobs{Profiles: profiles, Notify: montimer.NotifyPolicy{Report: montimer.ReportWeekly}}
}

func render(t testing.TB, h montimer.Host, profiles ...montimer.Profile) []Unit {
	t.Helper()
	return renderJobs(t, h, montimer.Jobs{Profiles: profiles})
}

func renderJobs(t testing.TB, h montimer.Host, j montimer.Jobs) []Unit {
	t.Helper()
	units, err := Render(h, j)
	if err != nil {
		t.Fatal(err)
	}
	return units
}

func contentOf(units []Unit, name string) string {
	for _, u := range units {
		if u.Name == name {
			return u.Content
		}
	}
	return ""
}

// TestGolden compares with testdata/units; -update rewrites it.
func TestGolden(t *testing.T) {
	t.Parallel()
	const dir = "testdata/units"
	h := testhost.Host()
	h.Sync = montimer.Sync{Remote: "origin", Branch: "release", Every: 10 * time.Minute, Timeout: 90 * time.Second}
	h.Serve = montimer.Serve{Enabled: true, Hosts: []string{"status.example.org", "b"}, BasePath: "/jobs", CommitURL: "https://git.example.org/{commit}", TokenFile: "/etc/montimer/tokens"}
	h.Backup = montimer.Backup{Dir: "/mnt/backup/montimer", Every: time.Hour, Keep: 48}
	units := renderJobs(t, h, withReport(testhost.Profiles(t)))
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		writeUnits(t, dir, units)
	}
	var golden []Unit
	for _, u := range units {
		content, err := os.ReadFile(filepath.Join(dir, u.Name))
		if err != nil {
			t.Error(err)
		}
		golden = append(golden, Unit{u.Name, string(content), u.Timer})
	}
	if diff := cmp.Diff(golden, units); diff != "" {
		t.Errorf("make golden rewrites them:\n%s", diff)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != len(units) {
		t.Errorf("%s holds %d files for %d units (%v)", dir, len(entries), len(units), err)
	}
}

func writeUnits(t testing.TB, dir string, units []Unit) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, u := range units {
		if err := os.WriteFile(filepath.Join(dir, u.Name), []byte(u.Content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestVerify has systemd judge the units: nothing to say about any line.
func TestVerify(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	dir := t.TempDir()
	h := testhost.Host()
	h.StateDir = "/srv/state with % and \"quotes\""
	h.Sync.Every = time.Minute
	h.Serve = montimer.Serve{Enabled: true, Listen: "[::1]:80", SocketGroup: "www-data", TokenFile: "/srv/tokens with % and \"quotes\""}
	h.Backup = montimer.Backup{Dir: "/mnt/backup with %", Every: 90 * time.Minute, Keep: 1}
	writeUnits(t, dir, renderJobs(t, h, withReport(testhost.Profiles(t))))
	verify(t, dir)
}

// verify requires silence: systemd-analyze exits 0 for a key it does not know.
func verify(t testing.TB, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "montimer*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no units in %s (%v)", dir, err)
	}
	args := append([]string{"verify", "--man=no", "--recursive-errors=no"}, files...)
	out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// TestSandboxes has systemd judge the units of each sandbox, and its score be
// the one that the unit names.
func TestSandboxes(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	for sandbox, most := range map[montimer.Sandbox]int{
		montimer.SandboxStrict: 15, montimer.SandboxDefault: 20, montimer.SandboxHost: 90,
	} {
		t.Run(string(sandbox), func(t *testing.T) {
			t.Parallel()
			h := testhost.Host()
			h.User, h.Group = "daemon", "daemon"
			h.Sandboxes = map[string]montimer.Sandbox{"hourly": sandbox}
			h.Limits = map[string][]montimer.Limit{montimer.AllOthers: {
				{Directive: "MemoryHigh", Value: "90%"}, {Directive: "MemoryMax", Value: "512M"}, {Directive: "MemorySwapMax", Value: "0"},
				{Directive: "CPUQuota", Value: "150%"}, {Directive: "CPUWeight", Value: "10"}, {Directive: "IOWeight", Value: "10000"},
				{Directive: "TasksMax", Value: "infinity"}, {Directive: "LimitNOFILE", Value: "1024"}, {Directive: "Nice", Value: "-20"},
			}}
			dir := t.TempDir()
			units := render(t, h, testhost.Profiles(t)...)
			writeUnits(t, dir, units)
			verify(t, dir)

			service := contentOf(units, montimer.Instance("").Service("hourly"))
			_, rest, _ := strings.Cut(service, "# Sandbox "+string(sandbox)+": exposure ")
			figure, _, _ := strings.Cut(rest, "\n")
			score, err := strconv.Atoi(strings.ReplaceAll(figure, ".", ""))
			if err != nil || score > most {
				t.Fatalf("the unit names the score %q, which may be %d tenths (%v)", figure, most, err)
			}
			file := filepath.Join(dir, montimer.Instance("").Service("hourly"))
			if out, ok := exposed(file, score); ok {
				t.Errorf("the exposure is above %s: %s", figure, out)
			}
			if out, ok := exposed(file, score-1); !ok && systemdVersion(t) == 252 {
				t.Errorf("the exposure is below %s: %s", figure, out)
			}
		})
	}
}

// TestExposure: what is not a job is confined closer than any job.
func TestExposure(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	dir := t.TempDir()
	h := testhost.Host()
	h.User, h.Group = "daemon", "daemon"
	h.Serve.Enabled = true
	var services []Unit
	for _, u := range renderJobs(t, h, withReport(nil)) {
		if filepath.Ext(u.Name) == ".service" {
			services = append(services, u)
		}
	}
	if len(services) != 7 {
		t.Fatal(len(services), "services of the host")
	}
	writeUnits(t, dir, services)
	verify(t, dir)
	for _, u := range services {
		most := 16
		if u.Name == "montimer-api.service" { // others than this machine may speak to it
			most = 11
		}
		verdict, above := exposed(filepath.Join(dir, u.Name), most)
		t.Log(verdict)
		if above {
			t.Errorf("%s: above %d tenths", verdict, most)
		}
	}
}

// exposed reports whether a service's score is above so many tenths, and what
// systemd-analyze said last.
func exposed(file string, tenths int) (verdict string, above bool) {
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager",
		"--threshold="+strconv.Itoa(tenths), file).CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], err != nil
}

func systemdVersion(t *testing.T) int {
	t.Helper()
	out, err := exec.Command("systemd-analyze", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	version, err := strconv.Atoi(strings.Fields(string(out))[1])
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// TestRenderedAsRead has another parser read the units back.
func TestRenderedAsRead(t *testing.T) {
	t.Parallel()
	h := testhost.Host()
	h.Checkout = `/srv/100% "mine"`
	units := render(t, h, montimer.Profile{Name: "p", Enabled: true,
		Description: "two\nlines [Install] %n \\", Schedule: montimer.Schedule{Events: testhost.Events(t, "daily")}})
	got := map[string][]string{}
	for _, u := range units {
		if strings.HasSuffix(u.Name, ".service") && u.Name != montimer.Instance("").Service("p") {
			continue
		}
		options, err := unit.DeserializeOptions(strings.NewReader(u.Content))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range options {
			key := filepath.Ext(u.Name) + " " + o.Section + " " + o.Name
			got[key] = append(got[key], o.Value)
		}
	}
	want := map[string][]string{
		".service Unit Description":         {"p: two lines [Install] %%n"},
		".service Service WorkingDirectory": {`/srv/100%% "mine"`},
		".service Service ReadWritePaths":   {`"/srv/100%% \"mine\""`},
		".service Service ExecStart":        {"/bin/true exec p"},
		".timer Timer OnCalendar":           {"*-*-* 00:00:00"},
		".target Unit Upholds":              {ourApplySocket, ourApplyTimer, "montimer-job-p.timer", ourOutboxTimer},
		".target Install WantedBy":          {"multi-user.target"},
	}
	for key := range want {
		if diff := cmp.Diff(want[key], got[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}

func TestHostThatNoUnitExpresses(t *testing.T) {
	t.Parallel()
	h := testhost.Host()
	h.Checkout, h.EnvFile, h.Binary, h.StateDir = "/srv/a\nUser=root", "/etc/e ", "/opt/$HOME/m", "/s\x1b[31m"
	_, err := Render(h, montimer.Jobs{})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, what := range []string{"checkout", "env file", "binary", "state directory"} {
		if !strings.Contains(err.Error(), what) {
			t.Errorf("the error does not name the %s:\n%v", what, err)
		}
	}
}

// TestPromise shows that the last guard catches what escaping would let pass.
func TestPromise(t *testing.T) {
	t.Parallel()
	f, err := newRenderer()
	if err != nil {
		t.Fatal(err)
	}
	host, err := newHostView(testhost.Host())
	if err != nil {
		t.Fatal(err)
	}
	for _, hostile := range []text{"x\nUser=root", "x\n[Install]", "x\\", "x\n  x", "\nDescription=y"} {
		v, err := profileView(host, montimer.Profile{Name: "p"}, timer.Timer{})
		if err != nil {
			t.Fatal(err)
		}
		v.Description = hostile
		if got, err := f.render("service", v, v.split()); err == nil {
			t.Errorf("%q made\n%s", hostile, got)
		}
	}
}

// TestShapes: whatever a pair has or lacks, the template that is kept for its shape
// gives what units.tmpl itself does.
func TestShapes(t *testing.T) {
	t.Parallel()
	f, err := newRenderer()
	if err != nil {
		t.Fatal(err)
	}
	h := testhost.Host()
	h.Limits = map[string][]montimer.Limit{"limited": {{Directive: "MemoryMax", Value: "1G"}}, "tight": {{Directive: "MemoryMax", Value: "1M"}, {Directive: "Nice", Value: "5"}}}
	h.Writable = map[string][]string{"limited": {"/srv/w"}, "tight": {"/srv/w", "/srv/v"}}
	h.Sandboxes = map[string]montimer.Sandbox{"limited": montimer.SandboxHost, "tight": montimer.SandboxStrict}
	host, err := newHostView(h)
	if err != nil {
		t.Fatal(err)
	}
	times := testhost.Events(t, "daily", "Mon 04:30", "2030-01-01")
	for n := range 500 {
		bit := func(i int) int { return n >> i & 1 }
		p := montimer.Profile{Name: []string{"p", "limited", "tight", "q"}[n&3], Description: strings.Repeat("d", bit(2)), CatchUp: bit(3) > 0, Jitter: time.Duration(bit(4)+n) * time.Second * time.Duration(bit(4)),
			Schedule: montimer.Schedule{Events: times[n%4%3 : 2+bit(5)], Boot: bit(6) > 0, Every: []time.Duration{time.Hour, time.Duration(n+1) * time.Second}[:bit(7)+bit(8)], Words: strings.Repeat("w", bit(5))}}
		v, err := profileView(host, p, profileTimer(p))
		if err != nil {
			t.Fatal(err)
		}
		if n%7 == 0 {
			v, err = syncView(host, profileTimer(p))
		}
		for _, unit := range []string{"timer", "service"} {
			got, renderErr := f.render(unit, v, v.split())
			want, executeErr := f.execute(unit, v)
			signed := []byte(want)
			unitfile.Sign(signed)
			if diff := cmp.Diff(string(signed), got); diff != "" || errors.Join(err, renderErr, executeErr) != nil {
				t.Fatalf("%d: %s of %v: %v, %v, %v\n%s", n, unit, p, err, renderErr, executeErr, diff)
			}
		}
	}
	t.Logf("%d shapes", len(f.cached))
	if len(f.cached) < 100 {
		t.Error("this proves little")
	}
}

func BenchmarkRender(b *testing.B) {
	const n = 1000
	profiles := make([]montimer.Profile, n)
	for i := range profiles {
		profiles[i] = testhost.Profiles(b)[i%3]
	}
	b.ReportAllocs()
	for b.Loop() {
		render(b, testhost.Host(), profiles...)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/profile")
}

// TestInstance: every unit of an instance, and every name in one, is its own.
func TestInstance(t *testing.T) {
	t.Parallel()
	h := testhost.Host()
	h.Instance, h.JobsFile = "other", "/srv/app/jobs.yaml"
	h.StateDir, h.EnvFile = h.Instance.StateDir(), h.Instance.EnvFile()
	h.Sync.Every = time.Minute
	units := render(t, h, testhost.Profiles(t)...)
	ours := regexp.MustCompile(`montimer(-other)?\b[-.@/ ]?[a-z]*`)
	for _, u := range units {
		if !strings.HasPrefix(u.Name, "montimer-other-") && u.Name != "montimer-other.target" {
			t.Errorf("a unit of another instance: %s", u.Name)
		}
		for line := range strings.Lines(u.Content) {
			if line[0] == '#' || strings.HasPrefix(line, "Documentation=") {
				continue
			}
			for _, name := range ours.FindAllString(strings.ReplaceAll(line, h.EnvFile, ""), -1) {
				if !strings.HasPrefix(name, "montimer-other") {
					t.Errorf("%s: %s", u.Name, line)
				}
			}
		}
		said := strings.Contains(u.Content, "\nLogExtraFields=MONTIMER_INSTANCE=other\n") && strings.Contains(u.Content, "\nEnvironment=MONTIMER_INSTANCE=other\n")
		if strings.HasSuffix(u.Name, ".service") && u.Name != "montimer-other-tmp.service" && !said {
			t.Errorf("%s does not say which instance it is of:\n%s", u.Name, u.Content)
		}
	}
	if len(units) != len(render(t, testhost.Host(), testhost.Profiles(t)...))+2 {
		t.Errorf("%d units", len(units))
	}
	h.Instance = "a-b"
	if _, err := Render(h, montimer.Jobs{}); err == nil || !strings.Contains(err.Error(), "instance") {
		t.Error(err)
	}
}

// TestTimers: a wanted timer is what its file says, and what Timers returns.
func TestTimers(t *testing.T) {
	t.Parallel()
	h := testhost.Host()
	h.Sync.Every = time.Minute
	last := "2199-12-31 23:59:59 UTC"
	profiles := append(testhost.Profiles(t),
		montimer.Profile{Name: "last", Enabled: true, CatchUp: true, Schedule: montimer.Schedule{Events: testhost.Events(t, last)}},
		montimer.Profile{Name: "once", Enabled: true, Schedule: montimer.Schedule{Events: testhost.Events(t, "2030-01-01", last, "2031-01-01"), Boot: true, Words: "a\nb"}})
	read := map[string]timer.Timer{}
	for _, u := range renderJobs(t, h, withReport(profiles)) {
		if (u.Timer != nil) != h.Instance.IsJobTimer(u.Name) {
			t.Errorf("%s has the timer %v", u.Name, u.Timer)
		}
		if u.Timer == nil {
			continue
		}
		is, err := timer.Read(u.Content)
		if diff := cmp.Diff(*u.Timer, is); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", u.Name, err, diff)
		}
		read[u.Name] = is
	}
	if diff := cmp.Diff(read, Timers(h, withReport(profiles))); diff != "" || len(read) != 7 {
		t.Errorf("%d timers\n%s", len(read), diff)
	}
}

// TestProperties: systemd-run is given the confinement of the service, its values as
// they are meant, and no command.
func TestProperties(t *testing.T) {
	t.Parallel()
	h := testhost.Host()
	h.Checkout = "/srv/100% mine"
	got, err := Properties(h, montimer.Profile{Name: "p"})
	for _, want := range []string{"WorkingDirectory=/srv/100% mine", "JoinsNamespaceOf=montimer-tmp.service", "ProtectSystem=strict", "User=root"} {
		if err != nil || !slices.Contains(got, want) {
			t.Errorf("%s is not among %q, %v", want, got, err)
		}
	}
	for _, property := range got {
		if key, _, _ := strings.Cut(property, "="); strings.HasPrefix(key, "Exec") || key == "Type" || key == "OnFailure" || key == "Description" {
			t.Errorf("%s", property)
		}
	}
}

// TestEveryUnitIsNamed: TestInstancesShareNothing of package montimer knows all units.
func TestEveryUnitIsNamed(t *testing.T) {
	t.Parallel()
	want := strings.Fields("alarm@.service api.service api.socket apply.service apply.socket apply.timer backup.service backup.timer failure@.service outbox.service outbox.timer tmp.service")
	for n := range want {
		want[n] = "montimer-other-" + want[n]
	}
	if diff := cmp.Diff(want, HostUnits("other")); diff != "" {
		t.Errorf("name them there, too: %s", diff)
	}
}

// TestWords: a timer says in words when it elapses, with the zone where they do
// not name it.
func TestWords(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		schedule montimer.Schedule
		want     string
	}{
		{montimer.Schedule{Words: "at 04:30 every Friday", Timezone: "Europe/Berlin", Events: testhost.Events(t, "Fri 04:30 Europe/Berlin")}, "at 04:30 every Friday, Europe/Berlin time"},
		{montimer.Schedule{Words: "at 04:30 every Friday", Events: testhost.Events(t, "Fri 04:30")}, "at 04:30 every Friday"},
		{montimer.Schedule{Words: "at 04:30 every day, Asia/Tokyo time", Timezone: "Asia/Tokyo", Events: testhost.Events(t, "04:30 Asia/Tokyo")}, "at 04:30 every day, Asia/Tokyo time"},
		{montimer.Schedule{Words: "at 04:30 every day", Timezone: "UTC", Events: testhost.Events(t, "04:30 UTC")}, "at 04:30 every day, UTC"},
		{montimer.Schedule{Words: "at 04:30 every day, Asia/Tokyo time", Timezone: "Europe/Berlin", Events: testhost.Events(t, "04:30 Asia/Tokyo")}, "at 04:30 every day, Asia/Tokyo time"},
		{montimer.Schedule{Words: "every 7 hours", Timezone: "Europe/Berlin", Every: []time.Duration{7 * time.Hour}}, "every 7 hours"},
		{montimer.Schedule{Words: "50 % of\n[Service]\nUser=root\\", Boot: true}, "50 % of [Service] User=root"},
	} {
		units := render(t, testhost.Host(), montimer.Profile{Name: "p", Enabled: true, Schedule: tc.schedule})
		content := contentOf(units, montimer.Instance("").Timer("p"))
		if !strings.Contains(content, "\n[Timer]\n# Schedule: "+tc.want+"\nO") {
			t.Errorf("%q is not in\n%s", tc.want, content)
		}
	}
}

// TestTimezoneOfHost hands the zone over to the services, which read jobs.yaml
// again: a schedule without a zone of its own means the same there.
func TestTimezoneOfHost(t *testing.T) {
	t.Parallel()
	h := testhost.Host()
	p := testhost.Profiles(t)[0]
	if c := contentOf(render(t, h, p), montimer.Instance("").Service(p.Name)); strings.Contains(c, "MONTIMER_TIMEZONE") {
		t.Error(c)
	}
	h.Timezone = "Asia/Tokyo"
	if c := contentOf(render(t, h, p), montimer.Instance("").Service(p.Name)); !strings.Contains(c, "\nEnvironment=MONTIMER_TIMEZONE=Asia/Tokyo\n") {
		t.Error(c)
	}
}

// TestPublicURL: what sends digests is told the address for their links.
func TestPublicURL(t *testing.T) {
	t.Parallel()
	h := testhost.Host()
	h.Serve.PublicURL = "https://status.example.org/jobs"
	for _, u := range render(t, h, testhost.Profiles(t)[0]) {
		told := strings.Contains(u.Content, "\nEnvironment=MONTIMER_SERVE_PUBLIC_URL=https://status.example.org/jobs\n")
		if want := strings.Contains(u.Name, "-job-hourly.service") || strings.Contains(u.Name, "failure") || strings.Contains(u.Name, "alarm"); want && !told {
			t.Errorf("%s:\n%s", u.Name, u.Content)
		}
	}
}
