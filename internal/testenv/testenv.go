// Package testenv lets a test say what it needs of the machine. On a laptop a
// need that is not met skips the test, with the reason; where
// MONTIMER_REQUIRE_TOOLS=1 is set, as in CI, it fails the test.
package testenv

import (
	"flag"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// SameChance has the tests of pgregory.net/rapid in this process try the same cases
// in every run, so that CI says the same of the same code; a soak tries others.
// It is for an init of a test file.
func SameChance() {
	if seed := flag.Lookup("rapid.seed"); seed != nil && !Soak() {
		if err := seed.Value.Set("1"); err != nil {
			panic(err)
		}
	}
}

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

// Linear holds that the cost of work grows no faster than its size, by more than
// chance: 16 times the size may cost 64 times as much. Quadratic work costs 256
// times as much. It compares the CPU time of one thread with itself, so that
// neither a slow machine nor a busy one matters; what costs less than 50 ms is
// not compared. work must not start goroutines that do its work.
func Linear(t testing.TB, size int, work func(size int)) {
	t.Helper()
	large := cost(1, 16*size, work)
	if large < 50*time.Millisecond {
		return
	}
	small := cost(3, size, work)
	if large > 64*small {
		large = min(large, cost(2, 16*size, work))
	}
	if large > 64*small {
		t.Errorf("size %d costs %v, and size %d costs %v", size, small, 16*size, large)
	}
}

// cost returns the least CPU time of some rounds.
func cost(rounds, size int, work func(size int)) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	least := time.Duration(1<<63 - 1)
	for range rounds {
		before := threadTime()
		work(size)
		least = min(least, threadTime()-before)
	}
	return least
}

func threadTime() time.Duration {
	var used unix.Timespec // exact, where getrusage(2) counts in ticks of the scheduler
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Nano())
}
