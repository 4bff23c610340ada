package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

func process() Process {
	return Process{
		User: "ann", Dir: "/home/ann/app", Executable: "/opt/montimer", Home: "/home/ann",
		LookupGroup: func(user string) (string, error) {
			if user == "nobody-here" {
				return "", errors.New("unknown user")
			}
			return user + "-group", nil
		},
		RegularFile: func(path string) bool { return path == "/srv/old/automation/jobs.yaml" },
	}
}

func root() Process {
	p := process()
	p.Root, p.User, p.Dir = true, "root", "/root"
	return p
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		process Process
		given   Settings
		want    montimer.Host
	}{
		"defaults of a user": {process(), Settings{}, montimer.Host{
			Checkout: "/home/ann/app", JobsFile: "/home/ann/app/jobs.yaml", StateDir: "/home/ann/.local/state/montimer",
			EnvFile: "/etc/montimer/env", UnitDir: "/usr/local/lib/systemd/system", Binary: "/opt/montimer",
		}},
		"a user on a host that is set up": {process(), Settings{RunAs: "ann", Checkout: "/srv/app"}, montimer.Host{
			Checkout: "/srv/app", JobsFile: "/srv/app/jobs.yaml", StateDir: "/var/lib/montimer",
			EnvFile: "/etc/montimer/env", UnitDir: "/usr/local/lib/systemd/system", Binary: "/opt/montimer",
		}},
		"another instance": {root(), Settings{Instance: "other"}, montimer.Host{
			Instance: "other", Checkout: "/root", StateDir: "/var/lib/montimer-other",
			EnvFile: "/etc/montimer/other.env", UnitDir: "/usr/local/lib/systemd/system", Binary: "/opt/montimer",
		}},
		"another instance of a user": {process(), Settings{Instance: "other"}, montimer.Host{
			Instance: "other", Checkout: "/home/ann/app", JobsFile: "/home/ann/app/jobs.yaml", StateDir: "/home/ann/.local/state/montimer-other",
			EnvFile: "/etc/montimer/other.env", UnitDir: "/usr/local/lib/systemd/system", Binary: "/opt/montimer",
		}},
		"defaults of root": {root(), Settings{}, montimer.Host{
			Checkout: "/root", StateDir: "/var/lib/montimer",
			EnvFile: "/etc/montimer/env", UnitDir: "/usr/local/lib/systemd/system", Binary: "/opt/montimer",
		}},
		"root, whose tasks run as root": {root(), Settings{Checkout: "/srv/old", RunAs: "root:adm", AllowRoot: true}, montimer.Host{
			Checkout: "/srv/old", JobsFile: "/srv/old/automation/jobs.yaml", StateDir: "/var/lib/montimer", AllowRoot: true,
			EnvFile: "/etc/montimer/env", UnitDir: "/usr/local/lib/systemd/system", Binary: "/opt/montimer",
		}},
		"root, whose tasks run as another user": {root(), Settings{Checkout: "/srv/old", RunAs: "deploy", AllowRoot: true}, montimer.Host{
			Checkout: "/srv/old", StateDir: "/var/lib/montimer", AllowRoot: true,
			EnvFile: "/etc/montimer/env", UnitDir: "/usr/local/lib/systemd/system", Binary: "/opt/montimer",
		}},
		"the Python runner's place of jobs.yaml": {process(), Settings{Checkout: "/srv/old/"}, montimer.Host{
			Checkout: "/srv/old", JobsFile: "/srv/old/automation/jobs.yaml", StateDir: "/home/ann/.local/state/montimer",
			EnvFile: "/etc/montimer/env", UnitDir: "/usr/local/lib/systemd/system", Binary: "/opt/montimer",
		}},
		"relative to the current directory": {process(), Settings{
			Checkout: "co", Jobs: "../j.yaml", StateDir: "s", EnvFile: "e", UnitDir: "out", Binary: "./m", Timezone: "Asia/Kolkata",
		}, montimer.Host{
			Checkout: "/home/ann/app/co", JobsFile: "/home/ann/j.yaml", StateDir: "/home/ann/app/s", EnvFile: "/home/ann/app/e",
			UnitDir: "/home/ann/app/out", Binary: "/home/ann/app/m", Timezone: "Asia/Kolkata",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.want.Sync = montimer.Sync{Remote: "origin", Branch: "main", Timeout: time.Minute}
			tc.want.Capacity = montimer.DefaultCapacity()
			got, err := Resolve(tc.process, tc.given)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := Resolve(root(), Settings{Timezone: "Mars/Olympus"}); err == nil {
		t.Error("a zone that does not exist was accepted")
	}
}

func TestRunAs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		process   Process
		given     Settings
		want, err string
	}{
		{"a user runs as itself", process(), Settings{}, "ann:ann-group", ""},
		{"root has to say", root(), Settings{}, "", "--run-as"},
		{"root says", root(), Settings{RunAs: "deploy"}, "deploy:deploy-group", ""},
		{"with a group", root(), Settings{RunAs: "deploy:www"}, "deploy:www", ""},
		{"a group spares the lookup", root(), Settings{RunAs: "nobody-here:www"}, "nobody-here:www", ""},
		{"no such user", root(), Settings{RunAs: "nobody-here"}, "", "unknown user"},
		{"not root", root(), Settings{RunAs: "root"}, "", "allow_root"},
		{"not uid 0", root(), Settings{RunAs: "0:0"}, "", "allow_root"},
		{"root on purpose", root(), Settings{RunAs: "root", AllowRoot: true}, "root:root-group", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			user, group, err := RunAs(tc.process, tc.given)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want one with %q", err, tc.err)
				}
				return
			}
			if err != nil || user+":"+group != tc.want {
				t.Errorf("%s:%s, %v; want %s", user, group, err, tc.want)
			}
		})
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "config.yaml")
	write := func(content string) {
		if err := os.WriteFile(config, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("checkout: /from/config\nstate_dir: /from/config\nrun_as: config\nallow_root: yes\n")
	fromConfig, err := ReadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"REPO_ROOT": "/from/env", "CACHE_DIR": "/from/env", "MONTIMER_STATE_DIR": "/from/env/own"}
	got := Settings{RunAs: "flag"}.Or(FromEnvironment(func(k string) string { return environment[k] })).Or(fromConfig)
	want := Settings{RunAs: "flag", Checkout: "/from/env", StateDir: "/from/env/own", AllowRoot: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	write("")
	if got, err := ReadConfig(config); err != nil || !cmp.Equal(got, Settings{}) {
		t.Errorf("empty file: %v, %v", got, err)
	}
	if _, err := ReadConfig(config + ".none"); err != nil {
		t.Errorf("missing file: %v", err)
	}
}

// TestConfigMistakes: all mistakes of a config file at once, each at its place
// and with the way to fix it.
func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config string
		want   []string // lines without the name of the file
	}{
		"many at once": {"chekout: /srv/app\nrun_as: [deploy]\nstate_dir: var\ntimezone: Mars/Olympus\nallow_root: maybe\nsystemd_version: new\nsync: {evry: 1h, timeout: 2h}\n", []string{
			`:1:1: unknown key "chekout"; did you mean checkout?`,
			`:2:9: run_as: a list: write one text`,
			`:3:12: state_dir: "var" is a relative path, and the services run in another directory: write an absolute path`,
			`:4:11: timezone: "Mars/Olympus" is not in tzdata: write a name such as Europe/Berlin (timedatectl list-timezones)`,
			`:5:13: allow_root: "maybe": write true or false`,
			`:6:18: systemd_version: "new": write a number such as 252 (systemctl --version)`,
			`:7:8: sync: unknown key "evry"; did you mean every?`,
			`:7:27: sync: timeout: "2h": must be from 1s to 1h`,
		}},
		"names of other tools": {"user: deploy\nprofiles: {}\nxyzzy: 1\n", []string{
			`:1:1: unknown key "user"; the setting is called run_as`,
			`:2:1: unknown key "profiles"; it belongs in jobs.yaml`,
			`:3:1: unknown key "xyzzy"; known keys: checkout, run_as, jobs, state_dir, env_file, unit_dir, binary, timezone, systemd_version, allow_root, sync, serve, backup, sandbox, limits, capacity, umask, write`,
		}},
		"twice":             {"run_as: a\nrun_as: b\n", []string{`:2:1: the key "run_as" is there twice, first in line 1: remove one`}},
		"no YAML":           {"checkout: /srv/app\nrun_as: a: b\n", []string{`:2: not valid YAML: mapping values are not allowed in this context: write each setting as key: value`}},
		"a list":            {"- checkout\n", []string{`:1:1: a list: write a mapping such as checkout: /srv/app`}},
		"a text":            {"checkout\n", []string{`:1:1: "checkout": write a mapping such as checkout: /srv/app`}},
		"two documents":     {"run_as: a\n---\nrun_as: b\n", []string{`:2:1: a second document begins here: remove the line ---`}},
		"what is not set":   {"checkout:\nsync:\nallow_root:\nsandbox: ~\nlimits:\nsystemd_version:\n", nil},
		"only a comment":    {"# nothing\n", nil},
		"an anchor is used": {"checkout: &app /srv/app\njobs: *app\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(config, []byte(tc.config), 0o600); err != nil {
				t.Fatal(err)
			}
			var got []string
			if _, err := ReadConfig(config); err != nil {
				got = strings.Split(strings.ReplaceAll(err.Error(), config, ""), "\n")
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Without a home directory there is no state directory below the current one.
func TestNoHome(t *testing.T) {
	t.Parallel()
	p := process()
	p.Home = ""
	if h, err := Resolve(p, Settings{}); err == nil || !strings.Contains(err.Error(), "MONTIMER_STATE_DIR") {
		t.Errorf("%s, %v", h.StateDir, err)
	}
	for _, s := range []Settings{{StateDir: "/s"}, {RunAs: "deploy"}} {
		if _, err := Resolve(p, s); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestCapacity(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config.yaml")
	for text, want := range map[string]string{
		"capacity: {profiles: 3000}":        "{3000 100 36000}",
		"capacity: {starts_per_hour: 7200}": "{1000 100 7200}",
		"capacity: {profiles: 0}":           ":1:22: capacity: profiles: \"0\": write a number from 1 to 1000000",
		"capacity: 5":                       ":1:11: capacity: \"5\": write a mapping such as {profiles: 1000}",
		"capacity: {timers: 5}":             ":1:12: capacity: unknown key \"timers\"; known keys: profiles, calendar_events, starts_per_hour",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := ReadConfig(path)
		got := fmt.Sprint(s.Capacity)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
