package compiler

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coreos/go-systemd/v22/unit"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/testenv"
	"github.com/montimer/montimer/internal/testhost"
	"github.com/montimer/montimer/internal/timer"
)

// hostileTexts are what somebody might try, or write without thinking.
func hostileTexts() []string {
	return append([]string{
		// More lines.
		"a\nUser=root", "a\n[Install]\nWantedBy=basic.target", "\nUser=root", "a\n", "a\r\nUser=root", "a\rUser=root",
		"a\x00", "\x00", "a\x0bUser=root", "a\x0c", "a\u0085User=root", "a\u2028User=root", "a\u2029User=root",
		// Lines that go on.
		`a\`, `a\\`, "a\\\n", `\`, `a\ `, "a \\\nUser=root", `a\\\`,
		// Sections, comments, assignments.
		"[Install]", "[Service]", "#", "# a", ";", "; a", "a ; b", "a # b", "=", "User=root", "=a", "[", "]", "a=b=c",
		// Specifiers.
		"%n", "%%", "%", "a%", "100 % of it", "%%n", "%%%", "%i%u%h%H%s", "%S/x", "%!",
		// Variables.
		"$X", "${HOME}", "$$", "a$", "$MONITOR_UNIT", "`id`", "$(id)",
		// Quotes and escapes.
		`"`, `'`, `a"b`, `a'b`, `"a"`, `'a b'`, `"a`, `a"`, `\"`, `\x41`, `\n`, `\u0041`, `\s`, `a\tb`, `a\;b`, `"\`, `'\''`, `\"\"\\"`,
		// Blanks.
		" ", " a", "a ", "\ta", "a\t", "a  b", "a b", "a\u00a0b", "\u00a0a", "\u3000a", "a\u200bb", "\ufeffa", "\t",
		// What looks like something else.
		"../x", "/etc/passwd", "-", "--", "-a", "+a", "!a", "@a", ":a", "!!a", "~", "a:b", "a,b", "*", "?", "[ab]", "a/../b", ".", "..", "",
		"montimer.target", "montimer-job-a.service", "a.timer", "a@b.service", "root", "0", "65534", "infinity", "yes", "no", "null",
		// Text that reads otherwise than it is.
		"\u202egnp.exe", "a\u2066b\u2069", "\u200e", "a\x1b[31mred", "\x1b]0;title\x07", "a\x7f", "a\x08", "é", "日本語", "🕐", "e\u0301",
		"\xff", "a\xc3\x28", "\xed\xa0\x80", "\ufffd", "\ue000", "\U000e0041",
	}, strings.Repeat("a", 4096), strings.Repeat("x/", 2000), strings.Repeat("a", 1<<20), strings.Repeat("\n", 1<<20),
		strings.Repeat("%", 1<<20), strings.Repeat(`\`, 1<<20), strings.Repeat(`"`, 300))
}

// forbidden is what no line of a unit can hold, or none should.
var forbidden = regexp.MustCompile(`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\x{FFFD}]`)

func expressible(s string) bool {
	return len(s) <= 4095 && utf8.ValidString(s) && !forbidden.MatchString(s) && strings.TrimSpace(s) == s && s != "" &&
		!strings.HasSuffix(s, `\`)
}

// A field is one place where a text reaches a unit.
type field struct {
	name    string
	set     func(h *montimer.Host, p *montimer.Profile, s string)
	accepts func(s string) bool
	means   map[string]func(s string) string // by directive, what one of its words has to be; nil: checked elsewhere
}

func fields() []field {
	same := func(s string) string { return s }
	variable := func(name string) func(string) string { return func(s string) string { return name + "=" + s } }
	long := regexp.MustCompile(`[^/]{256}`)
	absolute := func(s string) bool {
		return expressible(s) && filepath.IsAbs(s) && filepath.Clean(s) == s && !long.MatchString(s)
	}
	noColon := func(s string) bool { return absolute(s) && !strings.Contains(s, ":") }
	account := func(s string) bool {
		return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,255}$`).MatchString(s)
	}
	return []field{
		{"checkout", func(h *montimer.Host, _ *montimer.Profile, s string) { h.Checkout = s }, noColon, map[string]func(string) string{
			"WorkingDirectory": same, "ReadWritePaths": same, "Environment": variable("REPO_ROOT")}},
		{"state directory", func(h *montimer.Host, _ *montimer.Profile, s string) { h.StateDir = "/var/lib/" + s },
			func(s string) bool { return noColon("/var/lib/"+s) && !strings.ContainsAny(s, `"'\`) }, map[string]func(string) string{
				"StateDirectory": same, "Environment": func(s string) string { return "CACHE_DIR=/var/lib/" + s }}},
		{"state directory", func(h *montimer.Host, _ *montimer.Profile, s string) { h.StateDir = "/srv/" + s },
			func(s string) bool { return noColon("/srv/" + s) }, map[string]func(string) string{
				"ReadWritePaths": func(s string) string { return "/srv/" + s },
				"Environment":    func(s string) string { return "CACHE_DIR=/srv/" + s }}},
		{"jobs file", func(h *montimer.Host, _ *montimer.Profile, s string) { h.JobsFile = s }, absolute, map[string]func(string) string{
			"Environment": variable("MONTIMER_JOBS")}},
		{"env file", func(h *montimer.Host, _ *montimer.Profile, s string) { h.EnvFile = s },
			func(s string) bool { return absolute(s) && !strings.ContainsAny(s, `*?[\`) },
			map[string]func(string) string{
				"EnvironmentFile": func(s string) string { return "-" + s }, "Environment": variable("MONTIMER_ENV_FILE")}},
		{"binary", func(h *montimer.Host, _ *montimer.Profile, s string) { h.Binary = s },
			func(s string) bool { return absolute(s) && !strings.ContainsAny(s, `$"'\`) },
			map[string]func(string) string{"ExecStart": same}},
		{"run-as user", func(h *montimer.Host, _ *montimer.Profile, s string) { h.User = s }, account, map[string]func(string) string{"User": same}},
		{"run-as group", func(h *montimer.Host, _ *montimer.Profile, s string) { h.Group = s }, account, map[string]func(string) string{"Group": same}},
		{"limits of *", func(h *montimer.Host, _ *montimer.Profile, s string) {
			h.Limits = map[string][]montimer.Limit{"*": {{Directive: "MemoryMax", Value: s}}}
		}, func(s string) bool {
			return regexp.MustCompile(`^(infinity|-?[0-9]+[%KMGT]?)$`).MatchString(s) && len(s) <= 20
		},
			map[string]func(string) string{"MemoryMax": same}},
		{"umask", func(h *montimer.Host, _ *montimer.Profile, s string) { h.Umask = s },
			func(s string) bool { return s == "" || regexp.MustCompile(`^0?[0-7]{3}$`).MatchString(s) },
			map[string]func(string) string{"UMask": func(s string) string { return cmp.Or(s, "0022") }}},
		{"write of *", func(h *montimer.Host, _ *montimer.Profile, s string) { h.Writable = map[string][]string{"*": {s}} },
			func(s string) bool { return absolute(s) && !strings.ContainsAny(s, `"'\`) },
			map[string]func(string) string{"ReadWritePaths": func(s string) string { return "-" + s }}},
		{"serve: listen", func(h *montimer.Host, _ *montimer.Profile, s string) {
			h.Serve = montimer.Serve{Enabled: true, Listen: s}
		},
			func(s string) bool { return s == "" || regexp.MustCompile(`^[0-9.]+:[0-9]+$`).MatchString(s) }, nil},
		{"serve: socket_group", func(h *montimer.Host, _ *montimer.Profile, s string) {
			h.Serve = montimer.Serve{Enabled: true, SocketGroup: s}
		}, func(s string) bool { return s == "" || account(s) }, nil},
		{"backup: dir", func(h *montimer.Host, _ *montimer.Profile, s string) {
			h.Backup = montimer.Backup{Dir: "/" + s, Every: time.Hour, Keep: 1}
		}, func(s string) bool { return absolute("/"+s) && !strings.ContainsAny(s, `"'\`) },
			map[string]func(string) string{"Environment": func(s string) string { return "MONTIMER_BACKUP_DIR=/" + s }}},
		{"environment", func(h *montimer.Host, _ *montimer.Profile, s string) {
			h.Serve = montimer.Serve{Enabled: true, TokenFile: "/" + s}
		}, func(s string) bool { return utf8.ValidString(s) && !forbidden.MatchString(s) }, map[string]func(string) string{
			"Environment": func(s string) string { return "MONTIMER_SERVE_TOKEN_FILE=/" + s }}},
		{"sandbox of *", func(h *montimer.Host, _ *montimer.Profile, s string) {
			h.Sandboxes = map[string]montimer.Sandbox{"*": montimer.Sandbox(s)}
		}, func(string) bool { return false }, nil},
		{"calendar", func(_ *montimer.Host, p *montimer.Profile, s string) {
			p.Schedule.Events = []calendar.Event{{Zone: s}}
		}, func(s string) bool { return s == "" || expressible("*-*-* *:*:* "+s) }, nil},
		{"name", func(_ *montimer.Host, p *montimer.Profile, s string) { p.Name = s },
			func(s string) bool { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`).MatchString(s) }, nil},
		{"words", func(_ *montimer.Host, p *montimer.Profile, s string) { p.Schedule.Words, p.Schedule.Timezone = s, s },
			func(string) bool { return true }, nil},
		{"description", func(_ *montimer.Host, p *montimer.Profile, s string) { p.Description = s }, func(string) bool { return true }, nil},
	}
}

// TestHostile has every text in every place: what a unit cannot express is
// refused by name; of the rest another parser and systemd read what was meant,
// and nothing else. Half of the combinations are tried, all with MONTIMER_SOAK.
func TestHostile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	accepted, n := 0, 0
	for number, f := range fields() {
		want := harmless(t, f)
		for i, text := range hostileTexts() {
			for _, s := range []string{text, "/srv/" + text} {
				n++
				if (i+number+len(s)-len(text))%2 > 0 && !testenv.Soak() { // half of them
					continue
				}
				h, p := testhost.Host(), montimer.Profile{Name: fmt.Sprintf("p%d", n), Enabled: true, Schedule: montimer.Schedule{Events: testhost.Events(t, "daily")}}
				f.set(&h, &p, s)
				units, err := Render(h, montimer.Jobs{Profiles: []montimer.Profile{p}})
				if (err == nil) != f.accepts(s) {
					t.Errorf("%s %.80q: %.200v", f.name, s, err)
					continue
				}
				if err != nil {
					if !strings.Contains(err.Error(), f.name) || len(err.Error()) > 1<<15 {
						t.Errorf("%s %.80q: the error is %.200v", f.name, s, err)
					}
					continue
				}
				accepted++
				checkUnits(t, f, s, units, want)
				if judged(f, dir, s, units) {
					writeUnits(t, dir, pairsOf(units))
				}
			}
		}
	}
	t.Logf("%d texts in %d places: %d accepted", len(hostileTexts()), len(fields()), accepted)
	t.Run("systemd", func(t *testing.T) {
		testenv.Need(t, "systemd-analyze")
		verify(t, dir)
	})
}

// checkUnits reads units back: their keys have to be the wanted ones, by type.
func checkUnits(t *testing.T, f field, s string, units []Unit, want map[string][]string) {
	t.Helper()
	for _, u := range units {
		kind := kindOf(u)
		options, err := unit.DeserializeOptions(strings.NewReader(u.Content))
		if errors.Is(err, unit.ErrLineTooLong) && len(s) > 1000 {
			continue // a limit of the parser, not of systemd
		}
		if err != nil {
			t.Errorf("%s %.80q, %s: %v", f.name, s, kind, err)
			continue
		}
		if diff := gocmp.Diff(want[kind], keysOf(t, u.Content)); diff != "" {
			t.Errorf("%s %.80q, %s: %s", f.name, s, kind, diff)
		}
		if u.Timer != nil && f.name != "calendar" { // which is no event
			if is, err := timer.Read(u.Content); err != nil || !reflect.DeepEqual(is, *u.Timer) {
				t.Errorf("%s %.80q: read back as %v (%v), want %v", f.name, s, is, err, *u.Timer)
			}
		}
		for _, o := range options {
			meant, ok := f.means[o.Name]
			if kind != ".service" && kind != "montimer-api.service" || !ok || f.name == "environment" && kind == ".service" {
				continue
			}
			if !slices.ContainsFunc(options, func(p *unit.UnitOption) bool { return p.Name == o.Name && slices.Contains(read(p), meant(s)) }) {
				t.Errorf("%s %.80q: %s=%.80q does not read %.80q", f.name, s, o.Name, o.Value, meant(s))
			}
		}
	}
}

// harmless is the keys of the units, by type, that a text without any meaning
// gives in that place.
func harmless(t *testing.T, f field) map[string][]string {
	t.Helper()
	h, p := testhost.Host(), montimer.Profile{Name: "p", Enabled: true, Schedule: montimer.Schedule{Events: testhost.Events(t, "daily")}}
	switch f.name {
	case "state directory":
		f.set(&h, &p, "state")
	case "limits of *":
		f.set(&h, &p, "1")
	case "backup: dir":
		f.set(&h, &p, "x")
	case "write of *":
		f.set(&h, &p, "/x")
	case "serve: listen", "serve: socket_group", "environment":
		f.set(&h, &p, "")
	}
	keys := map[string][]string{}
	for _, u := range render(t, h, p) {
		keys[kindOf(u)] = keysOf(t, u.Content)
	}
	return keys
}

// kindOf is the type of a profile's unit, and the name of one that is there once.
func kindOf(u Unit) string {
	if isOnce(u) {
		return u.Name
	}
	return filepath.Ext(u.Name)
}

func pairsOf(units []Unit) []Unit {
	return slices.DeleteFunc(slices.Clone(units), isOnce)
}

func isOnce(u Unit) bool { return u.Name == targetName || slices.Contains(HostUnits(""), u.Name) }

func keysOf(t *testing.T, content string) []string {
	t.Helper()
	options, err := unit.DeserializeOptions(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range options {
		keys = append(keys, o.Section+" "+o.Name)
	}
	return keys
}

// read returns what systemd makes of a value: a whole line, or words.
func read(o *unit.UnitOption) []string {
	value := strings.ReplaceAll(o.Value, "%%", "%")
	switch o.Name {
	case "Environment", "ReadWritePaths", "StateDirectory", "ExecStart":
		return unquote(value)
	}
	return []string{value}
}

// unquote splits a value into words, as systemd.syntax(7) says.
func unquote(s string) (words []string) {
	var word strings.Builder
	quote, began, escaped := rune(0), false, false
	for _, r := range s {
		switch {
		case escaped:
			word.WriteRune(r) // of the C escapes only those of quotes and backslashes are written
			escaped = false
		case r == '\\':
			escaped, began = true, true
		case r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, began = r, true
		case quote == 0 && r == ' ':
			if began {
				words = append(words, word.String())
			}
			word.Reset()
			began = false
		default:
			word.WriteRune(r)
			began = true
		}
	}
	if began {
		words = append(words, word.String())
	}
	return words
}

// judged reports whether systemd-analyze can tell right from wrong in what a
// text became: it wants to see the program and has opinions of its own on zones,
// the names of accounts, and no memory at all.
func judged(f field, dir, s string, units []Unit) bool {
	switch f.name {
	case "binary":
		return makeProgram(dir, s, units)
	case "run-as user", "run-as group":
		return !strings.ContainsAny(s, ".@")
	case "limits of *":
		return s != "0"
	}
	return f.name != "calendar" && f.name != "name"
}

// makeProgram puts a program where the units look for it, if it can.
func makeProgram(dir, path string, units []Unit) bool {
	there := filepath.Join(dir, "bin", path)
	if os.MkdirAll(filepath.Dir(there), 0o755) != nil || os.WriteFile(there, []byte("#!/bin/sh\n"), 0o755) != nil {
		return false
	}
	for i := range units {
		units[i].Content = strings.Replace(units[i].Content, "ExecStart=\"/", "ExecStart=\""+dir+"/bin/", 1)
		units[i].Content = strings.Replace(units[i].Content, "ExecStart=/", "ExecStart="+dir+"/bin/", 1)
	}
	return true
}

// TestHostileJobs has every second text, with MONTIMER_SOAK every text, in every
// place of a jobs.yaml.
func TestHostileJobs(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	dir := t.TempDir()
	// A schedule may need any number of these.
	timing := []string{"Timer OnCalendar", "Timer OnBootSec", "Timer OnUnitActiveSec", "Timer RandomizedDelaySec", "Timer FixedRandomDelay"}
	want := map[string][]string{}
	for kind, keys := range harmless(t, field{}) {
		want[kind] = slices.DeleteFunc(keys, func(key string) bool { return slices.Contains(timing, key) })
	}
	accepted := 0
	for i, s := range hostileTexts() {
		quoted, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 && !testenv.Soak() {
			continue
		}
		for key, profile := range map[string]string{
			"description": `{cron: "0 5 * * *", description: %s}`,
			"timezone":    `{cron: "0 5 * * *", timezone: %s}`,
			"cron":        `{cron: %s}`,
			"calendar":    `{calendar: %s}`,
			"zone":        `{calendar: "daily " %s}`,
			"every":       `{every: %s}`,
			"jitter":      `{cron: "0 5 * * *", jitter: %s}`,
			"overlap":     `{cron: "0 5 * * *", overlap: %s}`,
			"heartbeat":   `{cron: "0 5 * * *", heartbeat: %s}`,
			"env":         `{cron: "0 5 * * *", env: {A: %s}}`,
			"task":        `{cron: "0 5 * * *", tasks: [{name: a, command: [%s], args: {a: %[1]s}, workdir: %[1]s}]}`,
		} {
			text := fmt.Sprintf("defaults: {catch_up: false}\nprofiles:\n  p%d-%s: "+profile+"\n", i, key, quoted)
			units := compileText(t, text)
			for _, u := range units {
				got := slices.DeleteFunc(keysOf(t, u.Content), func(key string) bool { return slices.Contains(timing, key) })
				if diff := gocmp.Diff(want[kindOf(u)], got); diff != "" {
					t.Errorf("%s %.80q: %s", key, s, diff)
				}
			}
			if units != nil {
				accepted++
				writeUnits(t, dir, pairsOf(units))
			}
		}
		if units := compileText(t, fmt.Sprintf("profiles:\n  %s: {cron: \"0 5 * * *\"}\n", quoted)); units != nil {
			accepted++
			writeUnits(t, dir, pairsOf(units))
		}
	}
	t.Logf("%d accepted", accepted)
	verify(t, dir)
}

// TestKeysOfTheHost: no key of a jobs.yaml reaches a directive that is not its own.
func TestKeysOfTheHost(t *testing.T) {
	t.Parallel()
	plain := compileText(t, "profiles:\n  p: {cron: \"0 5 * * *\", tasks: [{name: a, command: \"true\"}]}\n")
	if plain == nil {
		t.Fatal("not accepted")
	}
	for _, key := range []string{
		"nice", "Nice", "user", "User", "group", "run_as", "limits", "sandbox", "memory_max", "MemoryMax", "cpu_quota", "tasks_max",
		"exec_start", "ExecStart", "ExecStartPre", "Environment", "environment_file", "env_file", "unit", "service", "Service", "timer",
		"capabilities", "AmbientCapabilities", "working_directory", "WorkingDirectory", "state_dir", "checkout", "binary", "unit_dir",
		"persistent", "on_calendar", "OnCalendar", "install", "wanted_by", "drop_in", "x-user", "systemd_version", "allow_root",
	} {
		for level, text := range map[string]string{
			"top":      "%s: root\nprofiles:\n  p: {cron: \"0 5 * * *\", tasks: [{name: a, command: \"true\"}]}\n",
			"defaults": "defaults: {%s: root}\nprofiles:\n  p: {cron: \"0 5 * * *\", tasks: [{name: a, command: \"true\"}]}\n",
			"profile":  "profiles:\n  p: {cron: \"0 5 * * *\", %s: root, tasks: [{name: a, command: \"true\"}]}\n",
			"task":     "profiles:\n  p: {cron: \"0 5 * * *\", tasks: [{name: a, command: \"true\", %s: root}]}\n",
			"env":      "profiles:\n  p: {cron: \"0 5 * * *\", env: {%s: root}, tasks: [{name: a, command: \"true\"}]}\n",
		} {
			if got := compileText(t, fmt.Sprintf(text, key)); got != nil {
				if diff := gocmp.Diff(plain, got); diff != "" {
					t.Errorf("%s in %s: %s", key, level, diff)
				}
			}
		}
	}
}

// compileText returns the units of a jobs.yaml, nil if it is refused.
func compileText(t *testing.T, text string) []Unit {
	t.Helper()
	j, found := jobs.Decode("jobs.yaml", []byte(text), jobs.Options{Local: time.UTC, Now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)})
	if jobs.HasErrors(found) {
		return nil
	}
	return render(t, testhost.Host(), j.Profiles...)
}

// FuzzUnits does the same as TestHostile with texts of any kind, but leaves
// systemd out.
func FuzzUnits(f *testing.F) {
	for i, s := range hostileTexts() {
		if len(s) < 1000 {
			f.Add(uint8(i), s)
			f.Add(uint8(i+1), "/srv/"+s)
		}
	}
	f.Fuzz(func(t *testing.T, place uint8, s string) {
		field := fields()[int(place)%len(fields())]
		h, p := testhost.Host(), montimer.Profile{Name: "p", Enabled: true, Schedule: montimer.Schedule{Events: testhost.Events(t, "daily")}}
		field.set(&h, &p, s)
		units, err := Render(h, montimer.Jobs{Profiles: []montimer.Profile{p}})
		if (err == nil) != field.accepts(s) {
			t.Fatalf("%s %q: %v", field.name, s, err)
		}
		if err == nil {
			checkUnits(t, field, s, units, harmless(t, field))
		}
	})
}
