package compiler

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSyncPair takes the pair of the syncs in, and out again in two steps.
func TestSyncPair(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{TimerName(Sync), ServiceName(Sync)} {
		if profile, ok := ProfileOf(unit); !ok || profile != Sync {
			t.Errorf("%s is of %q", unit, profile)
		}
	}
	with := testHost()
	with.Sync.Every = time.Minute
	have := installed(render(t, with))
	type step struct {
		Action Action
		Name   string
	}
	gone := func() (steps []step) {
		plan, err := Plan(render(t, testHost()), have)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range plan {
			steps = append(steps, step{c.Action, c.Name})
		}
		return steps
	}
	want := []step{{Keep, "montimer-sync.service"}, {Keep, "montimer-sync.timer"}, {Update, TargetName}}
	if diff := cmp.Diff(want, gone()); diff != "" {
		t.Error(diff)
	}
	have.Files[TargetName] = installed(render(t, testHost())).Files[TargetName]
	want = []step{{Remove, "montimer-sync.service"}, {Remove, "montimer-sync.timer"}}
	if diff := cmp.Diff(want, gone()); diff != "" {
		t.Error(diff)
	}
}
