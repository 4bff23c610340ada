package host

import (
	"errors"
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
		"defaults of root": {root(), Settings{}, montimer.Host{
			Checkout: "/root", StateDir: "/var/lib/montimer",
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
	write("checkout: /from/config\nstate_dir: /from/config\nrun_as: config\nallow_root: true\n")
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

	write("checkotu: /typo\n")
	if _, err := ReadConfig(config); err == nil || !strings.Contains(err.Error(), "checkotu") {
		t.Errorf("unknown key: %v", err)
	}
	for _, key := range []string{"jobs", "checkout", "state_dir", "env_file", "unit_dir", "binary"} {
		write("run_as: ann\n" + key + ": some/where\n")
		if _, err := ReadConfig(config); err == nil || !strings.Contains(err.Error(), config+": line 2: "+key+`: "some/where" is relative`) {
			t.Errorf("relative path: %v", err)
		}
	}
	write("")
	if got, err := ReadConfig(config); err != nil || !cmp.Equal(got, Settings{}) {
		t.Errorf("empty file: %v, %v", got, err)
	}
	if _, err := ReadConfig(config + ".none"); err != nil {
		t.Errorf("missing file: %v", err)
	}
}
