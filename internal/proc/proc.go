// Package proc runs a program in a process group of its own, and leaves none of
// the group behind: it is how tasks, git and this program as another user are
// run. proc.go is a process from its start to its end, output.go what takes its
// output.
package proc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Command is a program to run.
type Command struct {
	Path       string // absolute, or relative to Dir
	Argv       []string
	Dir        string // "": that of this process
	Env        []string
	Stdin      int                 // a descriptor
	Session    bool                // a session, too: the program has no terminal to ask on
	Credential *syscall.Credential // the user; nil: that of this process
	Timeout    time.Duration       // 0: none
	Grace      time.Duration       // between SIGTERM and SIGKILL
}

// Ending is how a process ended.
type Ending struct {
	Status syscall.WaitStatus
	Cause  error // why it was stopped; nil: it was not
}

// ErrTimeout says that a process had no time left.
var ErrTimeout = errors.New("out of time")

// Run starts the command in a process group of its own and waits until it has
// ended and its output has been read. At its time-out, or when s stops it, the
// group gets SIGTERM, and after Grace SIGKILL. No process of the group is left
// when Run returns: one that outlives the command has Grace if it holds the
// output open, else none. The error says why the command could not be started.
func (c Command) Run(s *Stopper, stdout, stderr Output) (Ending, error) {
	p, err := c.start()
	if err != nil {
		return Ending{}, err
	}
	defer p.close()
	cause := p.supervise(c, s, stdout, stderr)
	stdout.End()
	stderr.End()
	// Until it is reaped, the zombie keeps the number of the group ours.
	syscall.Kill(-p.pid, syscall.SIGKILL)
	return Ending{p.reap(), cause}, nil
}

// process is a Command that has been started.
type process struct {
	pid   int
	pidfd int // readable when it has ended
	out   int // the reading ends of its output
	err   int
}

// start starts the command.
func (c Command) start() (p process, err error) {
	out, err := pipe()
	if err != nil {
		return p, err
	}
	defer unix.Close(out.write)
	errs, err := pipe()
	if err != nil {
		unix.Close(out.read)
		return p, err
	}
	defer unix.Close(errs.write)
	p = process{pidfd: -1, out: out.read, err: errs.read}
	p.pid, err = syscall.ForkExec(c.Path, c.Argv, &syscall.ProcAttr{
		Dir:   c.Dir,
		Env:   c.Env,
		Files: []uintptr{uintptr(c.Stdin), uintptr(out.write), uintptr(errs.write)},
		Sys:   &syscall.SysProcAttr{Setpgid: !c.Session, Setsid: c.Session, Credential: c.Credential, PidFD: &p.pidfd},
	})
	if err != nil {
		p.close()
		return p, fmt.Errorf("fork/exec %s: %w", c.Path, c.missing(err))
	}
	return p, nil
}

// missing says which file is missing: execve(2) returns the same ENOENT for the
// directory, the program, and the interpreter that it names.
func (c Command) missing(err error) error {
	if err != syscall.ENOENT {
		return err
	}
	if info, statErr := os.Stat(c.Dir); c.Dir != "" && (statErr != nil || !info.IsDir()) {
		return fmt.Errorf("%w: the directory %s", err, c.Dir)
	}
	if _, statErr := os.Stat(c.Path); statErr == nil {
		return fmt.Errorf("%w: the interpreter that its first line (#!) names", err)
	}
	return err
}

type pipeEnds struct{ read, write int }

func pipe() (pipeEnds, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return pipeEnds{}, fmt.Errorf("pipe: %w", err)
	}
	return pipeEnds{fds[0], fds[1]}, nil
}

func (p process) close() {
	for _, fd := range []int{p.pidfd, p.out, p.err} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// reap waits for the process, which has ended, and returns its status.
func (p process) reap() syscall.WaitStatus {
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(p.pid, &status, 0, nil); err != syscall.EINTR {
			return status
		}
	}
}

// supervise reads the output and waits until the process has ended and its
// output is closed, or grace is over. It returns why the process was stopped;
// nil: it was not.
func (p process) supervise(c Command, s *Stopper, stdout, stderr Output) (cause error) {
	const out, errs, exit, stop = 0, 1, 2, 3
	fds := [4]unix.PollFd{
		out:  {Fd: int32(p.out), Events: unix.POLLIN},
		errs: {Fd: int32(p.err), Events: unix.POLLIN},
		exit: {Fd: int32(p.pidfd), Events: unix.POLLIN},
		stop: {Fd: int32(s.fd), Events: unix.POLLIN},
	}
	done := func(i int) { fds[i].Fd = -1 } // poll(2) passes over it
	var deadline time.Time
	if c.Timeout > 0 {
		deadline = time.Now().Add(c.Timeout)
	}
	for fds[exit].Fd >= 0 || fds[out].Fd >= 0 || fds[errs].Fd >= 0 {
		held := stdout.Waits()
		if err := poll(&fds, held, deadline); err != nil {
			continue // EINTR
		}
		if fds[out].Revents != 0 && !stdout.Read(p.out) {
			done(out)
		}
		if fds[errs].Revents != 0 && !stderr.Read(p.err) {
			done(errs)
		}
		running, late := fds[exit].Fd >= 0, !deadline.IsZero() && !time.Now().Before(deadline)
		switch {
		case running && fds[exit].Revents != 0:
			done(exit)
			done(stop)
			deadline = time.Now().Add(c.Grace) // for processes that hold the output open
		case running && fds[stop].Revents != 0:
			done(stop)
			cause, deadline = s.cause(), p.stop(c.Grace)
		case late && !running:
			if fds[out].Fd >= 0 {
				readRest(p.out, stdout)
			}
			if fds[errs].Fd >= 0 {
				readRest(p.err, stderr)
			}
			return cause
		case late && cause == nil:
			done(stop)
			cause, deadline = ErrTimeout, p.stop(c.Grace)
		case late:
			syscall.Kill(-p.pid, syscall.SIGKILL)
			deadline = time.Time{}
		}
	}
	return cause
}

// poll waits for events of a process, until the deadline at most. While its
// output is held back, the first two descriptors are not watched.
func poll(fds *[4]unix.PollFd, held bool, deadline time.Time) error {
	wait := millisecondsUntil(deadline)
	if !held {
		_, err := unix.Poll(fds[:], wait)
		return err
	}
	const moment = 2
	if wait < 0 || wait > moment {
		wait = moment
	}
	fds[0].Revents, fds[1].Revents = 0, 0
	_, err := unix.Poll(fds[2:], wait)
	return err
}

// stop sends SIGTERM to the process group, and returns its deadline.
func (p process) stop(grace time.Duration) time.Time {
	syscall.Kill(-p.pid, syscall.SIGTERM)
	return time.Now().Add(grace)
}

// millisecondsUntil is the time to wait for a deadline in the way of poll(2):
// -1 where there is none.
func millisecondsUntil(deadline time.Time) int {
	if deadline.IsZero() {
		return -1
	}
	return int(max(0, (time.Until(deadline)+time.Millisecond-1)/time.Millisecond))
}

// Stopper is a context as a file descriptor, which is readable once the context
// has ended: so one poll(2) waits for all events of a process.
type Stopper struct {
	ctx    context.Context
	fd     int
	cancel func() bool
}

// NewStopper returns the Stopper of ctx.
func NewStopper(ctx context.Context) (*Stopper, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	cancel := context.AfterFunc(ctx, func() { unix.Write(fd, binary.NativeEndian.AppendUint64(nil, 1)) })
	return &Stopper{ctx, fd, cancel}, nil
}

// Close closes the descriptor. After the end of the context it may still be
// written to, and stays open until the process exits.
func (s *Stopper) Close() {
	if s.cancel() {
		unix.Close(s.fd)
	}
}

// cause says why the context has ended.
func (s *Stopper) cause() error { return context.Cause(s.ctx) }
