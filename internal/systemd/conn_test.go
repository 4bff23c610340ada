package systemd

import (
	"slices"
	"testing"
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
