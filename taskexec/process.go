package taskexec

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// command is a process to be: an argument vector in a place.
type command struct {
	argv []string
	dir  string
	env  []string
}

// ending is how a process ended.
type ending struct {
	status syscall.WaitStatus
	cause  error // why it had been told to end; nil: by itself
}

// errTimeout is the cause of a context that ended because a task was out of time.
var errTimeout = errors.New("out of time")

// run starts the command in a process group of its own and waits until it has
// ended and its output has been read. When ctx ends, the group gets SIGTERM,
// and after grace SIGKILL. Nothing of the group is left when run returns: what
// outlives the command has grace if it holds the output open, else none.
func (c command) run(ctx context.Context, grace time.Duration, stdout, stderr *stream) (ending, error) {
	outR, outW, err := os.Pipe()
	if err != nil {
		return ending{}, err
	}
	defer outR.Close()
	errR, errW, err := os.Pipe()
	if err != nil {
		outW.Close()
		return ending{}, err
	}
	defer errR.Close()
	cmd, err := c.start(outW, errW)
	outW.Close()
	errW.Close()
	if err != nil {
		return ending{}, err
	}

	var readers sync.WaitGroup
	readers.Go(func() { stdout.copy(outR) })
	readers.Go(func() { stderr.copy(errR) })

	// Until it is reaped, the zombie keeps the number of the group ours.
	group := -cmd.Process.Pid
	exited, stopped := make(chan struct{}), make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(stopped)
		stop(group, grace, exited)
	})
	awaitExit(cmd.Process.Pid)
	cause := context.Cause(ctx)
	close(exited)

	deadline := time.Now().Add(grace)
	outR.SetReadDeadline(deadline)
	errR.SetReadDeadline(deadline)
	readers.Wait()
	if !cancel() {
		<-stopped
	}
	syscall.Kill(group, syscall.SIGKILL)
	cmd.Wait() // its error only repeats the status
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ending{status, cause}, nil
}

// start starts the command with stdin from /dev/null.
func (c command) start(stdout, stderr *os.File) (*exec.Cmd, error) {
	if len(c.argv) == 0 {
		return nil, errors.New("no command")
	}
	path, err := lookPath(c.argv[0], c.dir, getenv(c.env, "PATH"))
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{
		Path:        path,
		Args:        c.argv,
		Dir:         c.dir,
		Env:         c.env,
		Stdout:      stdout,
		Stderr:      stderr,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	return cmd, cmd.Start()
}

// stop asks the group to end, and makes it after grace.
func stop(group int, grace time.Duration, exited <-chan struct{}) {
	syscall.Kill(group, syscall.SIGTERM)
	select {
	case <-exited:
	case <-time.After(grace):
		syscall.Kill(group, syscall.SIGKILL)
	}
}

// awaitExit returns when the child has ended, and leaves it to be reaped.
func awaitExit(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}
