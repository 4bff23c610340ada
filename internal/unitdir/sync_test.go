package unitdir

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testhost"
)

// TestSyncPair takes the pair of the syncs in, and out again in two steps.
func TestSyncPair(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{montimer.Instance("").Timer(montimer.GitSync), montimer.Instance("").Service(montimer.GitSync)} {
		if profile, ok := montimer.Instance("").ProfileOf(unit); !ok || profile != montimer.GitSync {
			t.Errorf("%s is of %q", unit, profile)
		}
	}
	with := testhost.Host()
	with.Sync.Every = time.Minute
	have := installed(render(t, with))
	type step struct {
		Action Action
		Name   string
	}
	gone := func() (steps []step) {
		plan, err := Plan(render(t, testhost.Host()), have)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range plan {
			steps = append(steps, step{c.Action, c.Name})
		}
		return steps
	}
	want := []step{{Keep, "montimer-sync.service"}, {Keep, "montimer-sync.timer"}, {Update, targetName}}
	if diff := cmp.Diff(want, gone()); diff != "" {
		t.Error(diff)
	}
	have.Files[targetName] = installed(render(t, testhost.Host())).Files[targetName]
	want = []step{{Remove, "montimer-sync.service"}, {Remove, "montimer-sync.timer"}}
	if diff := cmp.Diff(want, gone()); diff != "" {
		t.Error(diff)
	}
}
