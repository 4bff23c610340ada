package compiler

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
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
		profiles[i] = montimer.Profile{Name: fmt.Sprintf("p%06d", i), Enabled: true, Schedule: montimer.Schedule{Events: events(t, "daily")}}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	units := render(t, testHost(), profiles...)
	plan, err := Plan(units, Installed{})
	runtime.ReadMemStats(&after)
	if err != nil || len(plan) != 2*n+len(singles)+1 {
		t.Fatalf("%d changes, %v", len(plan), err)
	}
	return (after.TotalAlloc - before.TotalAlloc) / uint64(n)
}

// TestLargeFile: the target of many profiles is read whole.
func TestLargeFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, size := range []int{64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20} {
		want := strings.Repeat("x", size)
		if err := os.WriteFile(filepath.Join(dir, targetName), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		if have, err := ReadDirectory(dir, ""); err != nil || have.Files[targetName] != want {
			t.Errorf("%d bytes: %d read, %v", size, len(have.Files[targetName]), err)
		}
	}
}
