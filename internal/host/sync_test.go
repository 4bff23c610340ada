package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

func TestSync(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		config    string
		want      montimer.Sync
		complaint string
	}{
		{"", montimer.Sync{Remote: "origin", Branch: "main", Timeout: time.Minute}, ""},
		{"sync: {remote: upstream, branch: release/1.2, every: 10min, timeout: 90}", montimer.Sync{Remote: "upstream", Branch: "release/1.2", Every: 10 * time.Minute, Timeout: 90 * time.Second}, ""},
		{"sync: {branch: --upload-pack=evil}", montimer.Sync{}, "cannot be the name"},
		{"sync: {branch: 'main:main'}", montimer.Sync{}, "cannot be the name"},
		{"sync: {remote: 'ext::sh -c x'}", montimer.Sync{}, "cannot be the name"},
		{"sync: {every: 1s}", montimer.Sync{}, `config.yaml:1:15: sync: every: "1s": must be from 10s to 1d`},
		{"sync: {timeout: 0}", montimer.Sync{}, "must be from 1s to 1h"},
		{"sync: {timeout: soon}", montimer.Sync{}, `timeout: "soon"`},
		{"sync: {every: 1h30}", montimer.Sync{}, `config.yaml:1:15: sync: every: "1h30": is 1h 30s: a number without a unit is seconds: write 1h30m or 1h30s`},
		{"sync: {evry: 1h}", montimer.Sync{}, `config.yaml:1:8: sync: unknown key "evry"; did you mean every?`},
	} {
		t.Run(tc.config, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(path, []byte(tc.config), 0o600); err != nil {
				t.Fatal(err)
			}
			settings, err := ReadConfig(path)
			var got montimer.Host
			if err == nil {
				got, err = Resolve(process(), settings)
			}
			if tc.complaint != "" {
				if err == nil || !strings.Contains(err.Error(), tc.complaint) {
					t.Fatalf("error %v, want one with %q", err, tc.complaint)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Sync); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSyncFromEnvironment(t *testing.T) {
	t.Parallel()
	environ := map[string]string{"MONTIMER_SYNC_REMOTE": "r", "MONTIMER_SYNC_BRANCH": "b", "MONTIMER_SYNC_TIMEOUT": "1s"}
	got := FromEnvironment(func(name string) string { return environ[name] }).Or(Settings{Sync: Sync{Remote: "no", Branch: "no", Every: "1h", Timeout: "no"}})
	if diff := cmp.Diff(Sync{"r", "b", "1h", "1s"}, got.Sync); diff != "" {
		t.Error(diff)
	}
}
