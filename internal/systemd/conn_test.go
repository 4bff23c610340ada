package systemd

import (
	"slices"
	"testing"
	"time"
)

// The rest of the package is tested against a booted systemd:
// testdata/boot/apply-*.sh.
func TestStringList(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		`["/etc/systemd/system", "/run/x y"]`: {"/etc/systemd/system", "/run/x y"},
		`@as []`:                              {},
	} {
		if got, err := stringList(value); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", value, got, err)
		}
	}
	if got, err := stringList(`"x"`); err == nil {
		t.Errorf("%q", got)
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{
		`"252.38-1~deb12u1"`: 252,
		`"257~rc1"`:          257,
		`"v258"`:             258,
		`"249"`:              249,
		`""`:                 0,
		`"unknown"`:          0,
	} {
		if got, err := release(version); got != want || (err != nil) != (want == 0) {
			t.Errorf("%s: %d, %v; want %d", version, got, err, want)
		}
	}
}

// A timer that has forgotten what it triggered is not one that triggered nothing.
func TestIdle(t *testing.T) {
	t.Parallel()
	at := time.UnixMicro(2_000_000)
	for name, tt := range map[string]struct {
		triggered, freed time.Time
		told             string
		want             bool
	}{
		"its run is under way":                  {at, at.Add(-time.Second), "2000000", false},
		"its service was started by hand":       {at, at.Add(time.Second), "2000000", true},
		"unloaded, its run is under way":        {time.Time{}, at.Add(-time.Second), "2000000", false},
		"unloaded, its service was by hand":     {time.Time{}, at.Add(time.Second), "2000000", true},
		"unloaded, and nobody says when it was": {time.Time{}, at, "", true},
		"the service has never ended":           {at, time.Time{}, "", false},
	} {
		if got := idle(tt.triggered, tt.freed, tt.told); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
