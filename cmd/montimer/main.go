// Command montimer compiles jobs.yaml to systemd timers and runs the tasks
// that they start.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/taskexec"
)

// rootPath is where root finds other programs, whatever PATH its shell has: a
// virtual environment of the checkout is the deploy user's.
const rootPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func main() {
	taskexec.GrowStack(20) // SQLite takes as much
	// A run goes on when nobody listens any more. Ignored, the signal would be so
	// in the tasks, too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if host.IsRoot() && !runsTasks(os.Args[1:]) {
		os.Setenv("PATH", rootPath)
	}
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup(1)
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// runsTasks reports whether a command runs programs of the checkout, for which
// PATH is meant. Root runs them only where root is the user that tasks run as.
func runsTasks(args []string) bool {
	args = withoutInstance(args)
	return len(args) > 0 && (args[0] == "exec" || args[0] == "sync")
}
