package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/testhost"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
)

func render(t testing.TB, h montimer.Host, profiles ...montimer.Profile) []compiler.Unit {
	t.Helper()
	units, err := compiler.Render(h, montimer.Jobs{Profiles: profiles})
	if err != nil {
		t.Fatal(err)
	}
	return units
}

func installed(units []compiler.Unit) unitdir.Installed {
	have := unitdir.Installed{Files: map[string]string{}}
	for _, u := range units {
		have.Files[u.Name] = u.Content
	}
	return have
}

func TestReschedulings(t *testing.T) {
	t.Parallel()
	profile := func(name string, specs ...string) montimer.Profile {
		return montimer.Profile{Name: name, Enabled: true, Schedule: montimer.Schedule{Events: testhost.Events(t, specs...)}}
	}
	same, moved, gone, new := profile("same", "daily"), profile("moved", "daily"), profile("gone", "daily"), profile("new", "hourly")
	have := installed(render(t, testhost.Host(), same, moved, gone))
	same.Description = "in other words"
	moved.Schedule.Events = testhost.Events(t, "weekly")
	want := render(t, testhost.Host(), same, moved, new)

	got := Reschedulings(want, have)
	day, week, hour := timer.Timer{Schedule: gone.Schedule}, timer.Timer{Schedule: moved.Schedule}, timer.Timer{Schedule: new.Schedule}
	if diff := cmp.Diff([]Rescheduling{{"gone", &day, nil}, {"moved", &day, &week}, {"new", nil, &hour}}, got); diff != "" {
		t.Error(diff)
	}

	// The files of a profile that was removed are kept once more: it is not active.
	have = installed(want)
	have.Files[montimer.Instance("").Timer("gone")] = installed(render(t, testhost.Host(), gone)).Files[montimer.Instance("").Timer("gone")]
	got = Reschedulings(render(t, testhost.Host(), same, moved, new, gone), have)
	if diff := cmp.Diff([]Rescheduling{{"gone", nil, &day}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSandboxChanges(t *testing.T) {
	t.Parallel()
	h := testhost.Host()
	have := installed(render(t, h, testhost.Profiles(t)...))
	have.Files[montimer.Instance("").Service("monotonic")] = unitfile.BlankHeader("0.1.0") + "[Service]\n"
	h.Sandboxes = map[string]montimer.Sandbox{montimer.AllOthers: montimer.SandboxStrict}
	h.Checkout = "/elsewhere"
	plan, err := unitdir.Plan(render(t, h, testhost.Profiles(t)...), have)
	if err != nil {
		t.Fatal(err)
	}
	want := []SandboxChange{
		{"default: exposure 2.0", "strict: exposure 1.4", []string{"hourly", "two-lines"}},
		{"", "strict: exposure 1.4", []string{"monotonic"}},
	}
	if diff := cmp.Diff(want[:1], SandboxChanges("", plan)[:1]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[1:], SandboxChanges("", plan)[1:]); diff != "" {
		t.Error(diff)
	}
}
