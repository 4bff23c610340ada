// Command montimer compiles jobs.yaml to systemd timers and runs the tasks
// that they start.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/montimer/montimer/taskexec"
)

func main() {
	taskexec.GrowStack(20) // SQLite takes as much
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
