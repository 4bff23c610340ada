// Package testenv lets a test say what it needs of the machine. On a laptop a
// need that is not met skips the test, with the reason; where
// MONTIMER_REQUIRE_TOOLS=1 is set, as in CI, it fails the test.
package testenv

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Need asks for programs in PATH.
func Need(t testing.TB, tools ...string) {
	t.Helper()
	var missing []string
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if len(missing) > 0 {
		unmet(t, "not in PATH: "+strings.Join(missing, ", "))
	}
}

// NeedRoot asks for effective user id 0.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		unmet(t, "must run as root")
	}
}

func unmet(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("MONTIMER_REQUIRE_TOOLS") == "1" {
		t.Fatal(reason + " (MONTIMER_REQUIRE_TOOLS=1)")
	}
	t.Skip(reason)
}

// Soak reports whether the long runs are asked for: MONTIMER_SOAK=1.
func Soak() bool { return os.Getenv("MONTIMER_SOAK") == "1" }
