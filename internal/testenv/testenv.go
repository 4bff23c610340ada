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
	Require(t, len(missing) == 0, "not in PATH: "+strings.Join(missing, ", "))
}

// NeedRoot asks for effective user id 0.
func NeedRoot(t testing.TB) {
	t.Helper()
	Require(t, os.Geteuid() == 0, "must run as root")
}

// Require asks for what met says is there; the reason says what is missing.
func Require(t testing.TB, met bool, reason string) {
	t.Helper()
	if met {
		return
	}
	if os.Getenv("MONTIMER_REQUIRE_TOOLS") == "1" {
		t.Fatal(reason + " (MONTIMER_REQUIRE_TOOLS=1)")
	}
	t.Skip(reason)
}

// Soak reports whether the long runs are asked for: MONTIMER_SOAK=1.
func Soak() bool { return os.Getenv("MONTIMER_SOAK") == "1" }
