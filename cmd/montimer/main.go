// Command montimer compiles jobs.yaml to systemd timers and runs the tasks that
// they start. Read cli.go (the command line) and exit.go (the exit codes) first,
// then the file of a command.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/montimer/montimer/internal/host"
)

// rootPath is the PATH of root for other programs, instead of the shell's: that
// may hold a virtual environment, which the deploy user controls.
const rootPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func main() {
	// A run goes on after its reader has gone. An ignored signal would be ignored
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

// runsTasks reports whether a command runs programs of the checkout, which PATH
// is for. Root runs them only if root is the user of the tasks.
func runsTasks(args []string) bool {
	args, _ = splitInstance(args, "")
	return len(args) > 0 && (args[0] == "exec" || args[0] == "sync")
}
