package taskexec

// GrowStack makes the stack of the goroutine that calls it large enough for
// calls that need so much. A stack that grows while it is deep is copied, and
// what the runtime then looks up about each function on it lies all over the
// program: some MiB of pages that would stay in memory for the whole run.
//
//go:noinline
func GrowStack(kib int) (n byte) {
	var room [1 << 10]byte
	if kib > 1 {
		n = GrowStack(kib - 1)
	}
	return n + room[kib]
}
