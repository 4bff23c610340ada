package proc

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Output takes what a process writes to one of its pipes.
type Output interface {
	Read(pipe int) bool // reads once what is there, and reports whether there may be more to come
	Waits() bool        // whether to leave all output in the pipes for now; asked of standard output
	End()               // all has been read
}

// readRest reads what is in a pipe now, of one that is kept open.
func readRest(pipe int, output Output) {
	for range 32 {
		ready := []unix.PollFd{{Fd: int32(pipe), Events: unix.POLLIN}}
		if n, err := unix.Poll(ready, 0); err != nil || n == 0 || !output.Read(pipe) {
			return
		}
	}
}

// Run is [Command.Run] without input, until ctx ends at most. Of variables that
// Env has twice the last one counts. Each output goes to a writer; what comes
// after a writer has failed is read and dropped.
func Run(ctx context.Context, c Command, stdout, stderr io.Writer) (Ending, error) {
	if ctx.Err() != nil {
		return Ending{Cause: context.Cause(ctx)}, nil
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return Ending{}, fmt.Errorf("open its input: %w", err)
	}
	defer null.Close()
	s, err := NewStopper(ctx)
	if err != nil {
		return Ending{}, err
	}
	defer s.Close()
	c.Env, c.Stdin = lastOfEach(c.Env), int(null.Fd())
	return c.Run(s, &writer{to: stdout}, &writer{to: stderr})
}

// lastOfEach returns env without variables that are set again: execve(2) passes
// on both, and most programs read the first.
func lastOfEach(env []string) (last []string) {
	seen := map[string]bool{}
	for _, kv := range slices.Backward(env) {
		if name, _, _ := strings.Cut(kv, "="); !seen[name] {
			seen[name] = true
			last = append(last, kv)
		}
	}
	slices.Reverse(last)
	return last
}

// writer is the Output of a Writer.
type writer struct {
	to     io.Writer
	failed bool
	buf    [8 << 10]byte
}

func (w *writer) Read(pipe int) bool {
	n, err := unix.Read(pipe, w.buf[:])
	if err != nil {
		return err == unix.EINTR || err == unix.EAGAIN
	}
	if n > 0 && !w.failed {
		_, err := w.to.Write(w.buf[:n])
		w.failed = err != nil
	}
	return n > 0
}

func (w *writer) Waits() bool { return false }
func (w *writer) End()        {}
