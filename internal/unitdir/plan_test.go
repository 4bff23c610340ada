package unitdir

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/testhost"
)

const targetName = "montimer.target" // of the default instance

func render(t testing.TB, h montimer.Host, profiles ...montimer.Profile) []compiler.Unit {
	t.Helper()
	units, err := compiler.Render(h, montimer.Jobs{Profiles: profiles})
	if err != nil {
		t.Fatal(err)
	}
	return units
}

func installed(units []compiler.Unit) Installed {
	have := Installed{Files: map[string]string{}}
	for _, u := range units {
		have.Files[u.Name] = u.Content
	}
	return have
}

func TestPlan(t *testing.T) {
	t.Parallel()
	a := montimer.Profile{Name: "a", Enabled: true, Schedule: montimer.Schedule{Events: testhost.Events(t, "daily")}}
	b := montimer.Profile{Name: "b", Enabled: true, Schedule: montimer.Schedule{Events: testhost.Events(t, "daily")}}
	moved := a
	moved.Schedule = montimer.Schedule{Events: testhost.Events(t, "hourly")}
	off := b
	off.Enabled = false
	both, onlyA := render(t, testhost.Host(), a, b), render(t, testhost.Host(), a)

	gone := installed(both) // as the first compile after b was removed leaves it
	gone.Files[targetName] = installed(onlyA).Files[targetName]

	serves := testhost.Host()
	serves.Serve.Enabled = true
	serve := render(t, serves, a)
	silent := installed(serve) // as the first compile without serve: leaves it
	silent.Files[targetName] = installed(onlyA).Files[targetName]

	backs := testhost.Host()
	backs.Backup = montimer.Backup{Dir: "/mnt/backup", Every: time.Hour, Keep: 1}
	backup := installed(onlyA)
	for _, u := range render(t, backs, a) {
		if u.Name == targetName || strings.HasPrefix(u.Name, "montimer-backup.") {
			backup.Files[u.Name] = u.Content
		}
	}
	without := Installed{Files: maps.Clone(backup.Files)} // as the first compile without backup: leaves it
	without.Files[targetName] = installed(onlyA).Files[targetName]

	brought := installed(onlyA)
	for _, name := range []string{"montimer-failure@.service", "montimer-outbox.service", "montimer-outbox.timer", "montimer-apply.socket"} {
		brought.Files[name] = "[Unit]\nDescription=Report the failure of %i\nDocumentation=https://github.com/montimer/montimer\n"
	}

	foreign := installed(nil)
	foreign.Files["montimer-job-a.timer"] = "[Timer]\n"
	foreign.Files["montimer-job-mine.service"] = "[Service]\n"

	for name, tc := range map[string]struct {
		want []compiler.Unit
		have Installed
		plan string
		err  string
	}{
		"first": {onlyA, installed(nil), "create montimer-alarm@.service, create montimer-apply.service, create montimer-apply.socket, create montimer-apply.timer, " +
			"create montimer-failure@.service, create montimer-job-a.service, create montimer-job-a.timer, " +
			"create montimer-outbox.service, create montimer-outbox.timer, create montimer-tmp.service, create montimer.target", ""},
		"those that a release before brought": {onlyA, brought, "update montimer-apply.socket, update montimer-failure@.service, update montimer-outbox.service, update montimer-outbox.timer", ""},

		"same":  {both, installed(both), "", ""},
		"added": {both, installed(onlyA), "create montimer-job-b.service, create montimer-job-b.timer, update montimer.target", ""},
		"cadence": {render(t, testhost.Host(), moved, b), installed(both),
			"update montimer-job-a.timer", ""},
		"removed, first compile": {onlyA, installed(both),
			"keep montimer-job-b.service, keep montimer-job-b.timer, update montimer.target", ""},
		"removed, second compile": {onlyA, gone, "remove montimer-job-b.service, remove montimer-job-b.timer", ""},
		"disabled is removed": {render(t, testhost.Host(), a, off), installed(both),
			"keep montimer-job-b.service, keep montimer-job-b.timer, update montimer.target", ""},
		"back before the second compile": {both, gone, "update montimer.target", ""},
		"serving":                        {serve, installed(onlyA), "create montimer-api.service, create montimer-api.socket, update montimer.target", ""},
		"serving no more, first compile": {onlyA, installed(serve),
			"keep montimer-api.service, keep montimer-api.socket, update montimer.target", ""},
		"backed up no more, first compile":  {onlyA, backup, "keep montimer-backup.service, keep montimer-backup.timer, update montimer.target", ""},
		"backed up no more, second compile": {onlyA, without, "remove montimer-backup.service, remove montimer-backup.timer", ""},
		"serving no more, second compile":   {onlyA, silent, "remove montimer-api.service, remove montimer-api.socket", ""},
		"not ours":                          {onlyA, foreign, "", "montimer-job-a.timer exists and was not written by montimer"},
		"not ours, not wanted":              {nil, foreign, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := Plan(tc.want, tc.have)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error %v, want %q", err, tc.err)
				}
				return
			}
			var steps []string
			for _, c := range plan {
				steps = append(steps, string(c.Action)+" "+c.Name)
			}
			if got := strings.Join(steps, ", "); err != nil || got != tc.plan {
				t.Errorf("%v\n got %s\nwant %s", err, got, tc.plan)
			}
		})
	}
}

// TestHeader: a change of one profile leaves the units of the others alone, and so
// does another version that writes the same.
func TestHeader(t *testing.T) {
	t.Parallel()
	profiles := testhost.Profiles(t)
	before := installed(render(t, testhost.Host(), profiles...))
	profiles[0].Description = "something else"
	for name, unit := range before.Files { // as before, by another version
		before.Files[name] = strings.Replace(unit, "written by montimer ", "written by montimer 0.0.", 1)
	}
	changes, err := Plan(render(t, testhost.Host(), profiles...), before)
	want := []Change{{Action: Update, Name: "montimer-job-hourly.service"}}
	if diff := cmp.Diff(want, changes, cmpopts.IgnoreFields(Change{}, "Old", "New")); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
