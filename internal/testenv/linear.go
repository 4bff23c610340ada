package testenv

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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
