package unitdir

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/testenv"
	"github.com/montimer/montimer/internal/testhost"
)

// TestScale: what a profile costs does not depend on how many there are.
func TestScale(t *testing.T) {
	many := 5000
	if testenv.Soak() {
		many = 100_000
	}
	few, all := bytesPerProfile(t, 1000), bytesPerProfile(t, many)
	t.Logf("bytes allocated for each of 1,000 profiles: %d, of %d: %d", few, many, all)
	if all > few*5/4 || all > 8192 {
		t.Errorf("%d bytes for each of %d profiles, %d for each of 1,000", all, many, few)
	}
}

// bytesPerProfile is what Render and Plan allocate for one of n profiles.
func bytesPerProfile(t *testing.T, n int) uint64 {
	t.Helper()
	profiles := make([]montimer.Profile, n)
	for i := range profiles {
		profiles[i] = montimer.Profile{Name: fmt.Sprintf("p%06d", i), Enabled: true, Schedule: montimer.Schedule{Events: testhost.Events(t, "daily")}}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	units := render(t, testhost.Host(), profiles...)
	plan, err := Plan(units, Installed{})
	runtime.ReadMemStats(&after)
	if err != nil || len(plan) != 2*n+len(compiler.HostUnits(""))-4+1 {
		t.Fatalf("%d changes, %v", len(plan), err)
	}
	return (after.TotalAlloc - before.TotalAlloc) / uint64(n)
}
