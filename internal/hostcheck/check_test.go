package hostcheck

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobs"
)

// TestBinary: a binary that no service could start is an error for this host, and a
// warning for another, which may have it.
func TestBinary(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"montimer": 0o755, "plain": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"montimer":   "",
		"plain":      "plain is not executable",
		".":          "is not a regular file",
		"montimer-2": "montimer-2: no such file or directory",
	} {
		h := montimer.Host{Binary: filepath.Join(dir, name), EnvFile: dir, Checkout: dir, StateDir: dir}
		if f := Check(h, montimer.Jobs{}, true); len(f.Warnings) > 0 || len(f.Errors) > 0 != (want != "") || !strings.Contains(strings.Join(f.Errors, "\n"), want) {
			t.Errorf("%s, for this host: %q", name, f)
		}
		if f := Check(h, montimer.Jobs{}, false); len(f.Errors) > 0 || len(f.Warnings) > 0 != (want != "") || !strings.Contains(strings.Join(f.Warnings, "\n"), want) {
			t.Errorf("%s, for another host: %q", name, f)
		}
	}
}

// TestSyncedBy: by when a checkout has to have been synced, of all that syncs it.
func TestSyncedBy(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 30, 0, 0, time.UTC)
	profile := func(text string) montimer.Jobs {
		j, found := jobs.Decode("jobs.yaml", []byte("profiles: {p: {"+text+"}}"), jobs.Options{Local: time.UTC, Now: now})
		if jobs.HasErrors(found) {
			t.Fatal(text, found)
		}
		return j
	}
	none, weekly := montimer.Sync{}, profile("cron: 0 3 * * 0, sync_before_run: true")
	for _, tt := range []struct {
		of   montimer.Sync
		j    montimer.Jobs
		want string
	}{
		{none, montimer.Jobs{}, "0001-01-01 00:00:00"},
		{none, profile("cron: 0 * * * *"), "0001-01-01 00:00:00"},
		{none, profile("cron: 0 * * * *, sync_before_run: true, enabled: false"), "0001-01-01 00:00:00"},
		{none, profile("cron: 0 * * * *, sync_before_run: true"), "2026-11-30 11:00:00"},
		{none, profile("every: 7m, sync_before_run: true"), "2026-11-30 11:30:00"},
		{none, profile("every: 100m, sync_before_run: true"), "2026-11-30 07:30:00"},
		{none, weekly, "2026-11-29 03:00:00"},
		{montimer.Sync{Every: 10 * time.Minute}, weekly, "2026-11-30 11:30:00"},
		{montimer.Sync{Every: 24 * time.Hour}, weekly, "2026-11-29 03:00:00"},
	} {
		if got := SyncedBy(tt.of, tt.j, now, time.UTC).Format(time.DateTime); got != tt.want {
			t.Errorf("%v, %v: %s, not %s", tt.of.Every, tt.j.Profiles, got, tt.want)
		}
	}
}

// TestHeartbeats: one heartbeat of any kind tells when the host is down.
func TestHeartbeats(t *testing.T) {
	t.Parallel()
	h := montimer.Host{EnvFile: "/e"}
	j := montimer.Jobs{Profiles: []montimer.Profile{{Name: "p", Enabled: true, Heartbeat: "P"}, {Name: "off", Heartbeat: "OFF"}, {Name: "q", Enabled: true}}}
	const global = "there is no heartbeat, so nobody is told when this host is down: MONTIMER_HEARTBEAT is not set in /e"
	const ofP = "profile p, heartbeat: P is not set in /e, so nothing is pinged"
	for set, want := range map[string][]string{
		"":                     {global, ofP},
		"OFF":                  {global, ofP},
		"P":                    nil,
		"MONTIMER_HEARTBEAT":   {ofP},
		"P MONTIMER_HEARTBEAT": nil,
	} {
		get := func(name string) string {
			if slices.Contains(strings.Fields(set), name) {
				return "https://example.org"
			}
			return ""
		}
		if got := Heartbeats(h, j, get); !slices.Equal(got, want) {
			t.Errorf("%s: %q", set, got)
		}
	}
}
