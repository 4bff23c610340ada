package gitsync

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

func jobs(profiles ...montimer.Profile) *montimer.Jobs { return &montimer.Jobs{Profiles: profiles} }

func TestDecisions(t *testing.T) {
	t.Parallel()
	syncing := montimer.Profile{Name: "p", Enabled: true, SyncBeforeRun: true}
	plain := montimer.Profile{Name: "p", Enabled: true}
	other := montimer.Profile{Name: "other", Enabled: true}
	for _, tc := range []struct {
		name          string
		current, last *montimer.Jobs
		asked         bool
		from          *montimer.Jobs // nil: no run
		page          string
	}{
		{"as ever", jobs(plain), jobs(syncing), false, jobs(plain), ""},
		{"as ever, with a sync", jobs(syncing), nil, true, jobs(syncing), ""},
		{"broken", nil, jobs(plain), false, jobs(plain), "jobs.yaml is missing or invalid: p ran by the last good copy"},
		{"broken, in the profile that syncs", nil, jobs(syncing), true, jobs(syncing), "jobs.yaml is missing or invalid: p ran by the last good copy"},
		{"renamed", jobs(other), jobs(syncing), true, jobs(syncing), "jobs.yaml has no profile p any more, but its timer still runs: p ran by the last good copy"},
		{"renamed long ago", jobs(other), jobs(other), true, nil, "jobs.yaml has no profile p any more, but its timer still runs, and no good copy has it: p did not run"},
		{"never was good", nil, nil, true, nil, "jobs.yaml is missing or invalid, and no good copy has it: p did not run"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := Asked("p", tc.current, tc.last); got != tc.asked {
				t.Errorf("sync: %v", got)
			}
			got, page, err := Choose("p", tc.current, tc.last)
			if page != tc.page {
				t.Errorf("page %q, want %q", page, tc.page)
			}
			if tc.from == nil {
				if !errors.Is(err, ErrNoProfile) {
					t.Errorf("error %v", err)
				}
				return
			}
			if p, ok := got.Profile("p"); err != nil || !ok || p.SyncBeforeRun != tc.from.Profiles[0].SyncBeforeRun {
				t.Errorf("chose %+v, %v", got, err)
			}
		})
	}
}

func TestSyncs(t *testing.T) {
	t.Parallel()
	off := montimer.Profile{Name: "p", SyncBeforeRun: true}
	on := montimer.Profile{Name: "p", SyncBeforeRun: true, Enabled: true}
	if Syncs(montimer.Sync{}, *jobs(off)) || !Syncs(montimer.Sync{}, *jobs(off, on)) || !Syncs(montimer.Sync{Every: time.Hour}, *jobs(off)) {
		t.Error("wrong")
	}
}

func TestLastGood(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := LastGood(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	for _, content := range []string{"one", "one", "two"} {
		if err := KeepLastGood(dir, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := LastGood(dir); err != nil || string(got) != content {
			t.Errorf("%q, %v", got, err)
		}
	}
	before, _ := os.Stat(LastGoodPath(dir))
	if err := KeepLastGood(dir, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(LastGoodPath(dir)); !os.SameFile(before, after) {
		t.Error("written again without need")
	}
	if err := KeepLastGood(dir+"/none", nil); err == nil {
		t.Error("kept nowhere")
	}
}
