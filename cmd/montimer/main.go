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
	// A run goes on when nobody listens any more. Ignored, the signal would be so
	// in the tasks, too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup(1)
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
