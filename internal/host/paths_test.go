package host

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

// TestHidden has what systemd 252 did with each path in each sandbox.
func TestHidden(t *testing.T) {
	t.Parallel()
	good := montimer.Host{
		Checkout: "/srv/app", JobsFile: "/srv/app/jobs.yaml", StateDir: "/var/lib/montimer", EnvFile: "/etc/montimer/env", Binary: "/usr/local/bin/montimer",
	}
	const (
		tmp    = ": the services have their own /tmp, so every run would fail: use a directory such as /srv"
		varTmp = ": the services have their own /var/tmp, so every run would fail: use a directory such as /srv"
		home   = ": the sandbox strict hides /home, so every run would fail: use a directory such as /srv, or the sandbox default"
	)
	with := func(change func(*montimer.Host)) montimer.Host {
		h := good
		change(&h)
		return h
	}
	checkout := func(dir string) montimer.Host {
		return with(func(h *montimer.Host) { h.Checkout, h.JobsFile = dir, dir+"/jobs.yaml" })
	}
	sandboxed := func(h montimer.Host, sandboxes map[string]montimer.Sandbox) montimer.Host {
		h.Sandboxes = sandboxes
		return h
	}
	all := func(s montimer.Sandbox) map[string]montimer.Sandbox { return map[string]montimer.Sandbox{"*": s} }
	for name, tc := range map[string]struct {
		host montimer.Host
		want []string
	}{
		"nothing":                  {good, nil},
		"like it, but not it":      {checkout("/tmpfs/app"), nil},
		"the checkout":             {checkout("/tmp/app"), []string{"checkout /tmp/app" + tmp}},
		"/tmp itself":              {checkout("/tmp"), []string{"checkout /tmp" + tmp}},
		"jobs.yaml elsewhere":      {with(func(h *montimer.Host) { h.JobsFile = "/tmp/jobs.yaml" }), []string{"jobs /tmp/jobs.yaml" + tmp}},
		"the state directory":      {with(func(h *montimer.Host) { h.StateDir = "/var/tmp/state" }), []string{"state_dir /var/tmp/state" + varTmp}},
		"the environment file":     {with(func(h *montimer.Host) { h.EnvFile = "/tmp/env" }), []string{"env_file /tmp/env" + tmp}},
		"the program":              {with(func(h *montimer.Host) { h.Binary = "/tmp/montimer" }), []string{"binary /tmp/montimer" + tmp}},
		"home is seen by default":  {checkout("/home/deploy/app"), nil},
		"but not in strict":        {sandboxed(checkout("/home/deploy/app"), all(montimer.SandboxStrict)), []string{"checkout /home/deploy/app" + home}},
		"nor in that of one":       {sandboxed(checkout("/home/deploy/app"), map[string]montimer.Sandbox{"two": "strict"}), []string{"checkout /home/deploy/app" + home}},
		"of one that does not run": {sandboxed(checkout("/home/deploy/app"), map[string]montimer.Sandbox{"three": "strict"}), nil},
		"host hides nothing":       {sandboxed(checkout("/tmp/app"), all(montimer.SandboxHost)), nil},
	} {
		var got []string
		for _, p := range Hidden(tc.host, []string{"one", "two"}) {
			got = append(got, p.String())
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	none := func(string) bool { return true }
	h := montimer.Host{Checkout: "/srv/app", StateDir: "/srv/cache", User: "deploy", Group: "www"}
	want := []string{
		"checkout /srv/app does not exist: clone it there as deploy, or change checkout in /etc/montimer/config.yaml",
		"state_dir /srv/cache does not exist: install -d -o deploy -g www -m 750 /srv/cache",
	}
	if diff := cmp.Diff(want, Missing(h, none)); diff != "" {
		t.Error(diff)
	}
	h.StateDir = "/var/lib/other/montimer"
	if got := Missing(h, none); len(got) != 1 {
		t.Error(got)
	}
	if got := Missing(h, func(string) bool { return false }); got != nil {
		t.Error(got)
	}
}

func TestShared(t *testing.T) {
	t.Parallel()
	h := montimer.Host{Instance: "b", StateDir: "/var/lib/montimer-b", Checkout: "/srv/b"}
	others := map[montimer.Instance]Settings{"": {Checkout: "/srv/app"}, "c": {Checkout: "/srv/c", StateDir: "/srv/state"}}
	for name, tc := range map[string]struct {
		change            func(*montimer.Host)
		problem, warnings string
	}{
		"nothing":                        {func(*montimer.Host) {}, "", ""},
		"the state of the default one":   {func(h *montimer.Host) { h.StateDir = "/var/lib/montimer" }, "state_dir /var/lib/montimer is also that of the instance of /etc/montimer/config.yaml", ""},
		"the state of another":           {func(h *montimer.Host) { h.StateDir = "/srv/state" }, "/etc/montimer/c.yaml", ""},
		"the checkout of the default":    {func(h *montimer.Host) { h.Checkout = "/srv/app" }, "", "checkout /srv/app is also that of the instance of /etc/montimer/config.yaml"},
		"a state directory below theirs": {func(h *montimer.Host) { h.StateDir = "/srv/state/b" }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := h
			tc.change(&h)
			problems, warnings := Shared(h, others)
			for got, want := range map[string]string{strings.Join(problems, "\n"): tc.problem, strings.Join(warnings, "\n") + " ": tc.warnings} {
				if !strings.Contains(got, want) || want == "" && strings.TrimSpace(got) != "" {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
}
