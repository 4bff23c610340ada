package montimer_test

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/montimer/montimer"
)

func TestParseInstance(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "a", "staging", "b2", strings.Repeat("x", 32), "jobs", "job2"} {
		if got, err := montimer.ParseInstance(good); err != nil || string(got) != good {
			t.Errorf("%q: %q, %v", good, got, err)
		}
	}
	if got, err := montimer.ParseInstance("default"); err != nil || got != "" {
		t.Errorf("the default instance: %q, %v", got, err)
	}
	for _, bad := range []string{
		"A", "2b", "a-b", "a.b", "a_b", "a/b", "a b", "ä", "a\n", "-a", "@", strings.Repeat("x", 33),
		"job", "outbox", "failure", "alarm", "apply", "sync", "tmp", "config", "env", "pause", "api", "backup", "request", "montimer",
	} {
		if got, err := montimer.ParseInstance(bad); err == nil {
			t.Errorf("%q is taken as %q", bad, got)
		}
	}
}

// unitsOf are the names of all units that an instance can have, by what they are;
// TestEveryUnitIsNamed of package compiler holds that there are no others.
func unitsOf(i montimer.Instance, profile string) map[string]string {
	units := map[string]string{"target": i.Target()}
	for _, name := range []string{
		"alarm@.service", "api.service", "api.socket", "apply.service", "apply.socket", "apply.timer", "backup.service", "backup.timer", "failure@.service", "outbox.service", "outbox.timer", "tmp.service",
	} {
		units[name] = i.Unit(name)
	}
	for _, p := range []string{profile, montimer.GitSync, montimer.Report} {
		units["timer of "+p], units["service of "+p] = i.Timer(p), i.Service(p)
	}
	units["tasks of "+profile] = i.Services(profile)[1]
	units["failure of "+profile] = strings.Replace(i.Unit("failure@.service"), "@", "@"+i.Service(profile), 1)
	return units
}

func placesOf(i montimer.Instance) []string {
	return []string{
		i.ConfigFile(), i.EnvFile(), i.PauseDir(), i.StateDir(), i.CacheDir(), i.RunDir(), i.RequestFIFO(), i.APISocket(),
		path.Join(i.PauseDir(), "p"), path.Join(i.RunDir(), "compile.lock"),
	}
}

// instances draws names of instances, the default one and such that look like a
// part of another name among them.
func instances() *rapid.Generator[montimer.Instance] {
	return rapid.Custom(func(t *rapid.T) montimer.Instance {
		name := rapid.OneOf(
			rapid.SampledFrom([]string{"", "a", "jo", "jobs", "job1", "x", "tmp1", "outboxes", "syn", "p", "timer", "service", "request2", "lib"}),
			rapid.StringMatching(`[a-z][a-z0-9]{0,31}`),
		).Draw(t, "name")
		i, err := montimer.ParseInstance(name)
		if err != nil {
			t.Skip(err)
		}
		return i
	})
}

// profiles draws names of profiles, such that look like units among them.
func profiles() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"a", "job-a", "a-job-a", "tmp", "sync", "outbox", "jobs-job-p", "p.timer", "p.service", "x.target", "montimer-a-job-p"}),
		rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9_.-]{0,63}`),
	)
}

// TestInstancesShareNothing: no unit, file or directory of an instance is that of
// another, whatever their profiles are called, and no file of one is below a
// directory of another.
func TestInstancesShareNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i, j := instances().Draw(t, "one"), instances().Draw(t, "other")
		if i == j {
			return
		}
		p, q := profiles().Draw(t, "its profile"), profiles().Draw(t, "the other's")
		owner := map[string]string{}
		for what, name := range unitsOf(i, p) {
			owner[name] = what
			if len(name) > 255 {
				t.Errorf("%s has %d bytes: systemd takes 255", name, len(name))
			}
		}
		for what, name := range unitsOf(j, q) {
			if mine, taken := owner[name]; taken {
				t.Errorf("%s is the %s of %q and the %s of %q", name, mine, i, what, j)
			}
			if profile, ok := i.ProfileOf(name); ok {
				t.Errorf("%s of %q passes for the profile %q of %q", name, j, profile, i)
			}
		}
		for _, a := range placesOf(i) {
			for _, b := range placesOf(j) {
				if a == b || strings.HasPrefix(a, b+"/") {
					t.Errorf("%q and %q share %s and %s", i, j, a, b)
				}
			}
		}
	})
}

// TestUnitNamesParse: the name of each unit says by itself whose it is.
func TestUnitNamesParse(t *testing.T) {
	t.Parallel()
	first := regexp.MustCompile(`^montimer(?:-([a-z][a-z0-9]*))?[-.@]`)
	rapid.Check(t, func(t *rapid.T) {
		i, p := instances().Draw(t, "instance"), profiles().Draw(t, "profile")
		for what, name := range unitsOf(i, p) {
			word := ""
			if m := first.FindStringSubmatch(name); m != nil {
				word = m[1]
			}
			whose := montimer.Instance(word)
			if _, err := montimer.ParseInstance(word); err != nil { // a name of ours
				whose = ""
			}
			if whose != i {
				t.Errorf("%s, the %s of %q, passes for one of %q", name, what, i, whose)
			}
		}
		for _, profile := range []string{p, montimer.GitSync, montimer.Report} {
			for _, unit := range []string{i.Timer(profile), i.Service(profile)} {
				if got, ok := i.ProfileOf(unit); !ok || got != profile {
					t.Errorf("%s is of %q, %v", unit, got, ok)
				}
			}
		}
	})
}

// TestDefaultInstance: its names are what they have always been.
func TestDefaultInstance(t *testing.T) {
	t.Parallel()
	var i montimer.Instance
	got := append(placesOf(i), i.Target(), i.Timer("p"), i.Service("p"), i.Service(montimer.GitSync), i.Unit("outbox.timer"), i.Command("list"), i.Of("p"))
	want := strings.Fields("/etc/montimer/config.yaml /etc/montimer/env /etc/montimer/pause /var/lib/montimer /var/cache/montimer /run/montimer " +
		"/run/montimer-request.fifo /run/montimer-api.sock /etc/montimer/pause/p /run/montimer/compile.lock " +
		"montimer.target montimer-job-p.timer montimer-job-p.service montimer-sync.service montimer-outbox.timer montimer:list p")
	for n := range want {
		want[n] = strings.Replace(want[n], ":", " ", 1)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
