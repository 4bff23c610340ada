package taskexec

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

// TestAsksForSync holds when a run begins with a sync.
func TestAsksForSync(t *testing.T) {
	t.Parallel()
	profile := func(name string, enabled, syncs bool) montimer.Profile {
		return montimer.Profile{Name: name, Enabled: enabled, SyncBeforeRun: syncs}
	}
	broken := errors.New("broken")
	for _, tc := range []struct {
		name string
		now  montimer.Profile // of jobs.yaml
		err  error            // jobs.yaml is invalid
		copy montimer.Profile // the last good one; zero: none
		tick bool
		want bool
	}{
		{"it says so", profile("p", true, true), nil, montimer.Profile{}, false, true},
		{"it does not", profile("p", true, false), nil, profile("p", true, true), true, false},
		{"disabled", profile("p", false, true), nil, montimer.Profile{}, true, false},
		{"gone, and synced", profile("q", true, false), nil, profile("p", true, true), true, true},
		{"gone, and did not sync", profile("q", true, true), nil, profile("p", true, false), true, false},
		{"broken, and synced", montimer.Profile{}, broken, profile("p", true, true), true, true},
		{"broken, by hand", montimer.Profile{}, broken, profile("p", true, true), false, false},
		{"never was good", montimer.Profile{}, broken, montimer.Profile{}, true, true},
		{"a slip by hand", profile("q", true, true), nil, montimer.Profile{}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := run{request: Request{Profile: "p"}}
			r.StateDir = t.TempDir()
			r.Peek = func(context.Context) (montimer.Jobs, error) {
				return montimer.Jobs{Profiles: []montimer.Profile{tc.now}}, tc.err
			}
			if tc.tick {
				r.record.Trigger = montimer.TriggerTimer
			}
			if tc.copy.Name != "" {
				if err := keepCopy(r.StateDir, tc.copy); err != nil {
					t.Fatal(err)
				}
			}
			if got := r.needsSync(context.Background()); got != tc.want {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

// checkout is a Syncer that takes down what it is asked for.
type checkout struct {
	steps []string
	why   string // of Held
	err   error  // of Hold
}

func (c *checkout) Sync(context.Context) []montimer.TaskRun {
	c.steps = append(c.steps, "sync")
	return []montimer.TaskRun{{Name: "after", Status: montimer.TaskFailed, ExitCode: 3}}
}

func (c *checkout) Hold(context.Context) (Held, error) {
	c.steps = append(c.steps, "hold")
	return Held{"abc", c.why, func() { c.steps = append(c.steps, "release") }}, c.err
}

// TestUnlockedCheckout: tasks run, and the record says what was wrong.
func TestUnlockedCheckout(t *testing.T) {
	t.Parallel()
	r := newHost(t, montimer.Task{Command: montimer.Command{Argv: []string{"true"}}})
	r.Peek, r.Syncer = r.Load, &checkout{why: "held by others"}
	got, err := r.Exec(context.Background(), Request{Profile: "p"})
	if err != nil || got.State != montimer.RunOK || got.Reason != "held by others" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestSyncedRun: the sync comes before jobs.yaml is read, the checkout is held
// until all is over, and what failed after the sync makes the run a failure.
func TestSyncedRun(t *testing.T) {
	t.Parallel()
	c := &checkout{}
	r := newHost(t, montimer.Task{Command: montimer.Command{Argv: []string{"true"}}})
	r.profile().SyncBeforeRun = true
	load := r.Load
	r.Peek, r.Syncer = load, c
	r.Load = func(ctx context.Context) (montimer.Jobs, error) {
		c.steps = append(c.steps, "load")
		return load(ctx)
	}
	got, err := r.Exec(context.Background(), Request{Profile: "p"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"sync", "hold", "load", "release"}, c.steps); diff != "" {
		t.Error(diff)
	}
	if got.State != montimer.RunFailed || got.Commit != "abc" || len(got.Tasks) != 2 || got.Tasks[0].Status != montimer.TaskOK || got.Tasks[1].Name != "after" {
		t.Errorf("%+v", got)
	}
	c.steps = nil
	if _, err := r.Exec(context.Background(), Request{Profile: "p", DryRun: true}); err != nil || len(c.steps) != 1 {
		t.Errorf("dry run: %v, %v", c.steps, err)
	}
}

// Where the checkout is no whole tree, no task runs, and the history says why.
func TestNoWholeTree(t *testing.T) {
	t.Parallel()
	c := &checkout{err: errors.New("half a tree")}
	h := newHost(t, shell("touch ran"))
	h.Peek, h.Syncer = h.Load, c
	run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer})
	if err != nil || run.State != montimer.RunFailed || !strings.Contains(run.Reason, "half a tree") || ExitCode(run, err) != 1 {
		t.Errorf("%v, %+v", err, run)
	}
	if _, err := os.Stat(h.Checkout + "/ran"); err == nil || len(h.kept.runs) != 1 {
		t.Errorf("a task ran: %v, %+v", err, h.kept.runs)
	}
}
