package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

func TestConfinement(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config string
		want   Settings
		err    string
	}{
		"one sandbox for all": {"sandbox: strict", Settings{Sandbox: sandboxes{"*": "strict"}}, ""},
		"by profile": {"sandbox: {'*': strict, old: host, web: default}",
			Settings{Sandbox: sandboxes{"*": "strict", "old": "host", "web": "default"}}, ""},
		"limits, with those of all others": {`limits: {"*": {memory_max: 512M, tasks_max: 200}, big: {memory_max: 2G, nice: -5}}`,
			Settings{Limits: limits{
				"*":   {{Directive: "MemoryMax", Value: "512M"}, {Directive: "TasksMax", Value: "200"}},
				"big": {{Directive: "MemoryMax", Value: "2G"}, {Directive: "TasksMax", Value: "200"}, {Directive: "Nice", Value: "-5"}},
			}}, ""},
		"every limit": {`limits: {a: {memory_high: 10%, memory_max: infinity, memory_swap_max: 0, cpu_quota: 150%, cpu_weight: 10000, io_weight: 1, tasks_max: infinity, open_files: 1024, output: 1G, nice: 19}}`,
			Settings{Limits: limits{"a": {
				{Directive: "MemoryHigh", Value: "10%"}, {Directive: "MemoryMax", Value: "infinity"}, {Directive: "MemorySwapMax", Value: "0"},
				{Directive: "CPUQuota", Value: "150%"}, {Directive: "CPUWeight", Value: "10000"}, {Directive: "IOWeight", Value: "1"},
				{Directive: "TasksMax", Value: "infinity"}, {Directive: "LimitNOFILE", Value: "1024"}, {Directive: "Environment", Value: "MONTIMER_OUTPUT_MAX=1G"}, {Directive: "Nice", Value: "19"},
			}}}, ""},
		"systemd": {"systemd_version: 257", Settings{SystemdVersion: 257}, ""},

		"umask":               {"umask: 027", Settings{Umask: "027"}, ""},
		"umask of all":        {"umask: '0000'", Settings{Umask: "0000"}, ""},
		"writable for all":    {"write: [/srv/www/, /mnt/a b]", Settings{Write: writable{"*": {"/srv/www", "/mnt/a b"}}}, ""},
		"writable by profile": {"write: {'*': [/srv/www], a: [/mnt/a]}", Settings{Write: writable{"*": {"/srv/www"}, "a": {"/mnt/a"}}}, ""},

		"umask in decimal":      {"umask: 18", Settings{}, `config.yaml:1:8: umask: "18": write octal digits such as 0022 or 0027`},
		"umask with flags":      {"umask: 2022", Settings{}, "umask"},
		"umask in words":        {"umask: u=rwx", Settings{}, "umask"},
		"write a text":          {"write: /srv/www", Settings{}, `write: "/srv/www": write a mapping such as`},
		"write a list of lists": {"write: [[/srv]]", Settings{}, "write: a list is not a path from / on"},
		"write a relative path": {"write: {a: [www]}", Settings{}, `config.yaml:1:13: write: "www" is not a path from / on`},
		"write /tmp":            {"write: [/var/tmp/../../tmp/x]", Settings{}, "is in /tmp, of which services have their own"},
		"write everything":      {"write: [/]", Settings{}, "which root or systemd relies on"},
		"write settings":        {"write: [/etc/montimer]", Settings{}, "is, holds or is in /etc, which root or systemd relies on"},
		"write units":           {"write: [/usr/local/lib/systemd/system]", Settings{}, "/usr"},
		"write a parent":        {"write: [/var]", Settings{}, "/var/lib/systemd"},
		"write the bus":         {"write: [/run]", Settings{}, "/run/systemd"},
		"write quotes":          {`write: ['/srv/"x']`, Settings{}, "holds a quote or a backslash"},
		"write nothing":         {"write: {a: }", Settings{}, "write: nothing: write a list of paths"},

		"unknown sandbox":   {"sandbox: {a: lax}", Settings{}, `config.yaml:1:14: sandbox: "lax": write strict, default or host`},
		"empty sandbox":     {"sandbox: ''", Settings{}, "write strict"},
		"sandbox in a list": {"sandbox: [strict]", Settings{}, "config.yaml:1:10: sandbox: a list: write a mapping such as"},
		"sandbox in depth":  {"sandbox: {a: {b: strict}}", Settings{}, "write strict"},
		"unknown limit":     {"limits:\n  a: {memory: 5M}", Settings{}, `config.yaml:2:7: limits of a: unknown key "memory"; known keys: memory_high, memory_max,`},
		"twice":             {"limits:\n  a: {nice: 1}\n  a: {nice: 2}", Settings{}, `config.yaml:3:3: limits: the key "a" is there twice, first in line 2`},
		"without a profile": {"limits: {memory_max: 5M}", Settings{}, `config.yaml:1:22: limits of memory_max: "5M": write a mapping such as {memory_max: 512M,`},
		"only a number":     {"limits: 5M", Settings{}, `config.yaml:1:9: limits: "5M": write a mapping such as {"*": {memory_max`},
		"unit":              {"limits: {a: {memory_max: 512MB}}", Settings{}, `memory_max: "512MB": write a size such as`},
		"no percent":        {"limits: {a: {cpu_quota: 50}}", Settings{}, "cpu_quota"},
		"share of output":   {"limits: {a: {output: 5%}}", Settings{}, "output"},
		"octal":             {"limits: {a: {tasks_max: 010}}", Settings{}, "tasks_max"},
		"weight":            {"limits: {a: {io_weight: 10001}}", Settings{}, "io_weight"},
		"too nice":          {"limits: {a: {nice: 20}}", Settings{}, "nice"},
		"more lines":        {`limits: {a: {nice: "1\nUser=root"}}`, Settings{}, "nice"},
		"null":              {"limits: {a: {nice: }}", Settings{}, "nice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(path, []byte(tc.config), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := ReadConfig(path)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want one with %q", err, tc.err)
				}
				return
			}
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

// TestOneSource: a source that sets limits sets all of them.
func TestOneSource(t *testing.T) {
	t.Parallel()
	first := Settings{Sandbox: sandboxes{"a": montimer.SandboxHost}}
	second := Settings{Sandbox: sandboxes{"b": montimer.SandboxHost}, Limits: limits{"b": nil}, SystemdVersion: 255,
		Umask: "0027", Write: writable{"a": nil}}
	want := Settings{Sandbox: first.Sandbox, Limits: second.Limits, SystemdVersion: 255, Umask: "0027", Write: second.Write}
	if diff := cmp.Diff(want, first.Or(second)); diff != "" {
		t.Error(diff)
	}
}

// TestWritable: no setting opens what root relies on, wherever the host keeps it.
func TestWritable(t *testing.T) {
	t.Parallel()
	for path, ok := range map[string]bool{
		"/srv/www": true, "/opt/m": false, "/opt/m/bin/montimer": false, "/opt": false, "/srv/units/x": false, "/srv": false, "/opt/mine": true,
	} {
		h, err := Resolve(process(), Settings{Write: writable{"*": {path}}, Binary: "/opt/m/bin/montimer", UnitDir: "/srv/units"})
		if (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
		if err != nil {
			continue
		}
		if missing := Unwritten(h, func(string) bool { return false }); !cmp.Equal(missing, []string{path}) {
			t.Errorf("missing: %v", missing)
		}
		if missing := Unwritten(h, func(string) bool { return true }); missing != nil {
			t.Errorf("missing: %v", missing)
		}
	}
}
