package imports

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/testenv"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

var now = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

// in returns the options of a host in a zone.
func in(t testing.TB, zone string) Options {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Source: "crontab", Dialect: cron.Crontab, Zone: zone, Location: location, Now: now.In(location), EnvFile: "/etc/montimer/env"}
}

func imported(t testing.TB, text string, o Options) Import {
	t.Helper()
	found, err := Crontab(text, o)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// decoded reads a jobs.yaml as compile --check does.
func decoded(t testing.TB, found Import, o Options) montimer.Jobs {
	t.Helper()
	if found.Jobs == nil {
		return montimer.Jobs{}
	}
	j, diagnostics := jobs.Decode("jobs.yaml", found.Jobs, jobs.Options{Local: o.Location, Now: o.Now, Prove: true})
	if jobs.HasErrors(diagnostics) || len(j.Profiles) != found.Profiles {
		t.Errorf("%d profiles of %d: %v\n%s", len(j.Profiles), found.Profiles, diagnostics, found.Jobs)
	}
	return j
}

// TestCrontabs compares what the crontabs of testdata become with the files beside
// them, and has the jobs.yaml compiled.
func TestCrontabs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.crontab")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d crontabs, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		o := in(t, "Europe/Berlin")
		o.Source = filepath.Base(file)
		for option := range strings.FieldsSeq(strings.TrimPrefix(firstLine(text), "# import:")) {
			switch name, value, _ := strings.Cut(option, "="); name {
			case "--dialect":
				o.Dialect = cron.Dialect(value)
			case "--system":
				o.System = true
			case "--user":
				o.User = value
			default:
				t.Fatalf("%s: %s", file, option)
			}
		}
		found := imported(t, string(text), o)
		var receipts strings.Builder
		if err := found.WriteText(&receipts); err != nil {
			t.Fatal(err)
		}
		compare(t, strings.TrimSuffix(file, ".crontab")+".receipts", receipts.String())
		compare(t, strings.TrimSuffix(file, ".crontab")+".yaml", string(found.Jobs))
		if _, err := compiler.Render(host, decoded(t, found, o)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

var host = montimer.Host{
	JobsFile: "/srv/app/jobs.yaml", Checkout: "/srv/app", StateDir: "/var/lib/montimer", EnvFile: "/etc/montimer/env",
	User: "daemon", Group: "daemon", Binary: "/bin/true",
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("go test ./internal/imports -update rewrites %s (-want +got):\n%s", file, diff)
	}
}

// TestUnits has systemd read the units of all crontabs of testdata.
func TestUnits(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var timers []string
	for n, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		j, _ := jobs.Decode(file, text, jobs.Options{Local: time.UTC, Now: now})
		for i := range j.Profiles {
			j.Profiles[i].Name = fmt.Sprintf("%d.%s", n, j.Profiles[i].Name)
		}
		units, err := compiler.Render(host, j)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range units {
			path := filepath.Join(dir, u.Name)
			if err := os.WriteFile(path, []byte(u.Content), 0o644); err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(path, ".timer") && !slices.Contains(timers, path) {
				timers = append(timers, path)
			}
		}
	}
	out, err := exec.Command("systemd-analyze", append([]string{"verify", "--man=no", "--recursive-errors=no"}, timers...)...).CombinedOutput()
	if err != nil || strings.Contains(string(out), dir) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// TestCommands runs what lines become, and compares with what cron's rules say.
func TestCommands(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "sh")
	for _, test := range []struct {
		line, want string
		dialect    cron.Dialect
	}{
		{`echo a \% b`, "a % b\n", cron.Crontab},
		{`cat%one%two`, "one\ntwo\n", cron.Crontab},
		{`cat%one%two%`, "one\ntwo\n", cron.Crontab},
		{`cat%one\%two\n`, "one%two\\n\n", cron.Crontab},
		{`cat%`, "", cron.Crontab},
		{`cat%%x`, "\nx\n", cron.Crontab},
		{`cat%INPUT%INPUT_%$HOME`, "INPUT\nINPUT_\n$HOME\n", cron.Crontab},
		{`cat; echo b # comment%one`, "one\nb\n", cron.Crontab},
		{`printf '%s' 'it''s'`, "", cron.Crontab}, // the shell gets an open quote
		{`printf '\%s' "it's \"so\""`, `it's "so"`, cron.Crontab},
		{`printf '\%s' 'a\\\\b'`, `a\\b`, cron.Crontab}, // Debian makes one backslash of two
		{`printf '\%s' 'a\\\\b'`, `a\\\\b`, cron.Cronie},
		{`printf '%s' x`, "x", cron.Supercronic},
		{`echo "$HOME|$PWD"`, "/|/\n", cron.Crontab},
	} {
		o := in(t, "UTC")
		o.Dialect = test.dialect
		found := imported(t, "HOME=/\n* * * * * "+test.line+"\n", o)
		j := decoded(t, found, o)
		if len(j.Profiles) != 1 {
			t.Errorf("%s: %d profiles: %+v", test.line, len(j.Profiles), found.Receipts)
			continue
		}
		cmd := exec.Command("sh", "-c", j.Profiles[0].Tasks[0].Command.Shell)
		cmd.Env = []string{"HOME=/", "PATH=/usr/bin:/bin"}
		cmd.Dir = t.TempDir()
		out, _ := cmd.Output()
		if string(out) != test.want {
			t.Errorf("%s (%s): %q, want %q, of %q", test.line, test.dialect, out, test.want, j.Profiles[0].Tasks[0].Command.Shell)
		}
	}
}

// TestAssignments reads lines as load_env of cron does.
func TestAssignments(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`A=b`: "A=b", `A = b c `: "A=b c", `A="b c "`: "A=b c ", `A='b'`: "A=b", `"A"='b'`: "A=b", `'A' = b`: "A=b",
		`A=b "c"`: `A=b "c"`, `A="b" `: "A=b", `A=""`: "A=", "A=b\r": "A=b", `A="'b'"`: "A=b", `A=b=c`: "A=b=c",
		`A=`: "none", `A`: "none", `A b=c`: "none", `"A=b"`: "none", `A="b" c`: "none", `A="b`: "none", `* * * * * A=b`: "none",
		`@daily A=b`: "none", ``: "none", `=b`: "=b",
	} {
		got := "none"
		if v, ok := assignment(line); ok {
			got = v.Name + "=" + v.Value
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// TestHostile: what no crontab should have loses nothing, and is said.
func TestHostile(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	for name, text := range map[string]string{
		"empty":            "",
		"CRLF":             "A=b\r\n\r\n# c\r\n5 4 * * * one\r\n6 4 * * * two\r\n",
		"byte order mark":  "\ufeff5 4 * * * one\n",
		"NUL":              "5 4 * * * on\x00e\n6 4 * * * two\n\x00\n",
		"1 MB":             "5 4 * * * " + long + "\n6 4 * * * two\n# " + long + "\nA=" + long + "\n",
		"1 MB of field":    long + " 4 * * * one\n",
		"no end":           "5 4 * * * one",
		"tabs":             "\t5\t4\t*\t*\t*\tone\ttwo\n",
		"wrong bytes":      "5 4 * * * echo \xff\n# \xff\xfe\nA=\xff\n",
		"escapes":          "# \x1b[31mred\u202e\n5 4 * * * echo \x1b[0m\n",
		"YAML":             "# a: b\n#- c\n5 4 * * * echo '{a: [b' \"c: #d\" \\t | cat; : !x &y *z\n",
		"the same program": strings.Repeat("5 4 * * * /opt/a/run.sh\n", 20),
		"names":            "5 4 * * * yes\n5 4 * * * null\n5 4 * * * 0123456789abcdef0123456789abcdef\n5 4 * * * ./-.-\n5 4 * * * " + strings.Repeat("n", 200) + "\n",
		"the same in case": "5 4 * * * Run\n5 4 * * * run\n5 4 * * * RUN\n",
	} {
		for _, dialect := range []cron.Dialect{cron.Crontab, cron.Cronie, cron.Supercronic} {
			o := in(t, "Europe/Berlin")
			o.Dialect = dialect
			found := imported(t, text, o)
			if problem := lost(t, text, found, o); problem != "" {
				t.Errorf("%s, %s: %s", name, dialect, problem)
			}
			var b strings.Builder
			if err := found.WriteText(&b); err != nil || strings.ContainsAny(b.String()+string(found.Jobs), "\x1b\x00\u202e") {
				t.Errorf("%s, %s: %v, or control characters", name, dialect, err)
			}
		}
	}
}

// lost returns what a crontab has that its import has not: each line has one receipt,
// and each receipt of a job a profile or a reason.
func lost(t testing.TB, text string, found Import, o Options) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if text == "" {
		lines = nil
	}
	if len(found.Receipts) != len(lines) {
		return fmt.Sprintf("%d receipts for %d lines", len(found.Receipts), len(lines))
	}
	j := decoded(t, found, o)
	profiles := map[string]bool{}
	for i, r := range found.Receipts {
		switch {
		case r.Line != i+1:
			return fmt.Sprintf("receipt %d is for line %d", i+1, r.Line)
		case r.Result == Refused && (r.Reason == "" || r.Hint == "" || r.Profile != ""):
			return fmt.Sprintf("line %d: no reason, hint, or a profile: %+v", r.Line, r)
		case r.Result == Differs && len(r.Differences) == 0 && len(r.Changes) == 0:
			return fmt.Sprintf("line %d: differs, how?", r.Line)
		case r.Kind != Job || r.Result == Refused:
			continue
		case profiles[r.Profile]:
			return "two lines are " + r.Profile
		}
		p, ok := j.Profile(r.Profile)
		if profiles[r.Profile] = true; !ok {
			return fmt.Sprintf("line %d: no profile %q", r.Line, r.Profile)
		}
		for n, e := range p.Schedule.Events {
			if e.String() != r.OnCalendar[n] {
				return fmt.Sprintf("line %d: %s, and in its timer %s", r.Line, r.OnCalendar[n], e)
			}
		}
	}
	if len(profiles) != len(j.Profiles) {
		return fmt.Sprintf("%d profiles for %d lines", len(j.Profiles), len(profiles))
	}
	return ""
}

// TestMany imports as many lines as cron takes.
func TestMany(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	lines := 1000
	if testenv.Soak() {
		lines = maxLines
	}
	for n := range lines {
		fmt.Fprintf(&b, "%d %d %d * * /opt/jobs/run-%d --all\n", n%60, n/60%24, n%28+1, n)
	}
	o := in(t, "Europe/Berlin")
	found := imported(t, b.String(), o)
	if problem := lost(t, b.String(), found, o); problem != "" || found.Profiles != lines {
		t.Errorf("%d profiles: %s", found.Profiles, problem)
	}
}

// TestSecrets: no value that looks like a secret is in anything that is written.
func TestSecrets(t *testing.T) {
	t.Parallel()
	const secret = "xoxb-1234567890-abcdefghijklmnopqrst"
	text := "API_TOKEN=" + secret + "\nDB=postgres://u:" + secret + "@h/d\n# token: " + secret + "\n5 4 * * * curl -H 'Authorization: Bearer " + secret + "' https://example.org\n6 4 * * * echo $API_TOKEN\n"
	o := in(t, "UTC")
	found := imported(t, text, o)
	var b strings.Builder
	if err := found.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	all := b.String() + string(found.Jobs) + fmt.Sprint(found.JSON())
	if strings.Contains(all, secret) || strings.Contains(all, "abcdefghijklm") {
		t.Errorf("a secret is in\n%s", all)
	}
	for _, want := range []string{"write API_TOKEN=… into /etc/montimer/env", "write DB=… into", "$NAME in place of the secret", "it uses API_TOKEN"} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing says %q:\n%s", want, all)
		}
	}
}

// TestPasswords: a password among the options of a program is seen, and shown
// nowhere.
func TestPasswords(t *testing.T) {
	t.Parallel()
	for command, secret := range map[string]bool{
		"mysqldump -u root -phunter22 db > dump.sql": true, "/usr/bin/mysql -phunter22": true, "sshpass -p hunter22 ssh h": true,
		"curl -s -u me:hunter22 https://h": true, "curl --user 'me:hunter22' https://h": true,
		"mysqldump -p$PASSWORD db": false, "mysqldump --port 3306 db": false, "mkdir -p hunter22": false, "curl -u me:$PASSWORD https://h": false, "sort -u a:hunter22": false,
	} {
		found := imported(t, "5 4 * * * "+command+"\n", in(t, "UTC"))
		all := string(found.Jobs) + fmt.Sprint(found.JSON())
		if got := found.Receipts[0].Result == Refused; got != secret || secret && strings.Contains(all, "hunter22") {
			t.Errorf("%s: refused %t, or shown: %s", command, got, all)
		}
	}
}

// TestBackground: what goes on in the background ends with the run, and that is said.
func TestBackground(t *testing.T) {
	t.Parallel()
	for command, goesOn := range map[string]bool{
		"sleep 60 && /opt/start &": true, "/opt/a & /opt/b": true, "nohup /opt/a >/dev/null 2>&1 &": true, "(/opt/a &)": true, "setsid /opt/a": true,
		"/opt/a && /opt/b": false, "/opt/a >/dev/null 2>&1": false, "/opt/a &>/dev/null": false, "/opt/a >&2": false, "/opt/a |& /opt/b": false, "curl 'https://h/?a=1&b=2'": false,
	} {
		r := imported(t, "5 4 * * * "+command+"\n", in(t, "UTC")).Receipts[0]
		if got := r.Result == Differs; got != goesOn {
			t.Errorf("%s: differs %t: %q", command, got, r.Differences)
		}
	}
}

// TestProof: where cron and montimer run a line at other times, that is said with
// the times; where they do not, it is exact.
func TestProof(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		zone, line string
		dialect    cron.Dialect
		want       Result
		says       string
	}{
		{"Europe/Berlin", "30 2 * * *", cron.Crontab, Differs, "2027-03-28: the clock goes forward from 02:00 to 03:00 (and so at each change of this kind): cron runs it at Sun 2027-03-28 03:00 CEST, montimer does not"},
		{"Europe/Berlin", "30 4 * * *", cron.Crontab, Exact, ""},
		{"Europe/Berlin", "*/10 * * * *", cron.Crontab, Exact, ""},
		{"Europe/Berlin", "*/10 * * * 1-5", cron.Crontab, Exact, ""},
		{"Europe/Berlin", "*/30 * * * 0", cron.Crontab, Differs, "cron runs it at Sun 2027-10-31 02:00 CET, Sun 2027-10-31 02:30 CET, montimer does not"},
		{"Europe/Berlin", "30 2 * * *", cron.Supercronic, Differs, "supercronic runs it at Sun 2027-03-28 03:30 CEST, montimer does not"},
		{"Europe/Berlin", "0 * * * *", cron.Supercronic, Differs, "montimer runs it at Sun 2027-10-31 02:00 CEST"},
		{"UTC", "30 2 * * *", cron.Crontab, Exact, ""},
		{"Asia/Kolkata", "0 * * * *", cron.Supercronic, Exact, ""},
		{"America/New_York", "30 2 * * *", cron.Crontab, Differs, "cron runs it at Sun 2027-03-14 03:00 EDT, montimer does not"},
		{"America/New_York", "30 2 14 3 *", cron.Crontab, Differs, "2027-03-14: the clock goes forward from 02:00 to 03:00: cron runs it"},
		{"America/New_York", "30 2 1 * *", cron.Crontab, Exact, ""},
		{"Europe/Berlin", "@reboot", cron.Crontab, Exact, ""},
		{"Europe/Berlin", "@daily", cron.Cronie, Exact, ""},
	} {
		o := in(t, test.zone)
		o.Dialect = test.dialect
		found := imported(t, test.line+" true\n", o)
		r := found.Receipts[0]
		var b strings.Builder
		r.write(&b)
		if r.Result != test.want || !strings.Contains(b.String(), test.says) {
			t.Errorf("%s, %s, %s: want %s with %q, got\n%s", test.zone, test.line, test.dialect, test.want, test.says, b.String())
		}
		if test.line != "@reboot" && (len(r.Next) < 8 || len(r.NextBefore) != nextRuns) {
			t.Errorf("%s: %d and %d next runs", test.line, len(r.NextBefore), len(r.Next))
		}
	}
}

// TestNextBefore: the next runs of the old system are those over a change, too.
func TestNextBefore(t *testing.T) {
	t.Parallel()
	o := in(t, "Europe/Berlin")
	o.Now = time.Date(2027, 3, 25, 0, 0, 0, 0, o.Location)
	r := imported(t, "30 2 * * * true\n", o).Receipts[0]
	if before, after := stamps(r.NextBefore[3:4]), stamps(r.Next[3:4]); before != "Sun 2027-03-28 03:00 CEST" || after != "Mon 2027-03-29 02:30 CEST" {
		t.Errorf("before %s, after %s", before, after)
	}
}

// TestKindsOfChanges: what is found at one change of the clock holds for those that are
// taken to be like it.
func TestKindsOfChanges(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"*/20 * 20-30 * *", "30 2 25-28,31 3,10 *", "15 2 1-7 * 0", "0 0-6 29 * *", "10 1-3 * 10 0", "*/30 2 * * 6", "30 0,23 * 3 *"} {
		for _, dialect := range []cron.Dialect{cron.Crontab, cron.Supercronic} {
			for _, zone := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"} {
				o := in(t, zone)
				o.Dialect = dialect
				x, err := cron.Parse(dialect, line)
				if err != nil {
					t.Fatal(err)
				}
				r := imported(t, line+" true\n", o).Receipts[0]
				events := decoded(t, imported(t, line+" true\n", o), o).Profiles[0].Schedule.Events
				for c := range clockChanges(o.Now, o.Now.AddDate(proofYears, 0, 0), o.Location) {
					start, end := c.at.Add(-around), c.at.Add(around)
					old, new := x.Runs(start, end, o.Location), elapses(events)(start, end, o.Location)
					var said Change
					for _, found := range r.Changes {
						if found.At.Equal(c.at) {
							said = found
						} else if found.Recurs && found.At.Before(c.at) && strings.Contains(c.words(), found.Clock[len("2006-01-02"):]) {
							continue // said once for all
						}
					}
					if recurs := len(r.Changes) > 0 && r.Changes[0].Recurs; recurs && said.At.IsZero() {
						continue
					}
					if diff := cmp.Diff(stamps(without(old, new))+"|"+stamps(without(new, old)), stamps(said.Before)+"|"+stamps(said.After)); diff != "" {
						t.Errorf("%s, %s, %s, %s (-followed +said)\n%s", line, dialect, zone, c.words(), diff)
					}
				}
			}
		}
	}
}

// FuzzCrontab: no text is too odd, every line has exactly one receipt, and what is
// accepted can be read back.
func FuzzCrontab(f *testing.F) {
	files, err := filepath.Glob("testdata/*.crontab")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), uint8(len(file)))
	}
	f.Fuzz(func(t *testing.T, text string, mode uint8) {
		if len(text) > 4<<10 {
			return
		}
		o := in(t, []string{"UTC", "Europe/Berlin"}[mode&1])
		o.Dialect = []cron.Dialect{cron.Crontab, cron.Cronie, cron.Supercronic}[mode>>1%3]
		o.System = mode&64 != 0
		found := imported(t, text, o)
		if problem := lost(t, text, found, o); problem != "" {
			t.Error(problem)
		}
	})
}

// TestUserWithoutColumn: a system crontab without --system becomes no tasks that run
// the name of its user.
func TestUserWithoutColumn(t *testing.T) {
	t.Parallel()
	for _, blank := range []string{" ", "\t", "  "} {
		for _, user := range []string{"root", "www-data", "nobody"} {
			r := imported(t, "17 * * * *"+blank+user+blank+"run-parts /etc/cron.hourly\n", in(t, "UTC")).Receipts[0]
			if r.Result != Refused || !strings.Contains(r.Hint, "--system") {
				t.Errorf("%s, %q: %+v", user, blank, r)
			}
		}
	}
	if r := imported(t, "17 * * * *\troot.sh\n", in(t, "UTC")).Receipts[0]; r.Result != Exact {
		t.Errorf("a program: %+v", r)
	}
}

// TestSharedLock: a lock stays where another line takes it too, in whatever way.
func TestSharedLock(t *testing.T) {
	t.Parallel()
	const first = "0 1 * * * flock -n /run/x.lock /bin/one\n"
	for other, stays := range map[string]bool{
		"":                                  false,
		"0 1 * * * /bin/two /run/x.lock2\n": false,
		"0 1 * * * (flock -n 9 && /bin/two) 9>/run/x.lock\n": true,
		"0 1 * * * flock '/run/x.lock' /bin/two\n":           true,
		"0 1 * * * flock -n \"/run/x.lock\";/bin/two\n":      true,
		"LOCK=/run/x.lock\n":                                 true,
		"0 1 * * * two --lock=/run/x.lock\n":                 true,
	} {
		found := imported(t, first+other, in(t, "UTC"))
		if got := strings.Contains(string(found.Jobs), `command: "flock -n /run/x.lock`) || strings.Contains(string(found.Jobs), `cd; flock -n /run/x.lock /bin/one`); got != stays {
			t.Errorf("%q: the lock stays: %t, want %t\n%s", other, got, stays, found.Jobs)
		}
	}
}

// TestProgram: a profile is called by the program that does the work.
func TestProgram(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"sudo -u www-data /opt/a.sh x": "a", "sudo -n -H --user=me -- /opt/a": "a", "runuser -u me -- /opt/a": "a", "/usr/bin/sudo /opt/a": "a",
		"timeout -k 5 1h nice -n 19 ionice -c3 /opt/a.sh --all": "a", "chronic /opt/a": "a", "flock -n -E 0 /run/x.lock /opt/a": "a", "cd /srv && python3 run.py": "run", "FOO=bar /usr/bin/env X=y /opt/a": "a",
		"/opt/x.sh -u root": "x", "sudo -u": "",
	} {
		if got := named(program(command), map[string]bool{}); got != want && (want != "" || got != "job") {
			t.Errorf("%s: %s, want %s", command, got, want)
		}
	}
}

// TestConfined: a command that does what a task cannot is never exact.
func TestConfined(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]Result{
		"/opt/agent &":                               Differs,
		"nohup /opt/agent >/dev/null 2>&1 &":         Differs,
		"/opt/a & /opt/b":                            Differs,
		"(/opt/a&)":                                  Differs,
		"/usr/bin/screen -dmS x /opt/a":              Differs,
		"setsid -f /opt/a":                           Differs,
		"wget http://example.org/?a=1&b=2":           Differs, // a mistake, and in the background
		"sudo -u www-data /opt/a":                    Differs,
		"cd /srv && /usr/bin/sudo /opt/a":            Differs,
		"su - app -c '/opt/a'":                       Differs,
		"/opt/a >> /var/log/a.log 2>&1":              Differs,
		"/opt/a >/var/log/a.log":                     Differs,
		"/opt/a >> ~/a.log":                          Differs,
		"/opt/a >> a.log":                            Differs,
		"/opt/a 2> $HOME/a.log":                      Differs,
		"/opt/a | tee x &>> /srv/x":                  Differs,
		"flock -w 10 /run/a.lock /opt/a":             Differs,
		"flock -n -E 0 /run/a.lock /opt/a":           Differs,
		"flock -n /run/a.lock /opt/a":                Exact, // without the lock
		"flock -w 10 /tmp/a.lock /opt/a":             Exact,
		"cd /srv/app && /opt/a >> a.log":             Exact, // it may be the checkout
		"/opt/a > $LOG":                              Exact,
		"/opt/a '>> /x' \"> /y\"":                    Exact,
		"/opt/a 2>&1 >&- >&2":                        Exact,
		"/opt/a > /dev/null 2>&1":                    Exact,
		"/opt/a &> /dev/null":                        Exact,
		"/opt/a >& /dev/null && /opt/b":              Exact,
		"wget 'http://example.org/?a=1&b=2'":         Exact,
		`wget "http://example.org/?a=1&b=\"2\"&c=3"`: Exact,
		`wget http://example.org/?a=1\&b=2`:          Exact,
		"/opt/a |& logger":                           Exact,
		"/opt/pseudo x; /opt/sum":                    Exact,
		"echo sudo":                                  Exact,
	} {
		if r := imported(t, "0 1 * * * "+command+"\n", in(t, "UTC")).Receipts[0]; r.Result != want {
			t.Errorf("%s: %s, want %s: %q", command, r.Result, want, r.Differences)
		}
	}
}
