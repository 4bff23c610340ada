// Command montimer compiles jobs.yaml to systemd timers and runs the tasks
// that they start.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	growStack()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// growStack makes the stack as large as a run needs it, at once. A stack that
// grows while it is deep is copied, and what the runtime then looks up about each
// function on it lies all over the program: 1 MiB of pages that would stay mapped
// for as long as the run takes.
//
//go:noinline
func growStack() byte {
	var room [20 << 10]byte
	return room[len(os.Args)]
}
